"""Every route without login, with every role, without the form's token, and with a foreign one."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import Callable, Dict, Iterator, List, Tuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.config import ServerSettings, Settings
from appliance.store import Case, Eye, Store, Way
from appliance.store.people import Role
from appliance.web import access, create_app
from appliance.web.roles import NEWS, ROUTES
from tests.verdicts import PATIENT
from tests.web.logins import PASSWORD, Browser, logged_in

pytestmark = pytest.mark.slow  # one Python is enough

NAMES = {Role.KIOSK: "wall", Role.DOCTOR: "sato", Role.ADMINISTRATOR: "tanaka"}
READS = ("GET", "HEAD", "OPTIONS")
FORMS = {
    "login.log_in": {"name": "sato", "password": PASSWORD},
    "people.add": {"name": "suzuki", "role": "doctor", "current": PASSWORD},
    "people.change": {"current": PASSWORD},
    "cases.choose": {"study_uid": "1.2.4.9"},
    "identity.confirm": {"patient": "00012345"},
    "camera.begin": {"way": "tiles", "eye": "browser"},
    "camera.wish": {"wish": "take"},
    "account.password": {"current": PASSWORD, "password": "another horse battery", "again": "another horse battery"},
}
"""What a route needs to do its work."""

JPEG = b"\xff\xd8\xff a frame"
ABSENT = {"series.about", "series.picture", "identity.header", "camera.preview"}
"""What the case or the capture of these tests has none of."""

Route = Tuple[str, str, str]


@pytest.fixture
def routes(hospital: Flask, filed: Callable[[str], Case], records: Store) -> List[Route]:
    """Endpoint, method and path of everything that can be asked for."""
    sato = records.people.named("sato")
    assert sato is not None
    red, several = filed("red"), filed("several")
    values: Dict[str, object] = {
        "case_id": red.id,
        "zone": 1,
        "number": sato.number,
        "filename": "live.js",
        "action": "end",
        "capture_id": records.captures.begin(Way.SCROLL, Eye.BROWSER, sato.number, "sato, doctor").id,
        "frame": 1,
        "taken_ms": 70,
    }
    records.frames(str(values["capture_id"])).open()
    found = []
    for rule in hospital.url_map.iter_rules():
        here = {**values, "case_id": several.id} if rule.endpoint == "cases.choose" else values
        with hospital.test_request_context():
            path = hospital.url_for(rule.endpoint, **{name: here[name] for name in rule.arguments})
        found += [(rule.endpoint, method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found


def state_of(store: Store) -> str:
    """All that a request may change."""
    tables = ("cases", "people", "codes", "recovery_codes", "captures", "identities")
    rows = {table: [tuple(row) for row in store.database.rows(f"SELECT * FROM {table}")] for table in tables}
    rows["sessions"] = [tuple(row) for row in store.database.rows("SELECT number, sha256, person FROM sessions")]
    return json.dumps(rows, default=str)


def ask(browser: Browser, route: Route, token: str = "") -> int:
    endpoint, method, path = route
    if method == "GET":
        with browser.get(path, headers={"Accept": "text/html"}) as answer:
            return answer.status_code
    data: Dict[str, object] = {**FORMS.get(endpoint, {}), **({"form_token": token} if token else {})}
    if endpoint == "camera.send":  # whose page sends a frame, and the form's token in a header
        headers = {"X-Form-Token": token} if token else {}
        with browser.post(path, JPEG, content_type="image/jpeg", headers=headers) as answer:
            return answer.status_code
    if endpoint == "uploads.receive":
        data["files"] = (io.BytesIO(b"DICM"), "1")
    with browser.post(path, data) as answer:
        return answer.status_code


def protected(routes: List[Route]) -> Iterator[Tuple[Route, Role]]:
    for route in routes:
        least = ROUTES[route[0]].least
        if least is not None:
            yield route, least


def test_every_route_is_in_the_table(hospital: Flask) -> None:
    assert {rule.endpoint for rule in hospital.url_map.iter_rules()} == set(ROUTES)


def test_only_these_are_for_everybody() -> None:
    public = {endpoint for endpoint, rule in ROUTES.items() if rule.least is None}
    assert public == {"static", "_health", "login.setup", "login.log_in", "login.take_code"}


def test_without_login(hospital: Flask, routes: List[Route], records: Store) -> None:
    before = state_of(records)
    stranger = Browser(hospital)
    token = stranger.token("/login")
    for route, _ in protected(routes):
        by_program = route[2].endswith(".json") or route[0] in (NEWS, "metrics.show")
        assert ask(stranger, route) == (303 if route[1] == "GET" and not by_program else 401), route
        if route[1] != "GET":
            assert ask(stranger, route, token) == 401, route
    answer = stranger.get("/")
    assert answer.location == "/login?next=/" and answer.text.count("Mogi") == 0
    answer = stranger.get("/people", headers={"Accept": "application/json"})
    assert answer.status_code == 401 and answer.json is not None and answer.json["error"]["code"] == "login_needed"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert state_of(records) == before


@pytest.mark.parametrize("role", list(Role))
def test_with_the_wrong_role(hospital: Flask, routes: List[Route], records: Store, role: Role) -> None:
    browser = logged_in(hospital, records, NAMES[role])
    token = browser.token("/login") or "none"
    before, refused = state_of(records), 0
    for route, least in protected(routes):
        if not role.covers(least):
            assert ask(browser, route, token) == 403, route
            refused += 1
    assert state_of(records) == before
    assert (refused > 0) is (role is not Role.ADMINISTRATOR)


def test_with_the_right_role(hospital: Flask, routes: List[Route], records: Store) -> None:
    """Else the table might refuse everybody."""
    for route, least in protected(routes):
        browser = logged_in(hospital, records, NAMES[least])
        token = browser.token("/account") if least is not Role.KIOSK else ""
        assert ask(browser, route, token) in (200, 303, 400, *([404] if route[0] in ABSENT else [])), route
        if route[0] == "account.password":
            sato = records.people.named("sato")
            assert sato is not None and records.people.check("sato", "another horse battery") == sato
            records.people.set_password(sato, PASSWORD)


def test_without_the_forms_token(hospital: Flask, routes: List[Route], records: Store) -> None:
    writes = [route for route in routes if route[1] not in READS]
    assert len(writes) >= 13
    tanaka, sato = logged_in(hospital, records, "tanaka"), logged_in(hospital, records, "sato")
    stranger = Browser(hospital)
    foreign = [sato.token("/account"), stranger.token("/login"), "", "0" * 64, "é" * 64]
    before = state_of(records)
    for route in writes:
        for token in foreign:
            assert ask(tanaka, route, token) == 403, (route, token)
            if ROUTES[route[0]].least is None and token != foreign[1]:
                assert ask(stranger, route, token) == 403, (route, token)
    assert state_of(records) == before


def test_a_route_that_nobody_thought_of_is_refused(hospital: Flask, records: Store) -> None:
    hospital.add_url_rule("/new", view_func=lambda: "secret")
    for browser in (Browser(hospital), logged_in(hospital, records, "tanaka")):
        answer = browser.get("/new")
        assert answer.status_code == 403 and "secret" not in answer.text


def test_other_methods_are_refused(hospital: Flask, routes: List[Route], records: Store) -> None:
    browser = logged_in(hospital, records, "tanaka")
    token = browser.token("/account")
    for path in {path for _, _, path in routes}:
        for method in ("PUT", "DELETE", "PATCH", "TRACE"):
            answer = browser._client.open(path, method=method, headers={"X-Form-Token": token})
            assert answer.status_code == 405, (method, path)


def test_a_wall_screen_sees_no_whole_name_and_no_way_to_change(
    hospital: Flask, records: Store, filed: Callable[[str], Case]
) -> None:
    red, several = filed("red"), filed("several")
    wall, sato = logged_in(hospital, records, "wall"), logged_in(hospital, records, "sato")
    seen = "".join(wall.get(path).text for path in ("/", f"/cases/{red.id}", f"/cases/{red.id}.json"))
    for secret in (PATIENT.patient_id, "模擬 花子", "もぎ", "Mogi", "Hanako", "1950"):
        assert secret not in seen, secret
    page = wall.get(f"/cases/{red.id}?lang=en").text
    assert re.search(r"<dt>Initial</dt><dd>M</dd>", page) and "76 years" in page and "female" in page
    pages = "".join(wall.get(path).text for path in ("/", f"/cases/{several.id}"))
    pages = re.sub(r'<p class="sound".*?</p>', "", pages, flags=re.DOTALL)
    assert re.findall("<form|<button|upload.js", pages) == []
    assert "Mogi Hanako" in sato.get(f"/cases/{red.id}").text


def test_each_look_at_a_name_is_on_record_with_who_looked(
    hospital: Flask, records: Store, filed: Callable[[str], Case]
) -> None:
    red = filed("red")
    for name in ("wall", "sato", "tanaka"):
        logged_in(hospital, records, name).get(f"/cases/{red.id}")
    rows = records.database.rows("SELECT * FROM audit WHERE what = 'viewed' ORDER BY number")
    assert [(row["who"], row["case_number"], json.loads(row["detail"])) for row in rows] == [
        ("wall, kiosk", red.number, {"identity": False}),
        ("sato, doctor", red.number, {"identity": True}),
        ("tanaka, administrator", red.number, {"identity": True}),
    ]
    assert records.audit.verify().fault is None


def test_what_a_person_sends_is_on_record_with_the_person(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    browser.post("/cases", {"files": (io.BytesIO(b"DICM"), "1")}, headers={"X-Form-Token": browser.token("/")})
    (row,) = records.database.rows("SELECT who FROM audit WHERE what = 'received'")
    assert row["who"] == "sato, doctor"
    records.audit.record_settings({})
    assert records.database.rows("SELECT who FROM audit ORDER BY number DESC LIMIT 1")[0]["who"] == "web"


@pytest.mark.parametrize(
    ("host", "logins", "is_open"),
    [
        ("127.0.0.1", "auto", True),
        ("::1", "auto", True),
        ("localhost", "auto", True),
        ("127.0.0.1", "on", False),
        ("0.0.0.0", "auto", False),
        ("10.0.0.7", "auto", False),
        ("triage.example", "auto", False),
    ],
)
def test_only_this_machine_alone_needs_no_login(settings: Settings, host: str, logins: str, is_open: bool) -> None:
    server = ServerSettings(host=host, logins=logins, port=0)  # type: ignore[arg-type]
    app = create_app(replace(settings, server=server))
    browser = Browser(app, "127.0.0.1")
    answer = browser.get("/?lang=en")
    assert (answer.status_code == 200) is is_open
    assert ("without logins, and to this machine alone" in answer.text) is is_open
    if not is_open:
        assert browser.get(answer.location).location == "/setup"
    app.extensions["store"].close()


def test_an_open_page_closes_with_the_first_person(client: FlaskClient, store: Store, quick_hashing: None) -> None:
    assert client.get("/").status_code == 200 and client.get("/people").location == "/setup"
    store.people.add("tanaka", Role.ADMINISTRATOR, PASSWORD)
    assert client.get("/").status_code == 303
    assert client.post("/cases", data={"files": (io.BytesIO(b"x"), "1")}).status_code == 401


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("/cases/abc", True),
        ("/", True),
        ("/cases/abc?lang=en", True),
        ("//evil.example", False),
        ("///evil.example", False),
        ("/\\evil.example", False),
        ("https://evil.example", False),
        ("javascript:alert(1)", False),
        ("evil", False),
        ("/\t/evil.example", False),
        ("/\n", False),
        ("", False),
        (None, False),
    ],
)
def test_the_login_leads_to_own_paths_only(hospital: Flask, given: str, taken: bool) -> None:
    with hospital.test_request_context():
        assert access.own_path(given) == (given if taken else "/")
