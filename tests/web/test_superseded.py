"""Pages of cases that others took the place of, or that brought nothing new."""

from __future__ import annotations

from typing import List

from flask.testing import FlaskClient

from appliance.config import StoreSettings
from appliance.store import Store
from appliance.store.retention import expire
from tests.arrivals import arrived, images


def test_an_old_answer_says_so_and_leads_to_the_new_one(client: FlaskClient, store: Store) -> None:
    old, _ = arrived(store, images(1, 2))
    new, _ = arrived(store, images(1, 2, 3))
    page = client.get(f"/cases/{old.id}?lang=en").text
    assert "out of date" in page and f"/cases/{new.id}" in page
    page = client.get(f"/cases/{new.id}?lang=en").text
    assert "out of date" not in page and "takes the place of" in page and f"/cases/{old.id}" in page
    assert client.get("/?lang=en").text.count("out of date") == 1
    assert client.get(f"/cases/{old.id}.json").json["superseded_by"] == new.number


def test_what_was_sent_again_leads_to_the_first(client: FlaskClient, store: Store) -> None:
    first, _ = arrived(store, images(1, 2))
    same, _ = arrived(store, images(1, 2))
    answer = client.get(f"/cases/{same.id}")
    assert answer.status_code == 302 and answer.location == f"/cases/{first.id}"
    assert client.get(f"/cases/{same.id}.json").json["same_as"] == first.number


def test_slices_that_are_no_longer_kept_are_not_asked_for(client: FlaskClient, store: Store) -> None:
    case, _ = arrived(store, images(1))
    assert client.get(f"/cases/{case.id}?lang=en").text.count("zone-") > 0
    expire(store, StoreSettings(pixels_hours=0))
    page = client.get(f"/cases/{case.id}?lang=en").text
    assert "zone-1.png" not in page and "no longer kept" in page


def test_views_of_an_answer_are_on_record(client: FlaskClient, store: Store) -> None:
    case, _ = arrived(store, images(1))
    client.get(f"/cases/{case.id}")
    rows: List[str] = [
        f"{row['who']} {row['case_number']}" for row in store.database.rows("SELECT * FROM audit WHERE what = 'viewed'")
    ]
    assert rows == [f"web {case.number}"]


def test_an_open_answer_asks_whether_it_is_out_of_date_and_that_is_no_view(client: FlaskClient, store: Store) -> None:
    case, _ = arrived(store, images(1))
    assert 'id="outdated" data-live role="alert" data-watching' in client.get(f"/cases/{case.id}").text
    arrived(store, images(1, 2))
    page = client.get(f"/cases/{case.id}?lang=en", headers={"X-Shown": "yes"}).text
    assert "This answer is out of date" in page
    assert len(store.database.rows("SELECT * FROM audit WHERE what = 'viewed'")) == 1
