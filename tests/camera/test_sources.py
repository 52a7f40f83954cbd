"""Frames from cameras in the network, videos and pictures; what goes wrong is said within a second."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Callable, Iterator, List, Union

import cv2
import numpy as np
import pytest

from appliance.camera.live import open_source
from appliance.camera.sources import Frame, PictureFiles, SourceError, Trouble, TroubleKind
from appliance.errors import NoPictureError, TriageError
from appliance.guidance import GUIDANCE, GuidanceCode
from tests.camera.cameras import NetworkCamera, number_of, numbered

pytestmark = pytest.mark.slow  # one Python is enough

SIZE = (640, 360)


def until(items: Iterator[Union[Frame, Trouble]], wanted: Callable[[Union[Frame, Trouble]], bool]) -> float:
    """Seconds until an item comes that is wanted, at most 10."""
    began = time.monotonic()
    for item in items:
        if wanted(item):
            return time.monotonic() - began
        if time.monotonic() - began > 10:
            break
    pytest.fail("it did not come")


def a_frame(item: Union[Frame, Trouble]) -> bool:
    return isinstance(item, Frame)


def trouble(kind: TroubleKind) -> Callable[[Union[Frame, Trouble]], bool]:
    return lambda item: isinstance(item, Trouble) and item.kind is kind


@pytest.mark.parametrize("says_length", [True, False])
def test_a_network_camera_gives_its_newest_frame(says_length: bool) -> None:
    camera = NetworkCamera()
    camera.says_length = says_length
    seen: List[Frame] = []
    with camera.serving(), open_source(camera.address) as source:
        for item in source:
            assert isinstance(item, Frame)
            assert item.picture.shape == (360, 640, 3) and item.picture.dtype == np.uint8
            # one that kept every frame would be 40 behind in the end; a busy machine may be a few behind
            assert camera.given - number_of(item.picture) <= 15
            seen.append(item)
            if len(seen) == 8:
                break
            time.sleep(0.2)  # a reader that is slower than the camera
    numbers = [frame.number for frame in seen]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] - numbers[0] > len(seen)
    assert all(number_of(frame.picture) == frame.number + 1 for frame in seen)


def test_a_stall_is_said_within_a_second_and_mended() -> None:
    with NetworkCamera().serving() as camera, open_source(camera.address) as source:
        items = iter(source)
        assert until(items, a_frame) < 1
        camera.state = "stalled"
        assert until(items, trouble(TroubleKind.NO_PICTURES)) < 1
        camera.state = "on"
        assert until(items, a_frame) < 4


def test_a_camera_that_goes_and_comes_back() -> None:
    with NetworkCamera().serving() as camera, open_source(camera.address) as source:
        items = iter(source)
        assert until(items, a_frame) < 1
        camera.state = "off"
        assert until(items, lambda item: isinstance(item, Trouble)) < 1
        assert until(items, trouble(TroubleKind.NOT_THERE)) < 3
        camera.state = "on"
        assert until(items, a_frame) < 4


def test_a_frozen_picture_is_no_frame() -> None:
    with NetworkCamera().serving() as camera, open_source(camera.address) as source:
        items = iter(source)
        assert until(items, a_frame) < 1
        camera.state = "frozen"
        assert until(items, trouble(TroubleKind.FROZEN)) < 1.2
        camera.state = "on"
        assert until(items, a_frame) < 1


def test_another_size_is_said_before_its_first_frame() -> None:
    with NetworkCamera().serving() as camera, open_source(camera.address) as source:
        items = iter(source)
        assert until(items, a_frame) < 1
        camera.size = (800, 448)
        assert until(items, trouble(TroubleKind.RESIZED)) < 1
        first = next(items)
        assert isinstance(first, Frame) and first.picture.shape == (448, 800, 3)


@pytest.mark.parametrize("address", ["/dev/v4l/by-id/usb-none", "http://127.0.0.1:9/video", "rtsp://127.0.0.1:9/video"])
def test_a_camera_that_is_not_there_is_waited_for(address: str) -> None:
    with open_source(address) as source:
        items = iter(source)
        assert until(items, trouble(TroubleKind.NOT_THERE)) < 1
        assert until(items, trouble(TroubleKind.NOT_THERE)) < 1


def test_every_trouble_has_a_sentence() -> None:
    for kind in TroubleKind:
        assert GUIDANCE[GuidanceCode(f"camera_{kind.value}")].endswith(".")


def write_video(path: Path, count: int, rate: float) -> Path:
    """A video of numbered pictures."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, SIZE)
    for number in range(count):
        writer.write(numbered(number, SIZE))
    writer.release()
    return path


def test_a_video_gives_every_frame_in_its_own_time(tmp_path: Path) -> None:
    with open_source(str(write_video(tmp_path / "a.avi", 40, 25.0))) as source:
        frames = [item for item in source if isinstance(item, Frame)]
    assert [number_of(frame.picture) for frame in frames] == list(range(40))
    assert [frame.number for frame in frames] == list(range(40))
    assert [frame.taken_s for frame in frames] == pytest.approx([number / 25 for number in range(40)])


def test_a_folder_of_pictures_comes_in_the_order_of_its_names(tmp_path: Path) -> None:
    for number in (10, 9, 2):
        cv2.imwrite(str(tmp_path / f"slice{number}.png"), numbered(number, SIZE))
    with open_source(str(tmp_path)) as source:
        frames = [item for item in source if isinstance(item, Frame)]
    assert [number_of(frame.picture) for frame in frames] == [2, 9, 10]
    with PictureFiles([tmp_path / "slice9.png"]) as source:
        assert [number_of(item.picture) for item in source if isinstance(item, Frame)] == [9]


def test_what_is_no_source_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "torn.png").write_bytes(b"\x89PNG")
    wrong = [str(tmp_path / "absent.mp4"), str(tmp_path / "text.mp4"), str(tmp_path / "torn.png"), "ftp://a/b"]
    for address in wrong:
        with pytest.raises(SourceError) as raised, open_source(address) as source:
            list(source)
        assert raised.value.message.endswith(".") and isinstance(raised.value, TriageError)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoPictureError):
        open_source(str(tmp_path / "empty"))
