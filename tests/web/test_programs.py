"""What scripts and programs send, and what is not read at all."""

from __future__ import annotations

import io
import json
import re

from flask import Flask

from appliance.store import Store
from tests.web.logins import PASSWORD, Browser, logged_in


def test_a_script_sends_the_token_in_a_header(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    for token, status in ((browser.token("/"), 201), ("0" * 64, 403)):
        answer = browser.post(
            "/cases",
            {"files": (io.BytesIO(b"DICM"), "1")},
            headers={"X-Form-Token": token, "Accept": "application/json"},
        )
        assert answer.status_code == status
    assert len(records.recent(5)) == 1


def test_the_token_may_stand_in_the_form_itself_but_before_the_files(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    token = browser.token("/").encode()
    field = b'--x\r\nContent-Disposition: form-data; name="form_token"\r\n\r\n' + token + b"\r\n"
    file = b'--x\r\nContent-Disposition: form-data; name="files"; filename="1"\r\n\r\nDICM\r\n'
    for body, status in ((field + file, 303), (file + field, 403), (file, 403)):
        answer = browser.post("/cases", body + b"--x--\r\n", content_type="multipart/form-data; boundary=x")
        assert answer.status_code == status
    assert len(records.recent(5)) == 1 and len(list(records.spool.iterdir())) == 1


def test_a_form_that_is_no_form_is_not_read(hospital: Flask, records: Store) -> None:
    stranger = Browser(hospital)
    token = stranger.token("/login")
    for size, status in ((1 << 20, 413), (10, 400)):
        body = f"form_token={token}&name=sato&password={'x' * size}"
        answer = stranger.post("/login", body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == status
    endless = stranger.post("/login", input_stream=io.BytesIO(b"x"), headers={"Transfer-Encoding": "chunked"})
    assert endless.status_code == 413


def test_a_program_has_a_token_in_place_of_a_cookie(hospital: Flask, records: Store) -> None:
    administrator = logged_in(hospital, records, "tanaka")
    sato = records.people.named("sato")
    assert sato is not None
    page = administrator.send(f"/people/{sato.number}/token", current=PASSWORD, label="PACS script").text
    (token,) = re.findall(r'class="key">([^<]+)<', page)
    program = Browser(hospital)
    bearer = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    answer = program.post("/cases", {"files": (io.BytesIO(b"DICM"), "1")}, headers=bearer)
    assert answer.status_code == 201 and answer.json is not None
    assert program.get(answer.json["case"] + ".json", headers=bearer).status_code == 200
    assert program.get("/account", headers=bearer).status_code == 403
    program.set_cookie(token)
    assert program.get("/").status_code == 303, "it is no cookie"
    for wrong in ("Bearer x", "Bearer ", "Basic " + token):
        assert program.get("/", headers={"Authorization": wrong, "Accept": "application/json"}).status_code == 401
    (row,) = records.database.rows("SELECT who FROM audit WHERE what = 'received'")
    assert row["who"] == "sato, doctor, PACS script"
    assert token not in json.dumps([tuple(row) for row in records.database.rows("SELECT * FROM sessions")])
    administrator.send(f"/people/{sato.number}/end", current=PASSWORD)
    assert program.get("/", headers=bearer).status_code == 401


def test_an_administrators_program_is_no_administrator(hospital: Flask, records: Store) -> None:
    tanaka = records.people.named("tanaka")
    assert tanaka is not None
    bearer = {"Authorization": f"Bearer {records.sessions.begin(tanaka, 'script', program=True)}"}
    program = Browser(hospital)
    assert program.get("/", headers=bearer).status_code == 200
    assert program.get("/people", headers=bearer).status_code == 403
    assert program.get("/admin", headers=bearer).status_code == 403
