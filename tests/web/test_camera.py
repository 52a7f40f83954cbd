"""The pages of a capture and of a photographed case, without a browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.config import CameraSettings, Settings
from appliance.guidance import Guidance, GuidanceCode, refusal
from appliance.reasons import Reason, ReasonCode
from appliance.store import Capture, CaptureState, Case, Eye, Source, Store, Way, Wish
from appliance.store.frames import WAITING_MAX
from appliance.store.pictures import write_pictures
from appliance.web import camera, create_app
from tests.screens import manifest_for_photographs
from tests.verdicts import RED
from tests.web.logins import Browser, logged_in

JPEG = b"\xff\xd8\xff a frame"


def begun(store: Store, way: str = "scroll", eye: str = "browser") -> Capture:
    return store.captures.begin(Way(way), Eye(eye), None, "web")


def found(store: Store, capture: Capture) -> Capture:
    again = store.captures.find(capture.id)
    assert again is not None
    return again


def put(client: FlaskClient, capture: Capture, number: int, content: bytes = JPEG) -> int:
    address = f"/camera/{capture.id}/frames/{number}-{number * 70}"
    return client.post(address, data=content, content_type="image/jpeg").status_code


def test_a_capture_begins_and_its_page_alone_may_have_the_camera(client: FlaskClient, store: Store) -> None:
    assert "camera=()" in client.get("/camera").headers["Permissions-Policy"]
    answer = client.post("/camera", data={"way": "scroll", "eye": "browser"})
    assert answer.status_code == 303
    (capture,) = store.captures.under_way()
    assert answer.location == f"/camera/{capture.id}"
    page = client.get(answer.location)
    policy = page.headers["Permissions-Policy"]
    assert "camera=(self)" in policy and "microphone=()" in policy
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert re.findall(r"<script(?![^>]* src=)|\son\w+=|style=", page.text) == []


@pytest.mark.parametrize(
    "form", [{}, {"way": "scroll"}, {"way": "x", "eye": "browser"}, {"way": "tiles", "eye": "own"}]
)
def test_what_the_page_does_not_offer_is_refused(client: FlaskClient, store: Store, form: dict[str, str]) -> None:
    assert client.post("/camera", data=form).status_code == 400
    assert store.captures.under_way() == []


def test_browsers_are_no_cameras_where_the_settings_say_so(settings: Settings) -> None:
    app = create_app(replace(settings, camera=CameraSettings(browsers=False)))
    client = app.test_client()
    assert "No camera is set up" in client.get("/camera?lang=en").text
    assert client.post("/camera", data={"way": "scroll", "eye": "browser"}).status_code == 400
    app.extensions["store"].close()


def test_frames_are_kept_for_the_camera_process_and_answered_with_what_to_do(client: FlaskClient, store: Store) -> None:
    client.post("/camera", data={"way": "scroll", "eye": "browser"})
    (capture,) = store.captures.under_way()
    store.captures.say(capture, Guidance(GuidanceCode.SLOWER, place=((0.1, 0.2), (0.3, 0.2), (0.3, 0.4))), 7, 20)
    answer = client.post(f"/camera/{capture.id}/frames/0-0?lang=en", data=JPEG, content_type="image/jpeg")
    assert "More slowly" in answer.text and "<strong>7</strong>" in answer.text and "0.1,0.2" in answer.text
    assert put(client, capture, 1) == 200
    frames = store.frames(capture.id)
    taken = [frames.take(), frames.take(), frames.take()]
    assert [(frame.number, frame.taken_s, frame.jpeg) for frame in taken if frame] == [(0, 0.0, JPEG), (1, 0.07, JPEG)]
    said = refusal(Reason(ReasonCode.PHOTO_NOT_BRAIN_WINDOW))
    store.captures.say(capture, said, 7, 21)
    page = client.get(f"/camera/{capture.id}?lang=ja").text
    assert "ウィンドウ" in page


def test_frames_have_limits(client: FlaskClient, store: Store, settings: Settings) -> None:
    client.post("/camera", data={"way": "scroll", "eye": "browser"})
    (capture,) = store.captures.under_way()
    too_large = JPEG + bytes(round(settings.camera.max_frame_mb * 1e6))
    assert [put(client, capture, number, content) for number, content in enumerate([b"", b"GIF89a", too_large])] == [
        400,
        400,
        400,
    ]
    assert put(client, capture, 10**9) == 400
    for number in range(WAITING_MAX + 3):
        assert put(client, capture, number) == 200
    first = store.frames(capture.id).take()
    assert first is not None and first.number == 3


def test_whoever_sends_too_fast_waits_and_then_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = []
    monkeypatch.setattr(camera.time, "sleep", waited.append)
    pace = camera.Pace()
    kept = [pace.keep("a") for _ in range(100)]
    assert kept[0] and not kept[-1] and 25 < sum(kept) < 40
    assert waited[0] == 0 and max(waited) <= 1.0
    assert pace.keep("b")


def test_a_wish_reaches_the_camera_process(client: FlaskClient, store: Store) -> None:
    capture = begun(store, "tiles")
    for wish in Wish:
        answer = client.post(f"/camera/{capture.id}/wish", data={"wish": wish.value})
        assert answer.status_code == 303
        assert found(store, capture).wish is wish
    assert client.post(f"/camera/{capture.id}/wish", data={"wish": "x"}).status_code == 400


def test_a_capture_that_is_over_leads_to_its_case_or_says_why(client: FlaskClient, store: Store) -> None:
    done, failed, left = (begun(store, eye="browser") for _ in range(3))
    store.captures.done(done, "abc")
    store.captures.fail(failed, "camera_interrupted", "…")
    store.captures.abandon(left)
    assert client.get(f"/camera/{done.id}").location == "/cases/abc"
    assert (
        'data-case="/cases/abc"'
        in client.post(f"/camera/{done.id}/frames/1-1", data=JPEG, content_type="image/jpeg").text
    )
    assert "The appliance stopped while" in client.get(f"/camera/{failed.id}?lang=en").text
    assert "This capture is over" in client.get(f"/camera/{left.id}?lang=en").text
    assert client.get("/camera/unknown").location == "/camera"


def test_only_who_began_a_capture_sees_it(hospital: Flask, records: Store) -> None:
    sato, tanaka = logged_in(hospital, records, "sato"), logged_in(hospital, records, "tanaka")
    sato.post("/camera", {"way": "tiles", "eye": "browser", "form_token": sato.token("/account")})
    (capture,) = records.captures.under_way()
    assert sato.get(f"/camera/{capture.id}").status_code == 200
    records.frames(capture.id).show(JPEG)
    assert tanaka.get(f"/camera/{capture.id}").location == "/camera"
    assert tanaka.get(f"/camera/{capture.id}/preview.jpg").status_code == 303
    with sato.get(f"/camera/{capture.id}/preview.jpg") as answer:
        assert answer.data == JPEG and answer.headers["Cache-Control"] == "no-store"
    token = {"form_token": tanaka.token("/account")}
    assert tanaka.post(f"/camera/{capture.id}/wish", {"wish": "cancel", **token}).status_code == 404
    headers = {"X-Form-Token": token["form_token"]}
    for address in (f"/camera/{capture.id}/frames/1-1", "/camera/unknown/frames/1-1"):
        assert tanaka.post(address, JPEG, content_type="image/jpeg", headers=headers).status_code == 404
    assert found(records, capture).wish is None and records.frames(capture.id).take() is None
    assert found(records, capture).state is CaptureState.LOOKING


@pytest.fixture
def photographed(store: Store) -> Iterator[Case]:
    yield photograph(store)


def photograph(store: Store) -> Case:
    """File a red case off a camera."""
    case = store.arrivals.queue(Source.CAMERA, "camera-x")
    job = store.jobs.claim()
    verdict = replace(RED, patient=None, study=None, series=None, rejected=())
    strip = np.full((20, 200, 3), 90, np.uint8)
    write_pictures(store.rendered, case.id, [np.zeros((16, 16), np.uint8)] * 8, strip)
    assert job is not None and store.jobs.finish(job, verdict, photographed=True)
    return case


def test_a_photographed_case_says_so_and_its_identity_is_confirmed(
    client: FlaskClient, store: Store, photographed: Case
) -> None:
    address = f"/cases/{photographed.id}"
    page = client.get(address + "?lang=en").text
    assert "Photographed off a screen, not read from the study" in page and "Identity not confirmed" in page
    assert 'class="side"' not in page  # which side is which, nothing says
    for path in ("/", "/cases", address + "/handover"):
        assert "Identity not confirmed" in client.get(path + "?lang=en").text, path
    with client.get(address + "/header.png") as answer:
        assert answer.data.startswith(b"\x89PNG")
    assert client.post(address + "/identity", data={"patient": " ", "who": "Dr Sato"}).status_code == 400
    answer = client.post(address + "/identity", data={"patient": "00012345 山田", "who": "Dr Sato"})
    assert answer.status_code == 303
    page = client.get(address + "?lang=en").text
    assert "Identity confirmed by Dr Sato" in page and "00012345 山田" in page
    assert "Identity not confirmed" not in client.get("/?lang=en").text + page
    sheet = client.get(address + "/handover?lang=en").text
    assert "00012345 山田" in sheet and "Dr Sato" in sheet
    assert "12345" not in json.dumps(client.get(address + ".json").json)


def test_no_other_case_is_identified_by_hand(client: FlaskClient, judged: Callable[[str], Case]) -> None:
    case = judged("red")
    assert client.post(f"/cases/{case.id}/identity", data={"patient": "1", "who": "Dr Sato"}).status_code == 400
    page = client.get(f"/cases/{case.id}?lang=en").text
    assert "Photographed" not in page and "Identity" not in page


def test_a_wall_screen_sees_neither_the_strip_nor_the_typed_name(hospital: Flask, records: Store) -> None:
    case = photograph(records)
    sato, wall = logged_in(hospital, records, "sato"), logged_in(hospital, records, "wall")
    form = {"patient": "Yamada Taro", "who": "x", "form_token": sato.token("/account")}
    assert sato.post(f"/cases/{case.id}/identity", form).status_code == 303
    seen = wall.get(f"/cases/{case.id}?lang=en").text + wall.get("/?lang=en").text
    assert "Yamada" not in seen and "header.png" not in seen and "Identity confirmed by sato" in seen
    assert wall.get(f"/cases/{case.id}/header.png").status_code == 403
    assert "Yamada Taro" in sato.get(f"/cases/{case.id}").text
    again = records.case(case.id)
    assert again is not None and again.identity is not None and again.identity.who == "sato"  # not what was typed


def test_a_doctor_finds_the_camera_and_a_wall_screen_does_not(hospital: Flask, records: Store) -> None:
    hospital.jinja_env.globals["photographs_judged"] = True
    assert "/camera" in logged_in(hospital, records, "sato").get("/").text
    assert "/camera" not in logged_in(hospital, records, "wall").get("/").text
    assert Browser(hospital).get("/camera").status_code == 303


def test_a_network_that_was_not_measured_on_photographs_is_not_offered_any(settings: Settings, tmp_path: Path) -> None:
    measured = manifest_for_photographs(tmp_path / "measured")
    document = json.loads(measured.read_text("utf-8"))
    del document["photographs"]
    (tmp_path / "manifest.json").write_text(json.dumps(document), "utf-8")
    for manifest, offered in ((measured, True), (tmp_path / "manifest.json", False)):
        engine = replace(settings.engine, manifest=manifest)
        client = create_app(replace(settings, engine=engine)).test_client()
        assert ('href="/camera"' in client.get("/").text) is offered
        assert ("not measured on photographs" in client.get("/camera?lang=en").text) is not offered
