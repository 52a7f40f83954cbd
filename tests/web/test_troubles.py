"""What the pages say when the appliance itself is in trouble, and while a study still comes in."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from appliance.config import IngestSettings, ServerSettings, Settings, StoreSettings
from appliance.store import Source, Store, database
from appliance.web import create_app
from tests.store.test_aside import damage
from tests.web.test_uploads import TYPE, form


def test_trouble_is_said_on_every_page_in_the_readers_language(tmp_path: Path) -> None:
    settings = Settings(
        server=ServerSettings(port=0), store=StoreSettings(tmp_path), ingest=IngestSettings(min_free_mb=1 << 40)
    )
    app = create_app(settings)
    client = app.test_client()
    store: Store = app.extensions["store"]
    case = store.arrivals.queue(Source.DEMO, "a")
    for address in ("/", f"/cases/{case.id}"):
        assert "no new study is taken in" in client.get(f"{address}?lang=en").text
        assert "新しい検査を受け付けません" in client.get(f"{address}?lang=ja").text
    store.close()


def test_nothing_is_said_where_nothing_is_wrong(client: FlaskClient) -> None:
    page = client.get("/?lang=en").text
    assert re.findall(r'<p class="wrong"(?! role="alert"[^>]* hidden)', page) == []


def test_a_study_that_still_comes_in_is_shown_with_its_images(client: FlaskClient, store: Store) -> None:
    case = store.arrivals.announce(Source.NETWORK, "network-a-b")
    store.arrivals.count("network-a-b", 23)
    page = client.get(f"/cases/{case.id}?lang=en").text
    assert "Images are arriving" in page and "Images so far: 23." in page and "It is next." not in page
    assert "画像を受信中" in client.get("/?lang=ja").text
    assert client.get(f"/cases/{case.id}.json").json["state"] == "received"


def test_held_records_can_be_read_and_a_study_that_comes_says_why_it_is_not_taken(
    client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.arrivals.queue(Source.UPLOAD, "a")
    holder = sqlite3.connect(str(store.database.path), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    store.database.rows("PRAGMA busy_timeout = 50")
    assert client.get("/").status_code == 200
    request = {"data": form([b"no DICOM"]), "content_type": TYPE, "headers": {"Accept": "application/json"}}
    answer = client.post("/cases?lang=en", **request)
    assert answer.status_code == 503 and answer.json["error"]["code"] == "store_busy"
    assert answer.json["error"]["message"].endswith("if it fails again, read the study now.")
    holder.execute("ROLLBACK")
    holder.close()
    assert client.post("/cases", **request).status_code == 201


def test_damaged_records_are_a_sentence_and_the_page_tries_again(client: FlaskClient, store: Store) -> None:
    for number in range(200):
        store.arrivals.queue(Source.UPLOAD, f"{number:0200d}")
    store.database.rewrite()
    damage(store.database.path)
    store.database.rows("PRAGMA shrink_memory")
    answer = client.get("/?lang=en")
    assert answer.status_code == 500 and "records are damaged. Read the study now" in answer.text
    assert 'http-equiv="refresh"' in answer.text
