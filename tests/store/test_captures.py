"""What the store keeps of captures: their state, their frames, and whose a photographed case is."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Iterator

import pytest

from appliance.guidance import Guidance, GuidanceCode, refusal
from appliance.reasons import Reason, ReasonCode
from appliance.store import (
    Capture,
    CaptureError,
    CaptureState,
    Eye,
    NoFrameError,
    NoPatientError,
    PatientNamedError,
    Source,
    Store,
    Way,
    Wish,
)
from appliance.store.frames import WAITING_MAX, Frames
from appliance.store.retention import purge
from tests.verdicts import RED, REFUSED

JPEG = b"\xff\xd8\xff\xe0 a picture"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def begun(store: Store, eye: Eye = Eye.BROWSER, person: int = 1) -> Capture:
    return store.captures.begin(Way.SCROLL, eye, person, f"person {person}")


def found(store: Store, capture: Capture) -> Capture:
    again = store.captures.find(capture.id)
    assert again is not None
    return again


def test_a_capture_goes_from_looking_to_its_case(store: Store) -> None:
    capture = begun(store)
    assert capture.state is CaptureState.LOOKING and store.captures.under_way() == [capture]
    said = Guidance(GuidanceCode.TILES_SEEN, {"count": 3}, ((0.1, 0.2), (0.3, 0.2), (0.3, 0.4), (0.1, 0.4)))
    store.captures.say(capture, said, 3, 17)
    now = found(store, capture)
    assert (now.state, now.said, now.slices, now.looked) == (CaptureState.RUNNING, said, 3, 17)
    store.captures.done(capture, "abc")
    assert found(store, capture).case_id == "abc" and store.captures.under_way() == []
    store.captures.abandon(capture)
    store.captures.say(capture, said, 9, 99)
    assert (found(store, capture).state, found(store, capture).slices) == (CaptureState.DONE, 3)


def test_a_refusal_is_said_with_its_reason(store: Store) -> None:
    capture, said = begun(store), refusal(Reason(ReasonCode.PHOTO_UNREADABLE, {"name": "1"}))
    store.captures.say(capture, said, 0, 1)
    assert found(store, capture).said == said


def test_a_wish_is_taken_up_once_and_to_cancel_is_final(store: Store) -> None:
    capture = begun(store)
    store.captures.wish(capture, Wish.TAKE)
    assert found(store, capture).wish is Wish.TAKE
    store.captures.wish(capture, Wish.FINISH)
    store.captures.took_up(capture, Wish.TAKE)
    assert found(store, capture).wish is Wish.FINISH
    store.captures.took_up(capture, Wish.FINISH)
    assert found(store, capture).wish is None
    store.captures.wish(capture, Wish.CANCEL)
    store.captures.wish(capture, Wish.FINISH)
    assert found(store, capture).wish is Wish.CANCEL


def test_the_own_camera_is_for_one_and_a_new_capture_ends_ones_own(store: Store) -> None:
    first = begun(store, Eye.OWN, 1)
    with pytest.raises(CaptureError):
        begun(store, Eye.OWN, 2)
    begun(store, Eye.BROWSER, 2)
    again = begun(store, Eye.OWN, 1)
    assert found(store, first).wish is Wish.CANCEL and found(store, again).wish is None
    begun(store, Eye.BROWSER, 3)
    with pytest.raises(CaptureError):
        begun(store, Eye.BROWSER, 4)


def test_frames_wait_in_order_and_the_oldest_go(tmp_path: Path) -> None:
    frames = Frames(tmp_path / "frames")
    frames.open()
    for number in range(WAITING_MAX + 5):
        frames.put(number, number * 70, iter([JPEG, b"%d" % number]), 1000)
    taken = [frames.take() for _ in range(WAITING_MAX)]
    assert [frame.number for frame in taken if frame] == list(range(5, WAITING_MAX + 5))
    assert taken[0] is not None and (taken[0].taken_s, taken[0].jpeg) == (0.35, JPEG + b"5")
    assert frames.take() is None
    frames.remove()
    assert not (tmp_path / "frames").exists() and frames.take() is None


@pytest.mark.parametrize("content", [b"", b"GIF89a", JPEG + b"x" * 1000])
def test_what_is_no_frame_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    frames = Frames(tmp_path / "frames")
    frames.open()
    with pytest.raises(NoFrameError):
        frames.put(1, 0, iter([content] if content else []), 1000)
    assert list((tmp_path / "frames").iterdir()) == []


def test_no_frame_is_taken_for_a_capture_that_is_over(tmp_path: Path) -> None:
    frames = Frames(tmp_path / "frames")
    with pytest.raises(FileNotFoundError):
        frames.put(1, 0, iter([JPEG]), 1000)


def test_frames_of_captures_that_are_over_are_removed(store: Store) -> None:
    for name in ("here", "gone"):
        store.frames(name).open()
    store.remove_frames(keep={"here"})
    assert [path.name for path in (store.folder / "frames").iterdir()] == ["here"]


def photographed(store: Store, name: str = "camera-x") -> str:
    """File a case off a camera, and return its id."""
    case = store.arrivals.queue(Source.CAMERA, name)
    (store.spool / name).mkdir(exist_ok=True)
    job = store.jobs.claim()
    assert job is not None and store.jobs.finish(job, REFUSED, photographed=True)
    return case.id


def test_whose_a_photographed_case_is_is_kept_with_who_said_so(store: Store) -> None:
    case_id = photographed(store)
    case = store.case(case_id)
    assert case is not None and case.photographed and case.unidentified
    assert case.to_json()["identified"] is False
    store.identities.confirm(case, "  00012345  ", "Dr Sato")
    store.identities.confirm(case, "Yamada Taro", "Dr Suzuki")
    again = store.case(case_id)
    assert again is not None and again.identity is not None and not again.unidentified
    assert (again.identity.patient, again.identity.who) == ("Yamada Taro", "Dr Suzuki")
    assert "Yamada" not in json.dumps(again.to_json()) and again.to_json()["identified"] is True
    rows = store.database.rows("SELECT * FROM audit WHERE what = 'identified' ORDER BY number")
    assert [json.loads(row["detail"])["by"] for row in rows] == ["Dr Sato", "Dr Suzuki"]
    assert all("Yamada" not in row["detail"] and "12345" not in row["detail"] for row in rows)
    with pytest.raises(PatientNamedError):
        store.feedback.give(again, "red", "this is yamada taro", "Dr Sato")
    with pytest.raises(sqlite3.IntegrityError):
        store.database.rows("UPDATE identities SET patient = 'Suzuki'")


def test_an_identity_needs_a_patient_and_a_photograph(store: Store) -> None:
    case = store.case(photographed(store))
    assert case is not None
    for wrong in ("", "   ", "x" * 101, "a\x00b"):
        with pytest.raises(NoPatientError):
            store.identities.confirm(case, wrong, "Dr Sato")
    store.arrivals.queue(Source.UPLOAD, "upload-x")
    job = store.jobs.claim()
    assert job is not None and store.jobs.finish(job, RED)
    filed = store.case(job.case_id)
    assert filed is not None and not filed.photographed and filed.to_json()["identified"] is None
    with pytest.raises(ValueError, match="not photographed"):
        store.identities.confirm(filed, "1", "Dr Sato")


def test_a_purge_takes_the_capture_and_the_identity(store: Store) -> None:
    case_id = photographed(store)
    case = store.case(case_id)
    assert case is not None
    capture = begun(store)
    store.captures.done(capture, case_id)
    store.identities.confirm(case, "Yamada Taro", "Dr Sato")
    purge(store, case)
    assert store.captures.find(capture.id) is None
    assert store.database.rows("SELECT * FROM identities") == []
    assert b"Yamada" not in store.database.path.read_bytes()
