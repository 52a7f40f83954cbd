"""Dates, times and numbers as a reader of each language expects them."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import datetime, timezone
from typing import Callable, Iterator, List

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.store import Case, OwnColour, Store
from appliance.store.troubles import Trouble, TroubleCode
from appliance.web import formats, words
from appliance.web.language import TRANSLATIONS
from tests import verdicts
from tests.verdicts import PATIENT, RED

Judged = Callable[[str], Case]

EVENING = datetime(2026, 11, 21, 12, 8, 59, tzinfo=timezone.utc)
ISO_DATE = re.compile(r"\b[0-9]{4}-[0-9]{2}(-[0-9]{2})?\b")
WRITTEN = {
    "ja": re.compile(r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日 [0-2][0-9]:[0-5][0-9]\b"),
    "en": re.compile(r"\b[0-9]{1,2} [A-Z][a-z]{2,3} [0-9]{4}, [0-2][0-9]:[0-5][0-9]\b"),
}


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine stands in Tokyo."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def both(app: Flask, write: Callable[[], str]) -> List[str]:
    """What is written in Japanese and in English."""
    written = []
    for language in ("ja", "en"):
        with app.test_request_context("/?lang=" + language):
            written.append(write())
    return written


@pytest.mark.usefixtures("tokyo")
def test_a_moment_is_that_of_the_hospital_on_a_clock_of_24_hours(app: Flask) -> None:
    assert both(app, lambda: formats.local_time(EVENING)) == ["2026年11月21日 21:08", "21 Nov 2026, 21:08"]
    past_midnight = EVENING.replace(month=2, day=3, hour=15)
    assert both(app, lambda: formats.local_time(past_midnight)) == ["2026年2月4日 00:08", "4 Feb 2026, 00:08"]


@pytest.mark.usefixtures("tokyo")
def test_a_time_in_a_sentence_is_written_like_all_others(app: Flask) -> None:
    trouble = Trouble(TroubleCode.RECORDS_SET_ASIDE, {"time": EVENING.isoformat(" ", "minutes")})
    japanese, english = both(app, lambda: words.trouble_sentence(trouble))
    assert "2026年11月21日 21:08に退避" in japanese and "set aside at 21 Nov 2026, 21:08." in english


@pytest.mark.parametrize(
    ("value", "japanese", "english"),
    [
        ("19500102", "1950年1月2日", "2 Jan 1950"),
        ("1950.01.02", "1950年1月2日", "2 Jan 1950"),
        ("2024-02-29", "2024年2月29日", "29 Feb 2024"),
        *(
            (bad, bad, bad)
            for bad in ("", "20260229", "20261301", "00000101", "195001", "1950-0102", "１９５００１０２")
        ),
    ],
)
def test_a_date_of_a_header_is_written_or_stands_as_it_is(app: Flask, value: str, japanese: str, english: str) -> None:
    assert both(app, lambda: formats.dicom_date(value)) == [japanese, english]


@pytest.mark.parametrize(
    ("date", "clock", "japanese", "english"),
    [
        ("2026-02-03", "04:05", "2026年2月3日 04:05", "3 Feb 2026, 04:05"),
        ("2026-02-03", "", "2026年2月3日", "3 Feb 2026"),
        ("2026-02-03", "25:99", "2026年2月3日 25:99", "3 Feb 2026 25:99"),
        ("2026-02-30", "04:05", "2026-02-30 04:05", "2026-02-30 04:05"),
        ("", "04:05", "04:05", "04:05"),
        ("", "", "", ""),
    ],
)
def test_a_scan_is_dated_as_far_as_its_header_goes(
    app: Flask, date: str, clock: str, japanese: str, english: str
) -> None:
    assert both(app, lambda: formats.scanned({"date": date, "time": clock})) == [japanese, english]


def test_numbers_are_grouped(app: Flask) -> None:
    assert both(app, lambda: formats.megabytes(1_234_560_000)) == ["1,234.6 MB", "1,234.6 MB"]
    assert both(app, lambda: formats.megabytes(12_340_000_000)) == ["12.3 GB", "12.3 GB"]
    assert both(app, lambda: formats.hours(0.5)) == ["0.5 時間", "0.5 hours"]
    assert both(app, lambda: formats.hours(1.0)) == ["1 時間", "1 hour"]
    assert both(app, lambda: formats.days(3650)) == ["3,650 日", "3,650 days"]


def shown(page: str) -> str:
    """What a reader sees of a page, without what is marked as code."""
    return re.sub(r"<(head|script|style|code)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_writes_times_in_its_language_and_none_otherwise(
    client: FlaskClient, store: Store, judged: Judged, language: str
) -> None:
    red, several = judged("red"), judged("several")
    store.acknowledgements.acknowledge(red, "Dr Sato")
    store.feedback.give(red, OwnColour.RED.value, "", "Dr Sato")
    times = {"/": 1, "/cases": 2, f"/cases/{red.id}": 5, f"/cases/{several.id}": 3, "/admin": 3}
    times[f"/cases/{red.id}/handover"] = 5
    for path, least in times.items():
        page = client.get(f"{path}?lang={language}").text
        assert len(WRITTEN[language].findall(shown(page))) >= least, path
        other = WRITTEN["en" if language == "ja" else "ja"]
        assert ISO_DATE.findall(shown(page)) == [] and other.findall(shown(page)) == [], path
        for machine in re.findall('<time datetime="(.*?)">', page):
            assert datetime.fromisoformat(machine).tzinfo is not None, path


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ja", ("模擬 花子（もぎ はなこ） Mogi Hanako", "1950年1月2日", "女性", "76歳", "2026年2月3日 04:05")),
        ("en", ("MOGI, Hanako (模擬 花子, もぎ はなこ)", "2 Jan 1950", "female", "76 years", "3 Feb 2026, 04:05")),
    ],
)
def test_case_and_sheet_name_the_patient_alike(
    client: FlaskClient, judged: Judged, language: str, expected: List[str]
) -> None:
    case = judged("red")
    for path in (f"/cases/{case.id}", f"/cases/{case.id}/handover"):
        page = client.get(f"{path}?lang={language}").text
        for text in expected:
            assert text in page, (path, text)


def test_what_a_header_says_instead_of_a_date_or_an_age_is_shown_as_it_stands(
    client: FlaskClient, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = replace(RED.study, date="20261341", time="9") if RED.study else None
    odd = replace(RED, patient=replace(PATIENT, birth_date="1950<b>", age="76", sex="?"), study=study)
    monkeypatch.setitem(verdicts.VERDICTS, "red", odd)
    case = judged("red")
    for path in (f"/cases/{case.id}", f"/cases/{case.id}/handover"):
        for language in ("ja", "en"):
            page = client.get(f"{path}?lang={language}").text
            for text in ("1950&lt;b&gt;", "20261341 9", "76", "?"):
                assert text in shown(page), (path, text)


def test_programs_get_iso(client: FlaskClient, judged: Judged) -> None:
    case = judged("red")
    for language in ("ja", "en"):
        study = client.get(f"/cases/{case.id}.json?lang={language}").get_json()["verdict"]["study"]
        assert (study["date"], study["time"]) == ("2026-02-03", "04:05")


def test_scripts_write_no_dates() -> None:
    for path in (TRANSLATIONS.parent / "static").glob("*.js"):
        assert re.findall(r"new Date|Date\.|toLocale|Intl\.", path.read_text("utf-8")) == [], path.name
