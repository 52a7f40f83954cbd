"""The camera process: real video files and frames that a page sent, to a case in the queue."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Iterator, Optional

import cv2
import numpy as np
import pytest

from appliance.camera.gathered import is_gathered, read_gathered
from appliance.config import CameraSettings, IngestSettings, Settings, StoreSettings
from appliance.guidance import GuidanceCode
from appliance.ingest import camera
from appliance.ingest.camera import CameraProcess
from appliance.presence import is_present
from appliance.stop import StopRequest
from appliance.store import Capture, CaptureState, Case, Eye, Source, State, Store, Way, Wish
from appliance.store.troubles import TroubleCode, troubles
from tests.ingest.camera_command import Start
from tests.running import wait_for
from tests.screens import (
    PATIENT,
    console,
    in_a_room,
    scrolled,
    slices,
    write_video,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def begun(store: Store, way: Way, eye: Eye) -> Capture:
    capture = store.captures.begin(way, eye, None, "sato, doctor")
    store.frames(capture.id).open()
    return capture


def now(store: Store, capture: Capture) -> Capture:
    found = store.captures.find(capture.id)
    assert found is not None
    return found


def ended(store: Store, capture: Capture) -> Capture:
    return wait_for(lambda: now(store, capture) if now(store, capture).state.final else None)


def case_of(store: Store, capture: Capture) -> Case:
    over = ended(store, capture)
    assert over.state is CaptureState.DONE, over
    case = store.case(over.case_id or "")
    assert case is not None
    return case


def photographed(pictures: np.ndarray) -> np.ndarray:
    return in_a_room(console(pictures, 4))


def jpeg(picture: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


def sent(store: Store, capture: Capture, picture: np.ndarray, numbers: Iterator[int]) -> None:
    """Send one frame as the page does."""
    number = next(numbers)
    store.frames(capture.id).put(number, number * 70, iter([jpeg(picture)]), 10_000_000)


def be_looked_at(store: Store, capture: Capture, times: int = 1) -> None:
    """Send frames as the page does until so many were looked at; their numbers come after any that a test has sent."""
    screen, numbers = photographed(slices()[2:14]), iter(range(10, 10_000))

    def looked() -> bool:
        sent(store, capture, screen, numbers)
        return now(store, capture).looked >= times

    wait_for(looked)


@pytest.mark.slow
def test_a_video_in_place_of_the_own_camera_becomes_a_case(store: Store, start: Start, tmp_path: Path) -> None:
    shown = slices()[4:28:3]
    video = write_video(tmp_path / "screen.avi", scrolled(shown, 8))
    start(TRIAGE_CAMERA_SOURCE=str(video))
    capture = begun(store, Way.SCROLL, Eye.OWN)
    wait_for(lambda: store.frames(capture.id).preview.is_file())
    case = case_of(store, capture)  # a file ends by itself
    assert (case.source, case.state, case.photographed) == (Source.CAMERA, State.QUEUED, True)
    folder = store.spool / case.spool
    gathered = read_gathered(folder)
    assert is_gathered(folder) and gathered.way == "scroll" and len(gathered.pictures) == len(shown)
    assert gathered.header is not None and gathered.header.ndim == 3
    assert not store.frames(capture.id).preview.exists()
    (row,) = store.database.rows("SELECT * FROM audit WHERE what = 'received'")
    assert row["who"] == "sato, doctor" and PATIENT not in row["detail"]


@pytest.mark.slow
def test_tiles_that_a_page_sends_are_taken_when_asked(store: Store, start: Start) -> None:
    start()
    capture, numbers = begun(store, Way.TILES, Eye.BROWSER), iter(range(10_000))
    screen = photographed(slices()[2:14])

    def sees(code: GuidanceCode, slices_so_far: int) -> bool:
        sent(store, capture, screen, numbers)
        found = now(store, capture)
        return found.said is not None and found.said.code is code and found.slices == slices_so_far

    wait_for(lambda: sees(GuidanceCode.TILES_SEEN, 0))
    said = now(store, capture).said
    assert said is not None and said.values == {"count": 12}
    store.captures.wish(capture, Wish.FINISH)
    wait_for(lambda: sees(GuidanceCode.NOTHING_YET, 0) or sees(GuidanceCode.TILES_SEEN, 0))
    assert not now(store, capture).state.final
    for _ in range(2):  # the same shot twice is one
        store.captures.wish(capture, Wish.TAKE)
        wait_for(lambda: sees(GuidanceCode.TAKEN, 12) and now(store, capture).wish is None)
    screen = photographed(slices()[14:26])
    wait_for(lambda: sees(GuidanceCode.TILES_SEEN, 12))
    store.captures.wish(capture, Wish.TAKE)
    wait_for(lambda: sees(GuidanceCode.TAKEN, 24))
    store.captures.wish(capture, Wish.FINISH)
    gathered = read_gathered(store.spool / case_of(store, capture).spool)
    assert gathered.way == "tiles" and len(gathered.pictures) == 24


@pytest.mark.slow
def test_what_is_not_a_picture_is_passed_over(store: Store, start: Start) -> None:
    start()
    capture = begun(store, Way.TILES, Eye.BROWSER)
    frames = store.frames(capture.id)
    huge = b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03" + bytes(40)  # says that it has 65535 rows and columns
    for number, content in enumerate([b"\xff\xd8\xff broken", huge]):
        frames.put(number, number, iter([content]), 10_000)
    be_looked_at(store, capture, times=2)
    store.captures.wish(capture, Wish.CANCEL)
    assert ended(store, capture).state is CaptureState.ABANDONED
    wait_for(lambda: not (store.folder / "frames" / capture.id).exists())


@pytest.mark.slow
def test_a_capture_without_frames_ends_by_itself(store: Store, start: Start) -> None:
    start(TRIAGE_CAMERA_QUIET_S="1")
    assert ended(store, begun(store, Way.SCROLL, Eye.BROWSER)).state is CaptureState.ABANDONED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_says_so_of_the_capture(store: Store, start: Start, number: int) -> None:
    process = start()
    capture = begun(store, Way.TILES, Eye.BROWSER)
    be_looked_at(store, capture)
    assert is_present(store.camera_lock)
    process.send_signal(number)
    _, complaints = process.communicate(timeout=120)
    assert process.returncode == 0 and "Traceback" not in complaints
    over = now(store, capture)
    assert (over.state, over.error_code) == (CaptureState.FAILED, "camera_interrupted")
    assert not is_present(store.camera_lock)


def test_a_look_that_lasts_longer_than_the_end_waits_is_interrupted_too(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "_STOP_S", 0.0)
    stop = StopRequest()
    capture = begun(store, Way.TILES, Eye.BROWSER)

    def send_and_stop() -> None:
        try:
            be_looked_at(store, capture)
        finally:
            stop.set = True

    page = threading.Thread(target=send_and_stop)
    page.start()
    CameraProcess(store, Settings(store=StoreSettings(tmp_path / "store")), stop).work()
    over = now(store, capture)
    assert (over.state, over.error_code) == (CaptureState.FAILED, "camera_interrupted")
    page.join()
    wait_for(lambda: f"capture {capture.id}" not in [thread.name for thread in threading.enumerate()])
    assert now(store, capture) == over


def test_what_a_killed_process_was_looking_at_is_over_with_the_next(store: Store, start: Start) -> None:
    process = start()
    capture = begun(store, Way.TILES, Eye.BROWSER)
    be_looked_at(store, capture)
    process.kill()
    process.wait()
    start()
    assert ended(store, capture).error_code == "camera_interrupted"
    wait_for(lambda: not (store.folder / "frames" / capture.id).exists())


def test_a_camera_that_is_not_there_is_said(store: Store, start: Start, tmp_path: Path) -> None:
    absent = str(tmp_path / "dev")
    settings = Settings(
        store=StoreSettings(tmp_path / "store"),
        ingest=IngestSettings(min_free_mb=1),
        camera=CameraSettings(source="http://127.0.0.1:9/absent"),
    )
    assert absent not in settings.camera.source
    start(TRIAGE_CAMERA_SOURCE=settings.camera.source)

    def said() -> Optional[TroubleCode]:
        found = [trouble.code for trouble in troubles(store, settings)]
        return next((code for code in found if code is TroubleCode.CAMERA_NOT_THERE), None)

    assert wait_for(said)
    assert TroubleCode.CAMERA_NOT_THERE not in [
        trouble.code for trouble in troubles(store, replace(settings, camera=CameraSettings()))
    ]


def test_a_capture_that_nothing_looks_at_is_said(store: Store, tmp_path: Path) -> None:
    settings = Settings(store=StoreSettings(tmp_path / "store"), ingest=IngestSettings(min_free_mb=1))
    begun(store, Way.SCROLL, Eye.BROWSER)
    assert troubles(store, settings) == []
    with store.database.transaction() as connection:
        connection.execute("UPDATE captures SET began_at = '2026-01-01T00:00:00.000+00:00'")
    assert [trouble.code for trouble in troubles(store, settings)] == [TroubleCode.NO_CAMERA_PROCESS]


def test_what_is_no_camera_is_said_at_once(start: Start) -> None:
    process = start("--source", "ftp://camera")
    said, complaints = process.communicate(timeout=120)
    assert process.returncode == 2 and said == "" and complaints.startswith("triage: An address that begins with ftp")


def test_a_cameras_password_is_not_shown() -> None:
    assert CameraSettings(source="rtsp://admin:p@ss@10.0.0.5:554/live?a=1").shown == "rtsp://10.0.0.5:554/live?a=1"
    assert CameraSettings(source="/dev/v4l/by-id/usb-a").shown == "/dev/v4l/by-id/usb-a"
