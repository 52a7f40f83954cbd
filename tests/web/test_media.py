"""What the start page says of discs and sticks."""

from __future__ import annotations

from flask.testing import FlaskClient

from appliance.store import MediumState, Source, Store


def start_page(client: FlaskClient, language: str = "en") -> str:
    return client.get(f"/?lang={language}").text


def test_nothing_is_said_where_nothing_is_inserted(client: FlaskClient) -> None:
    page = start_page(client)
    assert "Medium" not in page and "data-working" not in page
    assert "data-events" in page, "for something may be inserted at any time"


def test_progress_is_shown_and_refreshed(client: FlaskClient, store: Store) -> None:
    number = store.media.insert("sr0")
    store.media.progress(number, 12, 300)
    page = start_page(client)
    assert "Medium sr0" in page and "Do not remove it." in page and "It may be removed." not in page
    assert 'max="300" value="12"' in page


def test_a_medium_that_was_read_may_be_removed_and_leads_to_its_case(client: FlaskClient, store: Store) -> None:
    case = store.arrivals.queue(Source.MEDIA, "media-x")
    for state in (MediumState.READ, MediumState.KNOWN):
        number = store.media.insert("sdb1")
        store.media.finish(number, state, case.id)
        page = start_page(client)
        assert "It may be removed." in page and f"/cases/{case.id}" in page
        store.media.removed(number)
        assert "Medium" not in start_page(client)
    assert "Disc or stick" in start_page(client)


def test_a_medium_that_went_away_stays_named_until_the_next(client: FlaskClient, store: Store) -> None:
    number = store.media.insert("sdb1")
    store.media.finish(number, MediumState.GONE)
    store.media.removed(number)
    page = start_page(client)
    assert "went away before all of it was read. Insert it again." in page and "It may be removed." not in page
    assert "もう一度挿入してください" in start_page(client, "ja")
    store.media.insert("sdb1")
    assert "went away" not in start_page(client)


def test_a_refused_medium_says_why_in_the_readers_language(client: FlaskClient, store: Store) -> None:
    number = store.media.insert("<b>")
    store.media.finish(number, MediumState.REFUSED, error_code="no_dicom", error_message="of this machine")
    assert "No DICOM image and no photograph was found." in start_page(client) and "&lt;b&gt;" in start_page(client)
    assert "DICOM画像も写真も見つかりません" in start_page(client, "ja")


def test_what_an_earlier_watcher_was_reading_is_forgotten(client: FlaskClient, store: Store) -> None:
    store.media.insert("sr0")
    store.media.start()
    assert store.media.shown() == []
