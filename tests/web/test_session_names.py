"""Sessions as people are told of them: which browser on what, and how long ago."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from flask import Flask

from appliance.store import Store
from appliance.web.browsers import browser_and_system
from tests.web.logins import Browser, logged_in

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
LINUX_CHROME = f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "browser", "system"),
    [
        (LINUX_CHROME, "Chrome", "Linux"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0", "Firefox", "Android"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36", "Chrome", "Android"),
        (
            f"Mozilla/5.0 (Linux; Android 14; SM-S921B) SamsungBrowser/26.0 {CHROME} Safari/537.36",
            "Samsung Internet",
            "Android",
        ),
        (f"{WINDOWS} {CHROME} Safari/537.36 Edg/131.0.0.0", "Edge", "Windows"),
        (f"{WINDOWS} {CHROME} Safari/537.36 OPR/116.0.0.0", "Opera", "Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox", "Windows"),
        (f"{MAC} {WEBKIT} Version/18.1 Safari/605.1.15", "Safari", "Mac"),
        (f"{IPHONE} {WEBKIT} Version/18.1 Mobile/15E148 Safari/604.1", "Safari", "iPhone"),
        (f"{IPHONE} {WEBKIT} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1", "Chrome", "iPhone"),
        (f"{IPHONE} {WEBKIT} FxiOS/133.0 Mobile/15E148 Safari/605.1.15", "Firefox", "iPhone"),
        (f"{IPHONE} {WEBKIT} Version/18.0 EdgiOS/131.0 Mobile/15E148 Safari/604.1", "Edge", "iPhone"),
        (f"Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) {WEBKIT} Version/17.7 Safari/604.1", "Safari", "iPad"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "Chrome", "ChromeOS"),
        ("curl/8.5.0", None, None),
        ("", None, None),
        ("Mozilla/5.0 (X11; Linux x86_64) Something/1", None, "Linux"),
    ],
)
def test_browsers_are_called_what_people_call_them(user_agent: str, browser: str, system: str) -> None:
    assert browser_and_system(user_agent) == (browser, system)
    assert browser_and_system("10.1.2.3, " + user_agent) == (browser, system), "with the address before it"


def log_in_with(hospital: Flask, user_agent: str) -> Browser:
    browser = Browser(hospital)
    data = {"form_token": browser.token("/login"), "name": "sato", "password": "correct horse battery staple"}
    assert browser.post("/login", data, headers={"User-Agent": user_agent}).status_code == 303
    return browser


def sessions_shown(page: str) -> str:
    (part,) = re.findall(r'id="sessions-title".*?</ul>', page, re.DOTALL)
    return " ".join(re.sub("<[^>]+>", " ", part).split())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Chrome on Linux", "Edge on Windows", "Unknown browser", "Program: PACS script", "just now")),
        ("ja", ("Chrome（Linux）", "Edge（Windows）", "不明なブラウザ", "プログラム：PACS script", "たった今")),
    ],
)
def test_the_account_page_names_them(hospital: Flask, records: Store, language: str, words: str) -> None:
    log_in_with(hospital, f"{WINDOWS} {CHROME} Safari/537.36 Edg/131.0.0.0")
    log_in_with(hospital, "<b>odd</b>")
    browser = log_in_with(hospital, LINUX_CHROME)
    records.sessions.begin(records.people.all()[0], "PACS script", program=True)
    shown = sessions_shown(browser.get(f"/account?lang={language}").text)
    assert [word for word in words if word not in shown] == []
    assert "10.1.2.3" in shown and "Mozilla" not in shown and "odd" not in shown
    assert shown.count({"en": "this one", "ja": "この端末"}[language]) == 1


@pytest.mark.parametrize(
    ("passed", "english", "japanese"),
    [
        (timedelta(seconds=-5), "just now", "たった今"),
        (timedelta(seconds=70), "1 minute ago", "1 分前"),
        (timedelta(minutes=59), "59 minutes ago", "59 分前"),
        (timedelta(hours=3), "3 hours ago", "3 時間前"),
        (timedelta(days=2), "2 days ago", "2 日前"),
    ],
)
def test_their_last_use_is_said_in_words(
    hospital: Flask, records: Store, passed: timedelta, english: str, japanese: str
) -> None:
    records.sessions.begin(records.people.all()[0], "script", program=True)
    browser = logged_in(hospital, records, "sato")
    seen = (datetime.now(timezone.utc) - passed).isoformat(timespec="milliseconds")
    with records.database.transaction() as connection:
        connection.execute("UPDATE sessions SET seen_at = ? WHERE kind = 'program'", (seen,))
    for language, words in (("en", english), ("ja", japanese)):
        page = browser.get(f"/account?lang={language}").text
        program = page[page.index("script</strong>") :]
        assert words in program[: program.index("</li>")]


def test_one_session_is_one(hospital: Flask, records: Store) -> None:
    administrator = logged_in(hospital, records, "tanaka")
    page = administrator.get("/people?lang=en").text
    assert "1 session<" in page and "1 sessions" not in page and "0 sessions<" in page
    assert "ログイン中 1 件" in administrator.get("/people?lang=ja").text
    logged_in(hospital, records, "tanaka")
    assert "2 sessions<" in administrator.get("/people?lang=en").text
