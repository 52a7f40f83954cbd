"""Names, ages and sexes of patients, as a reader of each language expects them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Callable, List, Tuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.store import Case
from appliance.study import PatientIdentity
from appliance.web import patients
from tests import verdicts
from tests.verdicts import PATIENT, RED
from tests.web.test_formats import both

Judged = Callable[[str], Case]


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
