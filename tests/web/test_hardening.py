"""What an attacker tries first, and what the code itself must not hold."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path
from typing import Callable, Iterator, Tuple

import pytest
from flask import Flask

import appliance.web
from appliance.config import Settings
from appliance.store import Case, Store, StoreError
from appliance.store.people import Role
from appliance.web import create_app
from tests.web.logins import PASSWORD, Browser, logged_in

pytestmark = pytest.mark.slow  # one Python is enough

WEB = Path(appliance.web.__file__).parent
DYNAMIC = {"eval", "exec", "compile", "__import__"}
LOADERS = {"pickle", "marshal", "shelve", "yaml", "xml", "lxml"}


def sources(folder: Path) -> Iterator[Tuple[Path, ast.AST]]:
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def test_no_template_gets_round_the_escaping() -> None:
    for path in (WEB / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        assert re.findall(r"\|\s*safe|autoescape|Markup", text) == [], path.name
        assert re.findall(r"<[^>{]*\s[\w-]+=(?!\")\S*\{\{", text) == [], f"an unquoted attribute in {path.name}"
    for path, tree in sources(WEB):
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not names & {"Markup", "render_template_string"}, path.name


def test_nothing_that_came_in_is_run_or_unpickled() -> None:
    for path, tree in sources(WEB.parent):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                assert getattr(node.func, "id", None) not in DYNAMIC, path
                assert getattr(node.func, "attr", None) not in ("system", "popen"), path
                assert not any(keyword.arg == "shell" for keyword in node.keywords), path
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                assert not {module.split(".")[0] for module in modules} & LOADERS, path


def test_scripts_write_no_markup_run_no_text_and_keep_nothing() -> None:
    never = r"\beval\b|new Function|document\.write|insertAdjacentHTML|\.(?:inner|outer)HTML\s*=(?!=)"
    never += r"|localStorage|sessionStorage|indexedDB|document\.cookie|https?://"
    for path in (WEB / "static").rglob("*.js"):
        script = path.read_text("utf-8")
        if path.name == "reminder.js":  # whether this screen wants to be heard, and nothing of anybody
            script = re.sub(
                r'localStorage\.(getItem\(WANTED\)|setItem\(WANTED, "yes"\)|removeItem\(WANTED\))', "", script
            )
        assert re.findall(never, script) == [], path.name


def test_what_lies_in_the_static_folder_is_ours_and_public() -> None:
    assert {path.suffix for path in (WEB / "static").rglob("*") if path.is_file()} <= {".css", ".js", ".svg"}


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static",
        "/.git/config",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/cases/",
        "/cases/%2e%2e/zone-1.png",
        "/console",
        "/server-status",
    ],
)
def test_no_folder_is_listed_and_no_other_file_is_served(hospital: Flask, records: Store, path: str) -> None:
    browser = logged_in(hospital, records, "tanaka")
    assert browser.get(path).status_code in (404, 405)


@pytest.mark.parametrize("text", ["' OR '1'='1", "sato' --", "sato'; DROP TABLE people; --", 'x" OR ""="', "%", "\0"])
def test_queries_take_values_as_values(hospital: Flask, records: Store, text: str) -> None:
    assert Browser(hospital).send("/login", name=text, password=text).status_code == 400
    assert Browser(hospital).send("/login", name="sato", password=text).status_code == 400
    browser = logged_in(hospital, records, "tanaka")
    assert browser.get("/cases/" + text.replace("%", "%25").replace("\0", "%00").replace(";", "%3b")).status_code == 404
    assert len(records.people.all()) == 3


def test_a_redirect_or_a_header_takes_no_line_break(hospital: Flask) -> None:
    answer = Browser(hospital).get("/cases/a%0d%0aSet-Cookie:%20x=1")
    assert answer.status_code == 303 and "x=1" not in str(answer.headers.getlist("Set-Cookie"))


def test_names_are_shown_as_text_in_every_script(hospital: Flask, records: Store) -> None:
    records.people.add("田中-花子_é", Role.DOCTOR, PASSWORD)
    page = logged_in(hospital, records, "田中-花子_é").get("/account").text
    assert "田中-花子_é" in page
    answer = Browser(hospital).send("/login", name='"><script>alert(1)</script>', password="x")
    assert "<script>alert" not in answer.text and "&lt;script&gt;" in answer.text


def test_a_value_is_only_taken_from_where_it_belongs(hospital: Flask, records: Store) -> None:
    """Nothing in an address logs in, stands for a form's token, or takes part in a change."""
    stranger = Browser(hospital)
    token = stranger.token("/login")
    assert stranger.get(f"/login?name=sato&password={PASSWORD}").status_code == 200
    assert stranger.cookie() is None
    assert stranger.post(f"/login?form_token={token}", {"name": "sato", "password": PASSWORD}).status_code == 403
    answer = stranger.post(f"/login?name=sato&password={PASSWORD}", {"form_token": token, "name": "x", "password": "y"})
    assert answer.status_code == 400
    for path in (WEB / "templates").rglob("*.html"):
        assert re.findall(r"<form(?![^>]*method=\"post\")", path.read_text("utf-8")) == [], path.name


def test_fields_that_a_form_does_not_have_change_nothing(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    new = "another horse battery"
    extra = {"role": "administrator", "number": "1", "name": "root", "person": "1", "totp_secret": "A"}
    sent = browser.send("/account/password", page="/account", current=PASSWORD, password=new, again=new, **extra)
    assert sent.status_code == 303
    administrator = logged_in(hospital, records, "tanaka")
    administrator.send("/people", name="suzuki", role="doctor", current=PASSWORD, password=PASSWORD, first="1")
    roles = {person.name: (person.role, person.has_password) for person in records.people.all()}
    assert roles["sato"] == (Role.DOCTOR, True) and roles["suzuki"] == (Role.DOCTOR, False)
    assert set(roles) == {"sato", "suzuki", "tanaka", "wall"}


def test_a_store_that_fails_shows_nothing(
    hospital: Flask, records: Store, filed: Callable[[str], Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    red = filed("red")
    browser = logged_in(hospital, records, "sato")

    def fail(*values: object, **named: object) -> None:
        raise StoreError("broken")

    monkeypatch.setattr(records.sessions, "find", fail)
    answer = browser.get(f"/cases/{red.id}")
    assert answer.status_code == 500 and "模擬" not in answer.text and answer.headers["Cache-Control"] == "no-store"


def test_no_debugger_whatever_the_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = create_app(settings)

    def fail() -> str:
        raise RuntimeError("a secret detail")

    app.view_functions["wall.show"] = fail
    answer = app.test_client().get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text and "Traceback" not in answer.text and "debugger" not in answer.text
    app.extensions["store"].close()


def test_no_secret_is_logged(
    hospital: Flask, records: Store, caplog: pytest.LogCaptureFixture, filed: Callable[[str], Case]
) -> None:
    red = filed("red")
    with caplog.at_level(logging.DEBUG):
        browser = logged_in(hospital, records, "sato")
        Browser(hospital).log_in("sato", "wrong but long enough")
        browser.get(f"/cases/{red.id}")
        browser.get("/nowhere")
    trail = str([tuple(row) for row in records.database.rows("SELECT * FROM audit")])
    for secret in (PASSWORD, "wrong but long", str(browser.cookie()), "Mogi", "模擬", "SIM-0001"):
        assert secret not in caplog.text and secret not in trail


def test_nobody_may_read_answers_from_another_site(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    for origin in ("http://evil.example", "null", "http://localhost"):
        headers = browser.get("/", headers={"Origin": origin}).headers
        assert not [name for name in headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118


def test_every_text_names_its_character_set(hospital: Flask, records: Store, filed: Callable[[str], Case]) -> None:
    red = filed("red")
    browser = logged_in(hospital, records, "tanaka")
    for path in ("/", "/people", "/healthz", "/static/page.css", "/static/live.js", "/nowhere", f"/cases/{red.id}"):
        with browser.get(path) as answer:
            assert answer.headers["Content-Type"].endswith("charset=utf-8"), path
    answer = browser.get(f"/cases/{red.id}.json")
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="case.json"'


def test_pages_of_people_keep_the_policy_and_are_dressed(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "tanaka")
    stranger = Browser(hospital)
    for who, path in (
        (stranger, "/login"),
        (stranger, "/code"),
        (browser, "/account"),
        (browser, "/people"),
        (browser, "/admin"),
    ):
        answer = who.get(path)
        assert re.findall(r"<script(?![^>]* src=)|\sstyle=|\son\w+=|javascript:|<style", answer.text) == [], path
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//', answer.text) == [], path
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY" and headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "same-origin" and headers["Cache-Control"] == "no-store"


def test_passwords_may_be_pasted_and_filled_in_by_a_manager(hospital: Flask, records: Store) -> None:
    pages = Browser(hospital).get("/login").text + logged_in(hospital, records, "sato").get("/account").text
    fields = re.findall(r'<input[^>]*type="password"[^>]*>', pages)
    assert len(fields) >= 4
    for field in fields:
        assert re.search(r'autocomplete="(current|new)-password"', field) and 'maxlength="1024"' in field, (
            "nothing is cut off that the server has not seen"
        )
    scripts = "".join(path.read_text("utf-8") for path in (WEB / "static").rglob("*.js"))
    assert "paste" not in scripts


def test_nobody_is_there_at_first(settings: Settings) -> None:
    app = create_app(settings)
    store: Store = app.extensions["store"]
    assert store.people.all() == [] and store.database.rows("SELECT 1 FROM sessions") == []
    store.close()
