"""What comes after a verdict: the call, the acknowledgement, the handover sheet, and a person's own colour."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Callable, Iterator, List

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.config import HospitalSettings, Settings, StoreSettings
from appliance.store import Case, Store
from appliance.store.retention import expire
from appliance.web import create_app
from tests.arrivals import arrived, images

Judged = Callable[[str], Case]


def acknowledge(client: FlaskClient, case: Case, who: str = "佐藤 一郎") -> int:
    return client.post(f"/cases/{case.id}/acknowledgement?lang=en", data={"who": who}).status_code


def give(client: FlaskClient, case: Case, **form: str) -> int:
    return client.post(f"/cases/{case.id}/feedback?lang=en", data={"who": "Tanaka", **form}).status_code


def section(page: str, name: str) -> str:
    """The part of a page that bears this id."""
    found = re.search(rf'<div id="{name}".*?</section>', page, re.DOTALL)
    return found.group() if found else ""


@pytest.fixture
def called(settings: Settings) -> Iterator[FlaskClient]:
    """A client of pages that know whom to call."""
    hospital = HospitalSettings("Kinen Hospital", "03-1234-5678", "脳神経外科 <1>")
    app = create_app(replace(settings, hospital=hospital))
    yield app.test_client()
    app.extensions["store"].close()


@pytest.mark.parametrize("name", ["red", "refer"])
def test_whom_to_call_stands_in_the_card(called: FlaskClient, judged: Judged, name: str) -> None:
    page = called.get(f"/cases/{judged(name).id}").text
    card = re.findall(r'<section class="answer.*?</section>', page, re.DOTALL)[0]
    assert '<a href="tel:0312345678">' in card and '<span class="number">03-1234-5678</span>' in card
    assert "脳神経外科 &lt;1&gt;" in card


def test_green_calls_nobody(called: FlaskClient, judged: Judged) -> None:
    page = called.get(f"/cases/{judged('green').id}").text
    assert "tel:" not in page and "/acknowledgement" not in page and "/handover" in page


def test_without_a_number_the_page_says_where_to_set_it(client: FlaskClient, judged: Judged) -> None:
    page = client.get(f"/cases/{judged('red').id}?lang=en").text
    assert "No on-call number is set here." in page and "[hospital] on_call_number" in page and "tel:" not in page


def test_a_red_case_reminds_until_somebody_acknowledges_it(client: FlaskClient, judged: Judged) -> None:
    red = judged("red")
    page = client.get("/?lang=en").text
    assert 'data-awaited="1"' in page and "Not acknowledged for" in page
    assert "<title>(1) Red, not acknowledged – Head CT triage</title>" in page
    shown = section(client.get(f"/cases/{red.id}?lang=en").text, "next-step")
    assert "Nobody has acknowledged this case yet." in shown and '<input id="acknowledged-by" name="who"' in shown
    assert "Reminders go on until somebody does." in shown
    shown = section(client.get(f"/cases/{red.id}?lang=ja").text, "next-step")
    assert "確認されるまで、お知らせを続けます。" in shown
    assert acknowledge(client, red) == 303
    page = client.get("/?lang=en").text
    assert (
        "data-awaited" not in page and "Acknowledged by 佐藤 一郎" in page and "<title>Head CT triage</title>" in page
    )
    shown = section(client.get(f"/cases/{red.id}?lang=en").text, "next-step")
    assert "Acknowledged by 佐藤 一郎" in shown and "<form" not in shown
    assert acknowledge(client, red, "Tanaka") == 303, "whoever was second is led to who was first"
    assert "Tanaka" not in client.get(f"/cases/{red.id}").text


def test_an_open_wall_hears_who_acknowledged(client: FlaskClient, judged: Judged) -> None:
    answer = client.get("/events?lang=en", buffered=False)
    events = (json.loads(event.decode()[6:]) for event in answer.response if event.startswith(b"data: "))
    next(events)
    red = judged("red")
    assert "<title>(1) Red, not acknowledged" in next(events)
    acknowledge(client, red)
    heard = next(events)
    assert "<title>Head CT triage</title>" in heard and "Acknowledged by" in heard
    answer.close()


def test_the_oldest_red_case_is_a_click_away(client: FlaskClient, store: Store, judged: Judged) -> None:
    first = judged("red")
    for number in range(20):
        arrived(store, images(number), study=f"1.2.{number}")
    page = client.get("/?lang=en").text
    banner = re.findall(r'<section class="reminder".*?</section>', page, re.DOTALL)[0]
    assert "Red, not acknowledged: 21" in banner and f"/cases/{first.id}" in banner
    assert page.count(f"/cases/{first.id}") == 1, "its card has left the wall"


def test_a_superseded_red_case_needs_nobody(client: FlaskClient, store: Store) -> None:
    old, _ = arrived(store, images(1))
    new, _ = arrived(store, images(1, 2))
    assert 'data-awaited="1"' in client.get("/").text
    page = client.get(f"/cases/{old.id}?lang=en").text
    assert "/acknowledgement" not in page and 'class="call' not in page
    acknowledge(client, new)
    assert "data-awaited" not in client.get("/").text


def test_a_refusal_takes_an_acknowledgement_and_does_not_remind(client: FlaskClient, judged: Judged) -> None:
    refused = judged("refer")
    assert "data-awaited" not in client.get("/").text
    assert acknowledge(client, refused) == 303
    assert "確認済み：佐藤 一郎" in client.get("/?lang=ja").text


@pytest.mark.parametrize("who", ["", "   ", "x" * 61])
def test_no_name_no_acknowledgement(client: FlaskClient, store: Store, judged: Judged, who: str) -> None:
    red = judged("red")
    answer = client.post(f"/cases/{red.id}/acknowledgement?lang=ja", data={"who": who})
    assert answer.status_code == 400 and "氏名を60文字以内で" in answer.text
    assert [case.id for case in store.acknowledgements.awaited()] == [red.id]


def test_what_needs_no_acknowledgement_takes_none(client: FlaskClient, judged: Judged) -> None:
    assert acknowledge(client, judged("green")) == 400
    assert client.post("/cases/absent/acknowledgement").status_code == 404
    headers = {"Origin": "http://evil.example"}
    red = judged("red")
    assert client.post(f"/cases/{red.id}/acknowledgement", data={"who": "x"}, headers=headers).status_code == 403
    assert client.post(f"/cases/{red.id}/feedback", data={"who": "x"}, headers=headers).status_code == 403


def test_feedback_is_shown_below_and_not_on_the_wall(client: FlaskClient, store: Store, judged: Judged) -> None:
    green = judged("green")
    assert give(client, green, colour="yellow", note="one") == 303
    assert give(client, green, colour="black", note="two <b>", who="佐藤") == 303
    shown = section(client.get(f"/cases/{green.id}?lang=en").text, "feedback")
    given: List[str] = re.findall(r"<li>.*?</li>", shown, re.DOTALL)
    assert "Black" in given[0] and "佐藤" in given[0] and "two &lt;b&gt;" in given[0] and "this one counts" in given[0]
    assert "Yellow" in given[1] and "one" in given[1] and "this one counts" not in given[1]
    assert "no entry in the patient" in shown
    wall = client.get("/?lang=en").text
    assert "Black" not in wall and "two" not in wall and "佐藤" not in wall


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"note": "x"}, "4色のうち1つを"),
        ({"colour": "blue"}, "4色のうち1つを"),
        ({"colour": "red", "note": "x" * 2001}, "2000文字以内"),
        ({"colour": "red", "note": "花子さん"}, "患者名またはID"),
        ({"colour": "red", "who": ""}, "氏名を60文字以内で"),
    ],
)
def test_feedback_that_cannot_be_kept_says_why(
    client: FlaskClient, store: Store, judged: Judged, form, sentence
) -> None:  # type: ignore[no-untyped-def]
    case = judged("red")
    answer = client.post(f"/cases/{case.id}/feedback?lang=ja", data={"who": "Tanaka", **form})
    assert answer.status_code == 400 and sentence in answer.text
    assert store.feedback.of(case) == []


def test_feedback_on_the_same_images_again_is_on_the_first(client: FlaskClient, store: Store) -> None:
    first, _ = arrived(store, images(1))
    same, _ = arrived(store, images(1))
    assert give(client, same, colour="red") == 303
    assert len(store.feedback.of(first)) == 1


SHEET = {
    "ja": [
        "申し送り票",
        "要緊急対応の疑い",
        "医政医発1219第1号",
        "承認された医療機器ではありません",
        "否定ではありません",
    ],
    "en": [
        "Handover sheet",
        "Urgent pattern suspected",
        "stays responsible",
        "not an approved medical",
        "rule anything",
    ],
}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_sheet_holds_what_who_takes_over_needs(
    called: FlaskClient, store: Store, judged: Judged, language: str
) -> None:
    red = judged("red")
    acknowledge(called, red)
    page = called.get(f"/cases/{red.id}/handover?lang={language}").text
    for words in (
        *SHEET[language],
        *("SIM-0001", "佐藤 一郎"),
        *("<polygon", "Kinen Hospital", "03-1234-5678", "Head 5.0 soft", "slice-alexnet 0.1.0", "headct-triage"),
    ):
        assert words in page, words
    assert [page.count(f"zone-{zone}.png") for zone in range(1, 9)] == [1, 1, 1, 2, 1, 1, 1, 1]
    views = store.database.rows("SELECT 1 FROM audit WHERE what = 'viewed' AND case_number = ?", red.number)
    assert len(views) == 1, "the sheet names the patient"


def test_the_sheet_of_a_refusal_says_why_and_leaves_room_for_a_name(client: FlaskClient, judged: Judged) -> None:
    page = client.get(f"/cases/{judged('several').id}/handover?lang=en").text
    assert "Images of 2 patients were found together." in page and page.count('class="blank"') == 2
    assert "zone-" not in page and '<path d="M50 7 96 90H4z"' in page


def test_a_sheet_needs_a_current_verdict(client: FlaskClient, store: Store, app: Flask) -> None:
    old, _ = arrived(store, images(1))
    new, _ = arrived(store, images(1, 2))
    same, _ = arrived(store, images(1, 2))
    assert "This answer is out of date" in client.get(f"/cases/{old.id}/handover?lang=en").text
    assert client.get(f"/cases/{same.id}/handover").location == f"/cases/{new.id}/handover"
    expire(store, StoreSettings(pixels_hours=0))
    assert "The slices are no longer kept." in client.get(f"/cases/{new.id}/handover?lang=en").text
    assert client.get("/cases/absent/handover").status_code == 404
