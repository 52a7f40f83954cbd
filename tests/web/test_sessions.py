"""How sessions begin, are kept and end."""

from __future__ import annotations

from typing import Callable

import pytest
from flask import Flask

from appliance.store import Case, Store
from appliance.store.people import Role
from appliance.store.sessions import LIMITS
from tests.web.logins import PASSWORD, Browser, is_in, logged_in, start_machine_anew


def age(store: Store, seconds: float, what: str = "seen_uptime") -> None:
    """Let time pass for every session."""
    with store.database.transaction() as connection:
        connection.execute(f"UPDATE sessions SET {what} = {what} - ?", (seconds,))


def test_the_token_is_random_and_only_its_hash_is_kept(hospital: Flask, records: Store) -> None:
    tokens = {logged_in(hospital, records, "sato").cookie() for _ in range(5)}
    assert len(tokens) == 5 and all(token and len(token) >= 43 for token in tokens)
    records.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    content = records.database.path.read_bytes()
    assert not any(token and token.encode() in content for token in tokens)


def test_a_login_takes_no_session_that_was_there_before(hospital: Flask, records: Store) -> None:
    """Session fixation: neither a planted token nor one's own older one stays valid."""
    browser = Browser(hospital)
    browser.set_cookie("planted")
    browser.log_in("sato")
    first = browser.cookie()
    assert first != "planted"
    again = browser.send("/login", page="/account", name="sato", password=PASSWORD)
    assert again.status_code == 303 and browser.cookie() != first
    thief = Browser(hospital)
    assert first is not None
    thief.set_cookie(first)
    assert not is_in(thief)


def test_logging_out_ends_the_session_for_everybody_who_has_its_token(hospital: Flask, records: Store) -> None:
    browser, other = logged_in(hospital, records, "sato"), logged_in(hospital, records, "sato")
    token = browser.cookie()
    answer = browser.send("/logout", page="/")
    assert answer.location == "/login" and browser.cookie() is None
    assert "cache" in answer.headers["Clear-Site-Data"]
    thief = Browser(hospital)
    thief.set_cookie(token or "")
    assert not is_in(thief) and is_in(other)
    assert records.database.rows("SELECT who FROM audit WHERE what = 'logout'")[0]["who"] == "sato, doctor"


@pytest.mark.parametrize(
    ("name", "role"), [("sato", Role.DOCTOR), ("tanaka", Role.ADMINISTRATOR), ("wall", Role.KIOSK)]
)
def test_a_session_that_is_not_used_ends(hospital: Flask, records: Store, name: str, role: Role) -> None:
    browser = logged_in(hospital, records, name)
    for _ in range(3):
        age(records, LIMITS[role].idle_s - 5)
        assert is_in(browser), "its use prolongs it"
    age(records, LIMITS[role].idle_s + 1)
    assert not is_in(browser)


@pytest.mark.parametrize(("name", "ends"), [("sato", True), ("tanaka", True), ("wall", False)])
def test_a_session_ends_after_12_hours_also_in_use(hospital: Flask, records: Store, name: str, ends: bool) -> None:
    browser = logged_in(hospital, records, name)
    age(records, 12 * 3600 - 5, "began_uptime")
    assert is_in(browser)
    age(records, 10, "began_uptime")
    assert is_in(browser) is not ends


@pytest.mark.parametrize(("name", "ends"), [("sato", True), ("tanaka", True), ("wall", False)])
def test_what_becomes_of_sessions_when_the_machine_is_started_anew(
    hospital: Flask, records: Store, name: str, ends: bool
) -> None:
    browser = logged_in(hospital, records, name)
    start_machine_anew(records)
    assert is_in(browser) is not ends


def test_a_page_that_asks_by_itself_does_not_prolong_a_session(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    idle_s = LIMITS[Role.DOCTOR].idle_s
    age(records, idle_s - 60)
    assert browser.get("/", headers={"X-Refresh": "1", "Accept": "text/html"}).status_code == 200
    age(records, 61)
    answer = browser.get("/", headers={"X-Refresh": "1", "Accept": "text/html"})
    assert answer.status_code == 401 and "Mogi" not in answer.text, "the script then loads the page anew"


def test_names_do_not_stay_on_a_screen_whose_session_is_over(
    hospital: Flask, records: Store, filed: Callable[[str], Case]
) -> None:
    case = filed("red")
    answer = logged_in(hospital, records, "sato").get(f"/cases/{case.id}")
    assert int(answer.headers["Refresh"]) > LIMITS[Role.DOCTOR].idle_s
    assert answer.headers["Cache-Control"] == "no-store"
    wall = logged_in(hospital, records, "wall")
    assert wall.get(f"/cases/{case.id}").headers["Refresh"] == "60; url=/", "a screen that somebody tapped goes back"
    assert "Refresh" not in wall.get("/").headers
