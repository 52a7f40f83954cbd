"""Dates, times, names and ages as a reader of each language expects them."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import datetime, timezone
from typing import Callable, Iterator, List, Tuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.store import Case, OwnColour, Store
from appliance.store.troubles import Trouble, TroubleCode
from appliance.study import PatientIdentity
from appliance.web import formats, patients, words
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


@pytest.mark.parametrize(
    ("name", "japanese", "english"),
    [
        (
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            "山田 太郎（やまだ たろう） Yamada Tarou",
            "YAMADA, Tarou (山田 太郎, やまだ たろう)",
        ),
        ("Yamada^Tarou=山田^太郎", "山田 太郎 Yamada Tarou", "YAMADA, Tarou (山田 太郎)"),
        ("Doe^Jane", "Doe Jane", "DOE, Jane"),
        (
            "Adams^John Robert^Quincy^Rev.^B.A. M.Div.",
            "Adams John Robert Quincy Rev. B.A. M.Div.",
            "ADAMS, Rev. John Robert Quincy, B.A. M.Div.",
        ),
        ("Doe ^ Jane^^^", "Doe Jane", "DOE, Jane"),
        ("Yamada Tarou", "Yamada Tarou", "Yamada Tarou"),
        ("^Tarou", "Tarou", "Tarou"),
        ("A^B^C^D^E^F", "A B C D E F", "A, D B C, E F"),
        ("=山田^太郎", "山田 太郎", "山田 太郎"),
        ("=山田^太郎=やまだ^たろう", "山田 太郎（やまだ たろう）", "山田 太郎, やまだ たろう"),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ==やまだ^たろう", "ﾔﾏﾀﾞ ﾀﾛｳ やまだ たろう", "ﾔﾏﾀﾞ, ﾀﾛｳ (やまだ たろう)"),
        ("", "", ""),
        ("=", "", ""),
    ],
)
def test_names_are_written_as_people_do(app: Flask, name: str, japanese: str, english: str) -> None:
    assert both(app, lambda: patients.person_name(name)) == [japanese, english]


@pytest.mark.parametrize(
    ("name", "japanese", "english", "letter"),
    [
        ("Yamada^Tarou=?^?", "Yamada Tarou ? ?", "YAMADA, Tarou (? ?)", ["Y", "Y"]),
        (
            "Yamada^Tarou=??^??=やまだ^たろう",
            "Yamada Tarou やまだ たろう ?? ??",
            "YAMADA, Tarou (やまだ たろう, ?? ??)",
            ["Y", "Y"],
        ),
        ("?^?=山田^太郎", "山田 太郎 ? ?", "山田 太郎, ? ?", ["山", "山"]),
        ("\ufffdamada^Tarou", "\ufffdamada Tarou", "\ufffdAMADA, Tarou", ["a", "a"]),
        ("123^4", "123 4", "123 4", ["", ""]),
    ],
)
def test_a_group_of_a_name_without_letters_comes_last_and_gives_no_initial(
    app: Flask, name: str, japanese: str, english: str, letter: List[str]
) -> None:
    assert both(app, lambda: patients.person_name(name)) == [japanese, english]
    assert both(app, lambda: patients.initial(name)) == letter


@pytest.mark.parametrize(
    ("value", "japanese", "english"),
    [
        ("045Y", "45歳", "45 years"),
        ("001Y", "1歳", "1 year"),
        ("000Y", "0歳", "0 years"),
        ("003M", "生後3か月", "3 months"),
        ("001M", "生後1か月", "1 month"),
        ("002W", "生後2週", "2 weeks"),
        ("010D", "生後10日", "10 days"),
        ("76Y", "76歳", "76 years"),
        *((bad, bad, bad) for bad in ("", "45", "045y", "045X", "0045Y", "about 40")),
    ],
)
def test_ages_are_written_in_their_own_unit(app: Flask, value: str, japanese: str, english: str) -> None:
    assert both(app, lambda: patients.age(PatientIdentity(age=value), None)) == [japanese, english]


@pytest.mark.parametrize(
    ("birth_date", "scan", "japanese", "english"),
    [
        ("19501121", "2026-11-21", "76歳", "76 years"),
        ("19501122", "2026-11-21", "75歳", "75 years"),
        ("20240229", "2028-02-28", "3歳", "3 years"),
        ("20241121", "2026-11-21", "2歳", "2 years"),
        ("20241122", "2026-11-21", "生後23か月", "23 months"),
        ("20260821", "2026-11-21", "生後3か月", "3 months"),
        ("20260822", "2026-11-21", "生後13週", "13 weeks"),
        ("20261024", "2026-11-21", "生後4週", "4 weeks"),
        ("20261025", "2026-11-21", "生後27日", "27 days"),
        ("20261121", "2026-11-21", "生後0日", "0 days"),
        ("20261122", "2026-11-21", "", ""),
        ("19501121", "", "", ""),
        ("1950", "2026-11-21", "", ""),
        ("", "2026-11-21", "", ""),
    ],
)
def test_an_age_that_the_header_lacks_is_counted_from_the_birth_date(
    app: Flask, birth_date: str, scan: str, japanese: str, english: str
) -> None:
    for header in ("", "76", "?"):
        patient = PatientIdentity(birth_date=birth_date, age=header)
        on_wall = both(app, lambda patient=patient: patients.short_identity(patient, {"date": scan}))  # type: ignore[misc]
        assert on_wall == [japanese, english]
        on_case = both(app, lambda patient=patient: patients.age(patient, {"date": scan}))  # type: ignore[misc]
        assert on_case == [japanese or header, english or header]


@pytest.mark.parametrize(("birth_date", "ages"), [("19501122", ("75歳", "75 years")), ("", ())])
def test_no_age_is_left_out_silently(
    client: FlaskClient, judged: Judged, monkeypatch: pytest.MonkeyPatch, birth_date: str, ages: Tuple[str, ...]
) -> None:
    bare = replace(RED, patient=replace(PATIENT, birth_date=birth_date, age=""))
    monkeypatch.setitem(verdicts.VERDICTS, "red", bare)
    case = judged("red")
    for path in (f"/cases/{case.id}", f"/cases/{case.id}/handover"):
        for language, said, unknown in zip(("ja", "en"), ages or ("", ""), ("画像に記録なし", "not in the images")):
            page = client.get(f"{path}?lang={language}").text
            (written,) = re.findall(r"<dt>(?:性別・年齢|Sex, age)</dt><dd>(.*?)</dd>", page, re.DOTALL)
            assert re.findall(r"<span>(.*?)</span>", written)[1] == (said or unknown), (path, language)
    for path in ("/", "/cases"):
        for language, said in zip(("ja", "en"), ages):
            assert said in client.get(f"{path}?lang={language}").text, (path, language)


def test_sexes(app: Flask) -> None:
    written = [both(app, lambda value=value: patients.sex(value)) for value in "MFOX"]  # type: ignore[misc]
    assert written == [["男性", "male"], ["女性", "female"], ["その他", "other"], ["X", "X"]]


@pytest.mark.parametrize(
    ("name", "japanese", "english"),
    [
        ("Yamada^Tarou=山田^太郎", "山.", "Y."),
        ("Yamada^Tarou", "Y.", "Y."),
        ("=山田^太郎", "山.", "山."),
        ("==やまだ^たろう", "や.", "や."),
        ("", "", ""),
        ("^Taro", "T.", "T."),
        ("=", "", ""),
    ],
)
def test_a_wall_shows_age_sex_and_an_initial(app: Flask, name: str, japanese: str, english: str) -> None:
    patient = PatientIdentity(patient_id="123", name=name, sex="M", age="045Y")
    whole = [" · ".join(filter(None, texts)) for texts in (["45歳", "男性", japanese], ["45 years", "male", english])]
    assert both(app, lambda: patients.short_identity(patient, None)) == whole
    assert both(app, lambda: patients.short_identity(PatientIdentity(name=name), None)) == [japanese, english]


def test_a_wall_shows_nothing_that_only_might_be_an_age_or_a_sex(app: Flask) -> None:
    patient = PatientIdentity(name="Doe^Jane", age="Jane Doe, 40", sex="Jane")
    assert both(app, lambda: patients.short_identity(patient, None)) == ["D.", "D."]


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
