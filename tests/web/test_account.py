"""What people change of their own, and administrators of others."""

from __future__ import annotations

import re
import time
from typing import Dict, List, Tuple

import pytest
from flask import Flask

from appliance.store import Store, totp
from appliance.store.people import Role
from tests.web.logins import PASSWORD, Browser, logged_in

pytestmark = pytest.mark.slow  # one Python is enough

NEW = "quite another battery staple"


def now_code(secret: str, later: int = 0) -> str:
    return totp.code(secret, int(time.time() // 30) + later)


def with_factor(browser: Browser) -> Tuple[str, List[str]]:
    """Begin to use a second factor; its secret, and the recovery codes."""
    (secret,) = re.findall(r'name="secret" value="([A-Z2-7]{32})"', browser.get("/account").text)
    answer = browser.send(
        "/account/factor", page="/account", secret=secret, code=now_code(secret, -1), current=PASSWORD
    )
    assert answer.status_code == 200
    return secret, re.findall(r"<li><code>([0-9a-f]{10})</code>", answer.text)


def test_the_password_is_changed_with_the_old_one(hospital: Flask, records: Store) -> None:
    browser, other = logged_in(hospital, records, "sato"), logged_in(hospital, records, "sato")
    change = {"page": "/account", "password": NEW, "again": NEW}
    assert browser.send("/account/password", current="wrong", **change).status_code == 400
    assert browser.send("/account/password", current=PASSWORD, **{**change, "again": "x"}).status_code == 400
    before = browser.cookie()
    assert browser.send("/account/password", current=PASSWORD, **change).status_code == 303
    assert browser.get("/").status_code == 200 and browser.cookie() != before
    assert other.get("/").status_code == 303, "all other sessions end"
    assert Browser(hospital).log_in("sato").status_code == 400
    assert Browser(hospital).log_in("sato", NEW).status_code == 303


def test_guessing_the_old_password_there_is_as_slow(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    change = {"page": "/account", "password": NEW, "again": NEW}
    statuses = [browser.send("/account/password", current=f"{n}", **change).status_code for n in range(7)]
    assert 429 in statuses


def test_a_second_factor(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    secret, recovery = with_factor(browser)
    assert len(recovery) == 8
    assert Browser(hospital).log_in("sato").status_code == 400
    assert Browser(hospital).log_in("sato", code="000000").status_code == 400
    code = now_code(secret)
    assert Browser(hospital).log_in("sato", "wrong", code).status_code == 400
    assert Browser(hospital).log_in("sato", code=code).status_code == 303
    assert Browser(hospital).log_in("sato", code=code).status_code == 400, "a code is taken once"
    assert Browser(hospital).log_in("sato", code=recovery[0].upper()).status_code == 303
    assert Browser(hospital).log_in("sato", code=recovery[0]).status_code == 400, "so is a recovery code"
    assert browser.send("/account/no-factor", page="/account", current=PASSWORD).status_code == 303
    assert Browser(hospital).log_in("sato").status_code == 303


def test_a_factor_is_not_begun_without_password_and_code(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    secret = totp.new_secret()
    send = {"page": "/account", "secret": secret}
    assert browser.send("/account/factor", code="123", current=PASSWORD, **send).status_code == 400
    assert browser.send("/account/factor", code=now_code(secret), current="wrong", **send).status_code == 400
    odd = browser.send("/account/factor", page="/account", secret="no base32!", code="1", current=PASSWORD)
    assert odd.status_code == 400
    assert Browser(hospital).log_in("sato").status_code == 303


def test_own_sessions_are_shown_and_ended(hospital: Flask, records: Store) -> None:
    browser, other = logged_in(hospital, records, "sato"), logged_in(hospital, records, "sato")
    page = browser.get("/account").text
    (number,) = re.findall(r"/account/sessions/(\d+)/end", page)
    assert "10.1.2.3" in page
    stranger = logged_in(hospital, records, "tanaka")
    stranger.send(f"/account/sessions/{number}/end", page="/account")
    assert other.get("/").status_code == 200, "sessions of others are not one's own"
    browser.send(f"/account/sessions/{number}/end", page="/account")
    assert other.get("/").status_code == 303 and browser.get("/").status_code == 200
    browser.send("/account/sessions/end", page="/account")
    assert browser.get("/").status_code == 303 and stranger.get("/").status_code == 200


def test_an_administrator_sets_up_a_doctor(hospital: Flask, records: Store) -> None:
    page = logged_in(hospital, records, "tanaka").send("/people", name="suzuki", role="doctor", current=PASSWORD).text
    (code,) = re.findall(r'class="key">([A-Z2-7-]{19})<', page)
    doctor = Browser(hospital)
    assert doctor.send("/code", code=code, password=NEW, again=NEW).status_code == 303
    assert doctor.get("/").status_code == 200 and doctor.get("/people").status_code == 403


@pytest.mark.parametrize("name", ["", "sato", "ＳＡＴＯ", "two words", "x" * 41, "<b>", "a\0b"])
def test_names_that_are_refused(hospital: Flask, records: Store, name: str) -> None:
    answer = logged_in(hospital, records, "tanaka").send("/people", name=name, role="doctor", current=PASSWORD)
    assert answer.status_code == 400 and len(records.people.all()) == 3


def test_a_change_of_role_ends_the_sessions(hospital: Flask, records: Store) -> None:
    administrator, doctor = logged_in(hospital, records, "tanaka"), logged_in(hospital, records, "sato")
    sato = records.people.named("sato")
    assert sato is not None
    administrator.send(f"/people/{sato.number}/role", current=PASSWORD, role="administrator")
    assert doctor.get("/").status_code == 303
    doctor.log_in("sato")
    assert doctor.get("/people").status_code == 200
    administrator.send(f"/people/{sato.number}/role", current=PASSWORD, role="kiosk")
    assert Browser(hospital).log_in("sato").status_code == 400, "a wall screen has no password"


def test_the_last_administrator_stays(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "tanaka")
    tanaka = records.people.named("tanaka")
    assert tanaka is not None
    for action, data in (("remove", {}), ("role", {"role": "doctor"})):
        answer = browser.send(f"/people/{tanaka.number}/{action}", current=PASSWORD, **data)
        assert answer.status_code == 400 and browser.get("/people").status_code == 200


def test_a_removed_person_is_out_at_once(hospital: Flask, records: Store) -> None:
    administrator, doctor = logged_in(hospital, records, "tanaka"), logged_in(hospital, records, "sato")
    sato = records.people.named("sato")
    assert sato is not None
    administrator.send(f"/people/{sato.number}/remove", current=PASSWORD)
    assert doctor.get("/").status_code == 303 and Browser(hospital).log_in("sato").status_code == 400
    assert "sato" in administrator.get("/admin").text


def test_a_lost_telephone(hospital: Flask, records: Store) -> None:
    with_factor(logged_in(hospital, records, "sato"))
    sato = records.people.named("sato")
    assert sato is not None and sato.has_factor
    logged_in(hospital, records, "tanaka").send(f"/people/{sato.number}/factor", current=PASSWORD)
    assert Browser(hospital).log_in("sato").status_code == 303


@pytest.mark.parametrize(
    ("action", "data", "status"),
    [
        ("fly", {}, 404),
        ("role", {}, 400),
        ("role", {"role": "king"}, 400),
        ("token", {}, 400),
        ("token", {"label": " "}, 400),
        ("factor", {}, 404),
    ],
)
def test_what_the_page_never_sends_is_refused(
    hospital: Flask, records: Store, action: str, data: Dict[str, str], status: int
) -> None:
    sato, wall = records.people.named("sato"), records.people.named("wall")
    assert sato is not None and sato.role is Role.DOCTOR and wall is not None
    browser = logged_in(hospital, records, "tanaka")
    given = {"page": "/people", "current": PASSWORD}
    assert browser.send(f"/people/{sato.number}/{action}", **given, **data).status_code == status
    assert browser.send("/people/999/end", **given).status_code == 404
    assert browser.send(f"/people/{wall.number}/token", label="x", **given).status_code == 404
    assert records.people.named("sato") == sato


CHANGES = {
    "role": {"role": "administrator"},
    "code": {},
    "factor": {},
    "end": {},
    "token": {"label": "PACS script"},
    "remove": {},
}


def everything_of_people(store: Store) -> List[Tuple[object, ...]]:
    tables = ("people", "codes", "recovery_codes", "sessions WHERE label NOT LIKE '10.1.2.3%'")
    return [tuple(row) for table in tables for row in store.database.rows(f"SELECT * FROM {table}")]


@pytest.mark.parametrize("action", CHANGES)
def test_another_account_is_changed_with_the_administrators_own_password(
    hospital: Flask, records: Store, action: str
) -> None:
    with_factor(logged_in(hospital, records, "sato"))
    sato, administrator = records.people.named("sato"), logged_in(hospital, records, "tanaka")
    assert sato is not None
    other = "sato's password is another"
    records.people.set_password(sato, other)
    path, data, before = f"/people/{sato.number}/{action}", CHANGES[action], everything_of_people(records)
    assert f'href="{path}"' in administrator.get("/people").text
    page = administrator.get(path + "?lang=en").text
    assert "Your own password (tanaka)" in page and "sato" in page
    for wrong in ({}, {"current": ""}, {"current": "wrong"}, {"current": other}):
        answer = administrator.send(path, **{**data, **wrong})
        assert answer.status_code == 400 and 'role="alert"' in answer.text
        assert everything_of_people(records) == before
    assert administrator.send(path, current=PASSWORD, **data).status_code in (200, 303)
    assert action == "end" or everything_of_people(records) != before


def test_an_account_is_set_up_with_the_administrators_own_password(hospital: Flask, records: Store) -> None:
    administrator = logged_in(hospital, records, "tanaka")
    answer = administrator.send("/people?lang=en", name="suzuki", role="administrator", current="wrong")
    assert answer.status_code == 400 and records.people.named("suzuki") is None
    assert 'value="suzuki"' in answer.text and '<option value="administrator" selected>' in answer.text
    assert administrator.send("/people", name="suzuki", role="administrator", current=PASSWORD).status_code == 200
    assert records.people.named("suzuki") is not None


def test_guessing_the_administrators_password_there_is_as_slow(hospital: Flask, records: Store) -> None:
    administrator, sato = logged_in(hospital, records, "tanaka"), records.people.named("sato")
    assert sato is not None
    path = f"/people/{sato.number}/remove"
    answers = [administrator.send(path, current=f"{number}") for number in range(7)]
    assert [answer.status_code for answer in answers][:4] == [400] * 4 and answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert administrator.send(path, current=PASSWORD).status_code == 429, "the right one has to wait too"
    failed = records.database.rows("SELECT detail FROM audit WHERE what = 'login_failed'")
    assert len(failed) >= 5 and all("tanaka" in row["detail"] for row in failed)
    assert records.people.named("sato") == sato


def test_the_audit_trail_is_shown_and_a_break_is_said(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "tanaka")
    assert "The chain of hashes holds" in browser.send("/admin/verify?lang=en", page="/admin").text
    (records.folder / "audit.head").unlink()
    assert "then breaks" in browser.send("/admin/verify?lang=en", page="/admin").text
