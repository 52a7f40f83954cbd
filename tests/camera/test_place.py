"""Where the CT picture is, when it was located wrongly at first or is located elsewhere later."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from appliance.camera.extent import reaches_border, varied
from appliance.camera.likeness import thumb_of
from appliance.camera.scroll import Hint
from appliance.camera.stack import photographed_stack
from appliance.dicom.stack import window
from appliance.imaging.brain import find_brain
from appliance.imaging.checks import check_brain
from appliance.imaging.head import find_heads
from tests.camera.scrolling import FRAME, Shown, film, indices, watch
from tests.simulated import volume

SKULL = 0.76
"""Share of the CT picture whose border the skull reaches and the brain does not."""

pytestmark = pytest.mark.slow  # pictures and numbers: one Python is enough


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """Slices of a simulated head, every second one: uint8, shape ``(16, 256, 256)``."""
    return window(np.ascontiguousarray(volume(bleed=None)[::2]), 120, 40)


def part_of(shown: Shown, share: float = 0.5) -> np.ndarray:
    """The middle of the CT picture; half of it cuts all but the slices at the vertex."""
    middle = shown.corners.mean(axis=0)
    return np.asarray(middle + share * (shown.corners - middle))


def test_where_the_whole_head_was_seen_is_the_place(head: np.ndarray) -> None:
    """The small slices at the vertex are easily located too small, and are looked at for long."""
    there = [*((index, 0.2) for index in range(16)), (15, 2.0)]
    frames = list(film(head, [*there, *((index, 0.2) for index in range(14, 10, -1))], np.random.default_rng(4)))
    capture, said = watch(frames, lambda shown, times: part_of(shown) if shown.index >= 14 else shown.corners)
    assert indices(capture.finish(), head) == list(range(16))
    assert Hint.DONE in {one.hint for one in said}


def test_a_head_that_was_located_too_small_is_seen_anew(head: np.ndarray) -> None:
    """From the vertex down and up again: what was cut at first does not stay among the slices."""
    path = [(index, 0.5 if index > 9 else 0.2) for index in range(15, -1, -1)] + [
        (index, 0.2) for index in range(1, 16)
    ]
    frames = list(film(head, [*path, (15, 1.0)], np.random.default_rng(5)))
    capture, said = watch(frames, lambda shown, times: part_of(shown) if shown.index >= 14 else shown.corners)
    counts = [one.slices for one in said]
    fall = int(np.argmin(np.diff(counts))) + 1
    assert counts[fall] == 0 and counts[fall - 1] > 1
    assert Hint.ANEW in {one.hint for one in said[fall:]} and Hint.ANEW not in {one.hint for one in said[:fall]}
    assert indices(capture.finish(), head) == list(range(16))
    assert said[-1].hint is Hint.DONE


def test_what_is_known_of_a_head_outlasts_what_was_seen_of_it(head: np.ndarray) -> None:
    """Whoever goes back to the vertex and rests there, after a beginning anew, is not made to begin once more."""
    path = [(15, 0.5), (14, 0.5), (13, 0.5), (12, 0.43), (15, 2.6), *((index, 0.2) for index in range(14, -1, -1))]
    frames = list(film(head, [*path, (0, 1.0)], np.random.default_rng(8)))
    capture, said = watch(frames, lambda shown, times: part_of(shown) if shown.index >= 14 else shown.corners)
    falls = np.diff([one.slices for one in said]) < 0
    assert falls.sum() == 1
    assert indices(capture.finish(), head) == list(range(16))


def test_a_whole_brain_is_not_forgotten_for_its_skin(head: np.ndarray) -> None:
    """Where the skull reaches the border and the brain does not, nothing is wanting once both its ends were seen."""
    frames = list(film(head, [*((index, 0.2) for index in range(16)), (15, 2.0)], np.random.default_rng(9)))
    capture, said = watch(frames, lambda shown, times: part_of(shown, SKULL if shown.index < 15 else 1.2))
    assert reaches_border(varied([thumb_of(picture) for picture in capture.finish()]))
    assert said[-1].slices == 16 and said[-1].hint is Hint.DONE


@pytest.mark.parametrize("share", [0.5, 0.66])
def test_a_head_that_stays_cut_is_said_and_not_judged(head: np.ndarray, share: float) -> None:
    frames = list(film(head, [*((index, 0.2) for index in range(16)), (15, 1.0)], np.random.default_rng(6)))
    capture, said = watch(frames, lambda shown, times: part_of(shown, share))
    assert said[-1].hint is Hint.HEAD_CUT
    pictures = capture.finish()
    stack = photographed_stack(pictures, [str(number) for number in range(len(pictures))])
    heads = find_heads(stack)
    assert check_brain(stack, heads, find_brain(stack, heads))


def test_a_camera_that_turns_aside_for_a_while_loses_nothing(head: np.ndarray) -> None:
    """What is located while part of the picture lies beyond the frame is not what slices are forgotten for."""
    frames = list(film(head, [*((index, 0.3) for index in range(4, 11)), (10, 7.0)], np.random.default_rng(10)))
    aside = np.interp([shown.taken_s for shown in frames], [2.2, 3.4, 6.5, 7.7], [0, 450, 450, 0])

    def visible(shown: Shown, times: int) -> np.ndarray:
        return np.clip(shown.corners, 0, np.array(FRAME) - 1)

    capture, said = watch([moved_aside(shown, by) for shown, by in zip(frames, aside)], visible)
    assert Hint.CUT in {one.hint for one in said}
    assert sorted(indices(capture.finish(), head)) == list(range(4, 11))


def moved_aside(shown: Shown, right: float) -> Shown:
    """A frame for which the camera was turned to the left."""
    matrix = np.array([[1, 0, right], [0, 1, 0]], np.float64)
    return replace(shown, picture=cv2.warpAffine(shown.picture, matrix, FRAME), corners=shown.corners + (right, 0))


def test_a_part_of_the_screen_where_nothing_changes_is_no_place(head: np.ndarray) -> None:
    path = [(7, 2.0), *((index, 0.3) for index in range(8, 12)), *((index, 0.3) for index in range(10, 6, -1))]
    frames = list(film(head, path, np.random.default_rng(7)))

    def place(shown: Shown, times: int) -> np.ndarray:
        across = shown.corners[1] - shown.corners[0]
        return shown.corners if times else shown.corners - 0.45 * across  # half of it is the interface beside

    capture, said = watch(frames, place)
    first, last = said[0].corners, said[-1].corners
    assert first is not None and last is not None
    assert np.abs(last - frames[-1].corners).max() < 5 < np.abs(first - frames[0].corners).max()
    assert sorted(indices(capture.finish(), head)) == [7, 8, 9, 10, 11]
