"""Where the CT picture is, when it was located wrongly at first or is located elsewhere later."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.camera.scroll import Hint
from appliance.dicom.stack import window
from tests.camera.scrolling import Shown, film, indices, watch
from tests.simulated import volume

pytestmark = pytest.mark.slow  # pictures and numbers: one Python is enough


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """Slices of a simulated head, every second one: uint8, shape ``(16, 256, 256)``."""
    return window(np.ascontiguousarray(volume(bleed=None)[::2]), 120, 40)


def part_of(shown: Shown) -> np.ndarray:
    """The middle of the CT picture, which cuts all but the slices at the vertex."""
    middle = shown.corners.mean(axis=0)
    return np.asarray(middle + 0.5 * (shown.corners - middle))


def test_where_the_whole_head_was_seen_is_the_place(head: np.ndarray) -> None:
    """The small slices at the vertex are easily located too small, and are looked at for long."""
    there = [*((index, 0.25) for index in range(16)), (15, 5.0)]
    frames = list(film(head, [*there, *((index, 0.25) for index in range(14, 7, -1))], np.random.default_rng(4)))
    capture, said = watch(frames, lambda shown, times: part_of(shown) if shown.index >= 14 else shown.corners)
    assert indices(capture.finish(), head) == list(range(16))
    assert Hint.DONE in {one.hint for one in said}


def test_a_head_that_was_located_too_small_is_seen_anew(head: np.ndarray) -> None:
    """From the vertex down and up again: what was cut at first does not stay among the slices."""
    path = [(index, 0.5) for index in range(15, -1, -1)] + [(index, 0.25) for index in range(1, 16)] + [(15, 1.0)]
    frames = list(film(head, path, np.random.default_rng(5)))
    capture, said = watch(frames, lambda shown, times: part_of(shown) if shown.index >= 14 else shown.corners)
    counts = [one.slices for one in said]
    fall = int(np.argmin(np.diff(counts))) + 1
    assert counts[fall] == 0 and counts[fall - 1] > 1 and said[fall].hint is Hint.ANEW
    assert indices(capture.finish(), head) == list(range(16))
    assert said[-1].hint is Hint.DONE


def test_a_head_that_stays_cut_is_said(head: np.ndarray) -> None:
    frames = list(film(head, [*((index, 0.25) for index in range(16)), (15, 1.0)], np.random.default_rng(6)))
    _, said = watch(frames, lambda shown, times: part_of(shown))
    assert said[-1].hint is Hint.HEAD_CUT


def test_a_part_of_the_screen_where_nothing_changes_is_no_place(head: np.ndarray) -> None:
    path = [(7, 5.0), *((index, 0.3) for index in range(8, 12)), *((index, 0.3) for index in range(10, 6, -1))]
    frames = list(film(head, path, np.random.default_rng(7)))

    def place(shown: Shown, times: int) -> np.ndarray:
        across = shown.corners[1] - shown.corners[0]
        return shown.corners if times else shown.corners - 0.45 * across  # half of it is the interface beside

    capture, said = watch(frames, place)
    first, last = said[0].corners, said[-1].corners
    assert first is not None and last is not None
    assert np.abs(last - frames[-1].corners).max() < 5 < np.abs(first - frames[0].corners).max()
    assert sorted(indices(capture.finish(), head)) == [7, 8, 9, 10, 11]
