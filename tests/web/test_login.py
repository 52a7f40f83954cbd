"""Setting up, logging in and out, and how sessions end."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Iterator

import pytest
from flask import Flask

from appliance.config import Settings
from appliance.store import Store
from appliance.store.people import Role
from appliance.web import create_app
from tests.web.logins import PASSWORD, Browser, is_in, start_machine_anew

HTTPS = {"base_url": "https://localhost"}


@pytest.fixture
def empty(settings: Settings, quick_hashing: None) -> Iterator[Flask]:
    """Pages that need logins, before anybody was set up."""
    app = create_app(replace(settings, server=replace(settings.server, logins="on")))
    yield app
    app.extensions["store"].close()


def test_the_first_person_needs_the_printed_code(empty: Flask) -> None:
    store: Store = empty.extensions["store"]
    browser = Browser(empty, "127.0.0.1")
    form = {"name": "tanaka", "password": PASSWORD, "again": PASSWORD}
    code = store.codes.make(None)
    for wrong in ("", "AAAA-BBBB-CCCC-DDDD", code[:-1]):
        answer = browser.send("/setup", code=wrong, **form)
        assert answer.status_code == 400 and not store.people.anybody()
    assert browser.send("/setup", code=code, **{**form, "again": "x"}).status_code == 400
    answer = browser.send("/setup", code=code.lower().replace("-", " "), **form)
    assert (answer.status_code, answer.location) == (303, "/people")
    (person,) = store.people.all()
    assert (person.name, person.role, person.has_password) == ("tanaka", Role.ADMINISTRATOR, True)
    assert is_in(browser)
    assert Browser(empty).get("/setup").location == "/login"
    assert store.codes.find(code) is None


def test_a_code_of_somebody_else_sets_up_nobody(empty: Flask) -> None:
    """And the code of the first person is no code of a person."""
    store: Store = empty.extensions["store"]
    code = store.codes.make(None)
    assert Browser(empty).send("/code", code=code).status_code == 400
    store.people.add("wall", Role.KIOSK)
    assert Browser(empty).send("/setup", page="/login", code=code, name="x").location == "/login"


def test_a_login(hospital: Flask, records: Store) -> None:
    browser = Browser(hospital)
    answer = browser.send("/login?next=/account", name="ＳＡＴＯ ", password=PASSWORD, code="")
    assert (answer.status_code, answer.location) == (303, "/account")
    assert is_in(browser) and "sato" in browser.get("/").text
    (row,) = records.database.rows("SELECT * FROM audit WHERE what = 'login'")
    assert row["who"] == "sato, doctor" and "10.1.2.3" in row["detail"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("sato", "wrong"),
        ("sato", ""),
        ("nobody", PASSWORD),
        ("", ""),
        ("wall", ""),
        ("wall", PASSWORD),
        ("sato", "x" * 9999),
    ],
)
def test_wrong_logins_all_look_the_same(hospital: Flask, records: Store, name: str, password: str) -> None:
    answer = Browser(hospital).send("/login?lang=en", name=name, password=password)
    assert answer.status_code == 400 and "Name, password or code is wrong." in answer.text
    assert "session" not in str(answer.headers)
    (row,) = records.database.rows("SELECT * FROM audit WHERE what = 'login_failed'")
    known = name if name in ("sato", "wall") else None
    assert json.loads(row["detail"]) == {"person": known, "address": "10.1.2.3"}


def test_unknown_names_take_as_long(hospital: Flask, records: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same work is done: one hash."""
    from appliance.store import passwords

    done = []

    class Counting:
        def hash(self, password: str) -> str:
            done.append("hash")
            return "x"

        def verify(self, kept: str, password: str) -> bool:
            done.append("verify")
            return False

    monkeypatch.setattr(passwords, "HASHER", Counting())
    for name in ("sato", "nobody", "wall"):
        assert records.people.check(name, PASSWORD) is None
    assert len(done) == 3


def test_cookies(hospital: Flask, records: Store) -> None:
    """HttpOnly, SameSite, and over TLS Secure with the prefix that binds them to this host."""
    for options, prefix in (({}, ""), (HTTPS, "__Host-")):
        browser = Browser(hospital)
        page = browser.get("/login", **options)
        (token,) = re.findall(r'name="form_token" value="([^"]+)"', page.text)
        form = {"form_token": token, "name": "sato", "password": PASSWORD}
        answer = browser.post("/login", form, **options)
        cookies = page.headers.getlist("Set-Cookie") + answer.headers.getlist("Set-Cookie")
        assert [cookie.split("=")[0] for cookie in cookies] == [
            f"{prefix}triage-{name}" for name in ("form", "session", "form")
        ]
        for cookie in cookies:
            assert (
                "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie and "Domain" not in cookie
            )
            assert ("Secure" in cookie) is bool(prefix)
        assert "Max-Age" not in cookies[1], "it ends with the browser"
    assert "Secure" in browser.get("/?lang=en", **HTTPS).headers["Set-Cookie"]


def test_many_wrong_logins_have_to_wait_and_the_right_one_too(hospital: Flask, records: Store) -> None:
    browser = Browser(hospital)
    statuses = [browser.log_in("sato", "wrong").status_code for _ in range(7)]
    assert statuses == [400] * 5 + [429] * 2
    answer = browser.log_in("sato")
    assert answer.status_code == 429 and 1 <= int(answer.headers["Retry-After"]) <= 2
    assert len(records.database.rows("SELECT 1 FROM audit WHERE what = 'login_failed'")) == 5
    assert Browser(hospital).log_in("tanaka").status_code == 303, "others are not held up"
    with records.database.transaction() as connection:
        connection.execute("UPDATE attempts SET uptime = uptime - 900")
    assert browser.log_in("sato").status_code == 303, "never for good"


def test_codes_are_guessed_slowly_too_and_nobody_elsewhere_waits_for_it(hospital: Flask) -> None:
    browser = Browser(hospital)
    assert 429 in [browser.send("/code", code=f"GUESS{number}").status_code for number in range(25)]
    elsewhere = Browser(hospital, "10.0.0.77")
    assert elsewhere.send("/code", code="GUESS").status_code == 400


def test_a_wall_screen_begins_with_its_code_once(hospital: Flask, records: Store) -> None:
    wall = records.people.named("wall")
    code = records.codes.make(wall)
    screen = Browser(hospital)
    answer = screen.send("/code", code=code)
    assert answer.status_code == 303 and is_in(screen)
    assert "Max-Age" in answer.headers["Set-Cookie"], "a browser that was started anew still has it"
    assert Browser(hospital).send("/code", code=code).status_code == 400


def test_a_person_chooses_a_password_with_a_code(hospital: Flask, records: Store) -> None:
    person = records.people.add("suzuki", Role.DOCTOR)
    code = records.codes.make(person)
    browser = Browser(hospital)
    page = browser.send("/code", code=code).text
    assert "suzuki" in page and 'autocomplete="new-password"' in page
    weak = browser.send("/code", code=code, password="password1234", again="password1234")
    assert weak.status_code == 400 and 'autocomplete="new-password"' in weak.text
    assert browser.send("/code", code=code, password=PASSWORD, again="x").status_code == 400
    assert browser.send("/code", code=code, password=PASSWORD, again=PASSWORD).status_code == 303
    assert is_in(browser) and records.people.check("suzuki", PASSWORD) is not None
    assert Browser(hospital).send("/code", code=code).status_code == 400


def test_an_old_code_is_refused(hospital: Flask, records: Store) -> None:
    wall = records.people.named("wall")
    code = records.codes.make(wall)
    with records.database.transaction() as connection:
        connection.execute("UPDATE codes SET made_uptime = made_uptime - 86401")
    assert Browser(hospital).send("/code", code=code).status_code == 400
    code = records.codes.make(wall)
    start_machine_anew(records)
    assert Browser(hospital).send("/code", code=code).status_code == 400


def test_headers_speak_of_tls_only_with_a_certificate_that_browsers_trust(settings: Settings, tmp_path: object) -> None:
    for certificate in (None, settings.store.folder / "c.pem"):
        server = replace(settings.server, tls_certificate=certificate, tls_key=certificate)
        app = create_app(replace(settings, server=server))
        headers = app.test_client().get("/", base_url="https://localhost").headers
        assert ("Strict-Transport-Security" in headers) is (certificate is not None)
        app.extensions["store"].close()


def test_behind_a_proxy_the_browsers_own_address_and_scheme_count(settings: Settings, quick_hashing: None) -> None:
    server = replace(settings.server, tls="proxy", names=("triage.hospital.example",))
    app = create_app(replace(settings, server=server))
    store: Store = app.extensions["store"]
    stranger = {"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "https", "X-Forwarded-Host": server.names[0]}
    assert app.test_client().get("/", headers=stranger).status_code == 303, "it is not open before anybody is set up"
    store.people.add("sato", Role.DOCTOR, PASSWORD)
    forwarded = {
        "X-Forwarded-For": "10.9.9.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "triage.hospital.example",
        "Origin": "https://triage.hospital.example",
    }
    client = app.test_client()
    page = client.get("/login", headers=forwarded)
    (token,) = re.findall(r'name="form_token" value="([^"]+)"', page.text)
    cookie = page.headers["Set-Cookie"].split(";")[0]
    answer = client.post(
        "/login",
        data={"form_token": token, "name": "sato", "password": PASSWORD},
        headers={**forwarded, "Cookie": cookie},
    )
    assert answer.status_code == 303 and answer.headers["Set-Cookie"].startswith("__Host-triage-session=")
    (row,) = store.database.rows("SELECT detail FROM audit WHERE what = 'login'")
    assert "10.9.9.9" in row["detail"]
    store.close()
