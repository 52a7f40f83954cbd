"""The wall, the news that open pages hear, and the list of all cases."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from typing import Callable, Iterator, List

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.store import Case, Source, Store
from appliance.web.live import PAGES_MAX, Changes
from tests.verdicts import PATIENT

Judged = Callable[[str], Case]


def cards(page: str) -> List[str]:
    """The cards in their order."""
    return re.findall(r'<li class="(?:red|green|refer|failed|working|coming|waiting).*?</li>', page, re.DOTALL)


def test_the_newest_study_comes_first_and_is_no_name(client: FlaskClient, judged: Judged) -> None:
    judged("green")
    judged("red")
    page = client.get("/?lang=en").text
    newest, older = cards(page)
    assert "Urgent pattern suspected" in newest and "Call a specialist now." in newest
    assert "No finding suspicious of bleeding detected" in older
    assert "This does not rule anything out." in older, "green never stands without it"
    assert PATIENT.patient_id not in page and "Hanako" not in page and "模擬" not in page
    assert "female" in newest


@pytest.mark.parametrize(("language", "label"), [("ja", "受信"), ("en", "received")])
def test_a_time_says_what_it_is_of(client: FlaskClient, judged: Judged, language: str, label: str) -> None:
    case = judged("red")
    received = rf'{label} <time datetime="{re.escape(case.created_at.isoformat())}">[^<]*\d{{2}}:\d{{2}}</time>'
    for path in ("/", "/cases"):
        page = client.get(f"{path}?lang={language}").text
        assert len(re.findall(received, page)) == 1, path


@pytest.mark.parametrize(
    ("language", "other_day"), [("ja", "{0.year}年{0.month}月{0.day}日 {0:%H:%M}"), ("en", "{0:%Y, %H:%M}")]
)
def test_a_card_of_today_shows_the_time_alone_and_one_of_another_day_its_date(
    client: FlaskClient, store: Store, judged: Judged, language: str, other_day: str
) -> None:
    case, older = judged("red"), judged("green")
    yesterday = older.created_at - timedelta(days=1)
    with store.database.transaction() as connection:
        query = "UPDATE cases SET created_at = ? WHERE number = ?"
        connection.execute(query, (yesterday.isoformat(), older.number))
    page = client.get("/?lang=" + language).text
    shown = {
        moment: re.findall(f'<time datetime="{re.escape(moment.isoformat())}">([^<]*)</time>', page)
        for moment in (case.created_at, yesterday)
    }
    assert shown[case.created_at] == [f"{case.created_at.astimezone():%H:%M}"]
    (dated,) = shown[yesterday]
    assert dated.endswith(other_day.format(yesterday.astimezone()))


def test_the_list_says_who_acknowledged_and_who_waits(client: FlaskClient, store: Store, judged: Judged) -> None:
    red, refused = judged("red"), judged("refer")
    assert 'class="red awaited"' in client.get("/cases").text
    assert "Not acknowledged for" in client.get("/cases?lang=en").text
    for case in (red, refused):
        store.acknowledgements.acknowledge(case, "佐藤")
    page = client.get("/cases?lang=en").text
    assert page.count("Acknowledged by 佐藤") == 2 and "awaited" not in page and "Not acknowledged" not in page


def test_the_list_goes_on_page_by_page(client: FlaskClient, store: Store) -> None:
    for number in range(120):
        store.arrivals.queue(Source.UPLOAD, str(number))
    assert len(cards(client.get("/").text)) == 12
    address, numbers = "/cases?lang=en", []
    while address:
        page = client.get(address).text
        numbers += [int(number) for number in re.findall(r"· Case (\d+)", page)]
        older = re.search(r'href="(/cases\?before=\d+)"', page)
        address = older.group(1) if older else ""
    assert numbers == list(range(120, 0, -1))


def heard(events: Iterator[bytes]) -> str:
    """The next event's content."""
    for event in events:
        text = event.decode()
        if text.startswith("data: "):
            return str(json.loads(text[6:]))
    raise AssertionError("the stream ended")


def test_an_open_page_hears_what_changes(client: FlaskClient, store: Store, judged: Judged) -> None:
    answer = client.get("/events?lang=ja", buffered=False)
    assert answer.mimetype == "text/event-stream"
    events = iter(answer.response)
    assert "まだありません" in heard(events)
    judged("red")
    assert "要緊急対応の疑い" in heard(events)
    store.media.insert("sr0")
    assert "メディア sr0" in heard(events)
    answer.close()


def test_an_open_wall_is_told_when_a_day_begins(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a zone 24 hours ahead it is the next day."""
    monkeypatch.setenv("TZ", "WEST+11")
    time.tzset()
    answer = client.get("/events", buffered=False)
    events = iter(answer.response)
    heard(events)
    monkeypatch.setenv("TZ", "EAST-13")
    time.tzset()
    told = next(events).decode()
    answer.close()
    monkeypatch.undo()
    time.tzset()
    assert told.startswith("data: ")


def test_places_are_limited_and_given_back() -> None:
    changes = Changes(lambda: (1,))
    assert all(changes.take_place() for _ in range(PAGES_MAX))
    assert not changes.take_place()
    changes.give_place_back()
    assert changes.take_place()


def test_a_page_that_goes_away_gives_its_place_back(client: FlaskClient, app: Flask) -> None:
    answers = [client.get("/events", buffered=False) for _ in range(PAGES_MAX)]
    assert client.get("/events").status_code == 503
    answers.pop().close()  # before it has heard anything
    next(iter(answers[0].response))
    answers[0].close()
    for _ in range(2):
        assert client.get("/events", buffered=False).status_code == 200
    assert client.get("/events").status_code == 503


def test_a_page_without_a_place_is_told_to_ask(client: FlaskClient, app: Flask) -> None:
    while app.extensions["changes"].take_place():
        pass
    assert client.get("/events").status_code == 503
    assert client.get("/").status_code == 200


def test_a_change_is_rendered_once_for_all_pages() -> None:
    rendered: List[str] = []

    def render() -> str:
        rendered.append("x")
        return "x"

    changes = Changes(lambda: (1,))
    for _ in range(5):
        assert changes.take_place()
        next(changes.events("en", render, lambda: True))
    assert len(rendered) == 1


def test_what_was_superseded_is_marked(client: FlaskClient, store: Store, judged: Judged) -> None:
    first, second = judged("green"), judged("red")
    with store.database.transaction() as connection:
        connection.execute("UPDATE cases SET superseded_by = ? WHERE number = ?", (second.number, first.number))
    newest, older = cards(client.get("/?lang=en").text)
    assert "out of date" in older and "out of date" not in newest
