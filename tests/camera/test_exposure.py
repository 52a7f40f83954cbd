"""A CT that a camera shows too bright is noticed and said for a while; a camera that can be told is told."""

from __future__ import annotations

import threading
from typing import Iterator

import cv2
import numpy as np
import pytest

from appliance.camera.exposure import PATIENCE_S, Brightness, brain_level, is_too_bright
from appliance.camera.live import LiveSource
from appliance.camera.scroll import Hint, ScrollCapture
from appliance.camera.sources import Frame
from tests.screens import slices

pytestmark = pytest.mark.slow  # pictures and numbers: one Python is enough

GAMMA = 2.2


def exposed(picture: np.ndarray, factor: float) -> np.ndarray:
    """What a camera records that takes so many times the light that would just show bone white."""
    light = (np.power(picture / 255.0, GAMMA) + 0.01) * factor
    return (np.power(np.clip(light, 0, 1), 1 / GAMMA) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    return slices(None)[8:22:3]


def test_the_level_of_brain_does_not_depend_on_exposure_until_bone_clips(head: np.ndarray) -> None:
    for picture in head:
        levels = [brain_level(exposed(picture, factor)) for factor in (0.3, 0.6, 0.95)]
        assert None not in levels
        assert max(levels) - min(levels) < 8  # type: ignore[type-var, operator]
        assert not is_too_bright(exposed(picture, 0.95))


def test_where_blood_clips_it_is_too_bright(head: np.ndarray) -> None:
    for picture in head:
        assert is_too_bright(exposed(picture, 2.6))


def test_black_and_noise_are_not_too_bright() -> None:
    assert not is_too_bright(np.zeros((300, 300), np.uint8))
    assert not is_too_bright(np.random.default_rng(0).integers(0, 256, (300, 300)).astype(np.uint8))


def test_it_is_said_for_a_while_and_then_no_more(head: np.ndarray) -> None:
    brightness = Brightness()
    bright, good = exposed(head[2], 2.5), exposed(head[2], 0.8)
    assert brightness.complains(bright, 0.0) and brightness.complains(bright, PATIENCE_S - 0.1)
    assert not brightness.complains(bright, PATIENCE_S + 0.1)
    assert not brightness.complains(good, PATIENCE_S + 1)
    assert brightness.complains(bright, PATIENCE_S + 2)


@pytest.mark.parametrize(("factor", "said"), [(2.5, True), (0.8, False)])
def test_who_scrolls_is_told(head: np.ndarray, factor: float, said: bool) -> None:
    frame = np.zeros((720, 1280, 3), np.uint8)
    frame[60:660, 340:940] = cv2.resize(exposed(head[2], factor), (600, 600))[..., None]
    corners = np.array([[340, 60], [940, 60], [940, 660], [340, 660]], np.float64) - 0.5
    capture = ScrollCapture(lambda picture: corners)
    assert (capture.add(Frame(frame, 0.0, 0)).hint is Hint.TOO_BRIGHT) == said


class Camera:
    """A camera that can be told to expose less."""

    def __init__(self) -> None:
        self.darkened = 0
        self._noise = np.random.default_rng(0)

    def read(self) -> np.ndarray:
        threading.Event().wait(0.02)
        return self._noise.integers(0, 50, (48, 64, 3)).astype(np.uint8)

    def darken(self) -> bool:
        self.darkened += 1
        return True

    def close(self) -> None:
        pass


def test_the_thread_that_reads_tells_the_camera_once_a_step() -> None:
    camera = Camera()
    with LiveSource(lambda: camera) as source:
        frames: Iterator[object] = iter(source)
        for _ in range(5):
            next(frames)
            source.darken()
        for _ in range(5):
            next(frames)
    assert camera.darkened == 1
