"""The administrator's page: what is configured and how it is, the audit trail, a copy of the records."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Callable, List

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance.config import HospitalSettings, MediaSettings, ScpSettings, Settings
from appliance.config_file import load_settings
from appliance.presence import presence
from appliance.store import Case, Source, Store
from appliance.web import create_app
from tests.verdicts import PATIENT

pytestmark = pytest.mark.slow  # one Python is enough

Judged = Callable[[str], Case]


def fact(page: str, name: str) -> str:
    """What stands under a name, as text."""
    (found,) = re.findall(f"<dt>{re.escape(name)}</dt><dd>(.*?)</dd>", page, re.DOTALL)
    return " ".join(re.sub("<[^>]+>", " ", found).split())


def send(client: FlaskClient, path: str) -> TestResponse:
    """Press one of the page's buttons."""
    return client.post(path, buffered=True)


def administration(app: Flask) -> str:
    """The page of another application than the fixtures'."""
    return app.test_client().get("/admin?lang=en").text


def acts(store: Store) -> List[str]:
    return [row["what"] for row in store.audit.newest(100)]


def test_the_model_and_its_engine_are_named(client: FlaskClient, judged: Judged, repository: Path) -> None:
    page = client.get("/admin?lang=en").text
    assert fact(page, "Network").startswith("slicenet ") and len(fact(page, "SHA-256")) == 64
    assert fact(page, "Engine of the newest judged case") == "None yet."
    judged("red")
    page = client.get("/admin?lang=en").text
    assert fact(page, "Engine of the newest judged case") == "onnxruntime 1.19.2, fp32, CPU, 2 threads Case 1"
    assert "another network: <code>slice-alexnet 0.1.0</code>" in page
    assert not re.search(r'<(input|select|textarea)(?![^>]*type="hidden")', page), "it changes nothing"


def test_sources_are_told_with_whether_they_run(settings: Settings, tmp_path: Path) -> None:
    scp = ScpSettings(port=11112, ae_title="TRIAGE2", calling_ae_titles=("CT1", "CT2"), check_called=True)
    app = create_app(replace(settings, scp=scp, media=MediaSettings("folder", tmp_path)))
    store: Store = app.extensions["store"]
    with presence(store.network_lock):
        page = administration(app)
    assert re.search(r'DICOM network <span class="state up">runs<', page)
    assert re.search(r'Disc or stick <span class="state down">does not run<', page)
    assert fact(page, "Own AE title") == "TRIAGE2 must be called"
    assert fact(page, "AE titles that may send") == "CT1, CT2"
    assert fact(page, "Address") == "127.0.0.1:11112" and fact(page, "TLS") == "no"
    assert fact(page, "Folder") == str(tmp_path)
    store.close()


def test_each_setting_is_shown_with_what_sets_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "triage.toml"
    path.write_text('[server]\nlanguage = "en"\n[store]\npixels_hours = 6\n')
    monkeypatch.setenv("TRIAGE_SCP_AE_TITLE", "NIGHT")
    app = create_app(replace(load_settings(path), store=replace(load_settings(path).store, folder=tmp_path / "store")))
    page = administration(app)
    rows = {
        re.sub("<[^>]+>", "", name): [re.sub("<[^>]+>", "", cell) for cell in re.findall("<td>(.*?)</td>", cells)]
        for name, cells in re.findall(r'<th scope="row">(<code>\[.*?)</th>(.*?)</tr>', page, re.DOTALL)
    }
    assert rows["[server] language"] == ["en", "file", "TRIAGE_SERVER_LANGUAGE"]
    assert rows["[scp] ae_title"] == ["NIGHT", "environment", "TRIAGE_SCP_AE_TITLE"]
    assert rows["[server] port"] == ["8080", "default", "TRIAGE_SERVER_PORT"]
    assert str(path) in page and fact(page, "Images are kept for") == "6 hours"
    app.extensions["store"].close()


def test_a_copy_of_the_records_comes_whole_and_is_on_record(client: FlaskClient, store: Store, tmp_path: Path) -> None:
    for number in range(40):
        store.arrivals.queue(Source.UPLOAD, str(number))
    assert client.get("/admin/backup").status_code == 405
    answer = send(client, "/admin/backup")
    assert answer.status_code == 200 and int(answer.headers["Content-Length"]) == len(answer.data)
    assert re.search(r"attachment; filename=triage-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.sqlite", str(answer.headers))
    path = tmp_path / "copy.sqlite"
    path.write_bytes(answer.data)
    with closing(sqlite3.connect(str(path))) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert copy.execute("SELECT COUNT(*) FROM cases").fetchone()[0] == 40
    assert acts(store)[0] == "backup"
    assert list(store.temporary.iterdir()) == []


def test_the_trail_is_examined_when_asked(client: FlaskClient, store: Store) -> None:
    for number in range(3):
        store.arrivals.queue(Source.UPLOAD, str(number))
    assert "chain of hashes" not in client.get("/admin?lang=en").text
    entries = store.audit.verify().entries
    assert f"holds, from the first entry to number {entries}." in send(client, "/admin/verify?lang=en").text
    with store.database.transaction() as connection:
        connection.execute("DROP TRIGGER audit_keeps_values")
        connection.execute("UPDATE audit SET who = 'nobody' WHERE number = ?", (entries - 1,))
    page = send(client, "/admin/verify?lang=en").text
    assert f"holds for {entries - 2} entry and then breaks" in page
    assert f"Entry {entries - 1} of the audit trail" in page


def test_the_trail_goes_on_page_by_page(client: FlaskClient, store: Store) -> None:
    for number in range(105):
        store.arrivals.queue(Source.UPLOAD, str(number))
    address, numbers = "/admin?lang=en", []
    while address:
        page = client.get(address).text
        numbers += [int(number) for number in re.findall(r'<th scope="row">(\d+)</th>', page)]
        older = re.search(r'href="(/admin\?before=\d+)#audit"', page)
        address = older.group(1) if older else ""
    assert numbers == list(range(store.audit.verify().entries, 0, -1)) and len(numbers) > 100


@pytest.mark.parametrize("path", ["/admin", "/cases"])
@pytest.mark.parametrize("before", ["0", "-1", "x", "1.5", "9" * 19, "9" * 5000, "²", ""])
def test_a_page_before_no_number_is_refused(client: FlaskClient, path: str, before: str) -> None:
    assert client.get(path, query_string={"before": before}).status_code == 400
    assert client.get(path, query_string={"before": "1"}).status_code == 200


def test_nobody_is_named(client: FlaskClient, judged: Judged) -> None:
    judged("red")
    page = client.get("/admin").text
    for secret in (PATIENT.patient_id, "Hanako", "花子", PATIENT.birth_date):
        assert secret not in page


def test_a_damaged_manifest_is_said(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    app = create_app(replace(settings, engine=replace(settings.engine, manifest=tmp_path / "manifest.json")))
    page = administration(app)
    assert "its network is absent or damaged" in page and "SHA-256" not in page
    app.extensions["store"].close()


def test_every_page_leads_there(client: FlaskClient) -> None:
    assert '<a href="/admin">Administration</a>' in client.get("/?lang=en").text


@pytest.mark.parametrize(
    ("zone", "offset", "doubted"), [("UTC", "UTC+00:00", True), ("Asia/Tokyo", "UTC+09:00", False)]
)
def test_the_clock_is_shown_with_its_zone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, zone: str, offset: str, doubted: bool
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    app = create_app(replace(settings, hospital=HospitalSettings("模擬記念病院")))
    pages = {language: app.test_client().get("/admin?lang=" + language).text for language in ("en", "ja")}
    app.extensions["store"].close()
    monkeypatch.undo()
    time.tzset()
    names = {"en": ("Clock", "Time zone not set"), "ja": ("時計", "タイムゾーン未設定")}
    for language, (name, warning) in names.items():
        shown = fact(pages[language], name)
        assert re.search(rf"[0-9]{{2}}:[0-9]{{2}}, {re.escape(offset)}", shown)
        assert (warning in shown) == doubted
