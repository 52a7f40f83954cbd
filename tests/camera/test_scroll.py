"""A doctor scrolls, a camera watches: every slice comes out once, in order, from the base up."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import List, Optional, Sequence, Set, Tuple

import cv2
import numpy as np
import pytest

from appliance.camera.scroll import Guidance, Hint, ScrollCapture
from appliance.camera.sources import Frame
from appliance.camera.square import SIDE
from appliance.dicom.stack import window
from appliance.guidance import GUIDANCE, GuidanceCode
from tests.camera.scrolling import FRAME, Manner, Shown, film, indices, watch
from tests.simulated import volume

pytestmark = pytest.mark.slow  # pictures and numbers: one Python is enough

Visits = Sequence[Tuple[int, float]]


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """Slices of a simulated head, every second one: uint8, shape ``(16, 256, 256)``."""
    return window(np.ascontiguousarray(volume(bleed=None)[::2]), 120, 40)


class Watched:
    """Runs the capture over a film.

    The CT picture is located where the film says, as exactly as one may hope to find it. Of the film's frames, 30 a
    second, the camera gives every first, second and so on.
    """

    def __init__(
        self,
        slices: np.ndarray,
        seen: Visits,
        seed: int,
        manner: Manner = Manner(),  # noqa: B008
        every: int = 1,
    ) -> None:
        self._slices = slices
        self._now: Optional[Shown] = None
        self._rng = np.random.default_rng(seed)
        self.located = 0
        self.guidance: List[Guidance] = []
        self.corners: List[np.ndarray] = []
        capture = ScrollCapture(self._locate)
        frames = film(slices, seen, np.random.default_rng(seed), manner)
        for number, shown in enumerate(islice(frames, 0, None, every)):
            self._now = shown
            self.guidance.append(capture.add(Frame(shown.picture, shown.taken_s, number)))
            self.corners.append(shown.corners)
        self.pictures = capture.finish()

    def _locate(self, picture: np.ndarray) -> Optional[np.ndarray]:
        assert self._now is not None and self._now.picture is picture
        self.located += 1
        return self._now.corners + self._rng.normal(0, 1.5, (4, 2))

    @property
    def hints(self) -> Set[Hint]:
        """What was said."""
        return {guidance.hint for guidance in self.guidance}

    @property
    def shown(self) -> List[int]:
        """Which slice each picture that came out shows."""
        return indices(self.pictures, self._slices)


@pytest.mark.parametrize(("downward", "seed"), [(False, 1), (True, 2)])
def test_each_slice_comes_once_from_the_base_up(head: np.ndarray, downward: bool, seed: int) -> None:
    path = [*range(7), 6, 5, 6, *range(7, 16)]
    watched = Watched(
        head, [(15 - index if downward else index, 0.25) for index in path] + [(0 if downward else 15, 0.8)], seed
    )
    assert watched.pictures.shape == (16, SIDE, SIDE) and watched.pictures.dtype == np.uint8
    assert watched.shown == list(range(16))
    assert watched.located <= 2  # and once more to see whether it is still the same picture
    last = watched.guidance[-1]
    assert last.slices == 16 and last.base and last.vertex and last.hint is Hint.DONE
    off = [
        np.abs(guidance.corners - true).max()
        for guidance, true in zip(watched.guidance, watched.corners)
        if guidance.corners is not None
    ]
    assert len(off) == len(watched.corners) and np.percentile(off, 95) < 6


def test_from_the_middle_and_round_the_end(head: np.ndarray) -> None:
    """Some viewers go on with the first slice after the last."""
    path = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]
    assert Watched(head, [(index, 0.25) for index in path], 3).shown == list(range(16))


def test_merged_pictures_have_less_noise_than_frames(head: np.ndarray) -> None:
    manner = Manner(noise=8, moire=0, flicker=0, cursor=False)
    watched = Watched(head, [(index, 0.5) for index in (7, 8, 9)], 4, manner)
    assert sorted(watched.shown) == [7, 8, 9]  # three slices do not tell which way is up
    corner = watched.pictures[:, 60:100, 20:60].astype(float)  # air within the picture, without text
    assert corner.std(axis=(1, 2)).max() < 3


def test_scrolling_too_fast_is_said(head: np.ndarray) -> None:
    slow = [(index, 0.3) for index in range(5)]
    fast = [(index, 0.05) for index in range(5, 11)]
    watched = Watched(head, [*slow, *fast, (11, 0.5)], 5)
    hints = [guidance.hint for guidance in watched.guidance]
    assert Hint.SLOWER not in hints[: int(1.5 * 30)]
    assert Hint.SLOWER in hints[int(1.5 * 30) : int(2.0 * 30)]


def test_what_passed_unseen_is_not_taken_for_seen(head: np.ndarray) -> None:
    """Nobody is told that the whole brain was seen while slices may lie between those that were."""
    skipped = [(index, 0.04 if index in (7, 8) else 0.25) for index in range(16)] + [(15, 0.8)]
    watched = Watched(head, skipped, 9)
    assert 7 not in watched.shown and 8 not in watched.shown
    last = watched.guidance[-1]
    assert last.base and last.vertex and last.gaps == 1 and last.hint is Hint.SLOWER
    back = [(index, 0.25) for index in range(14, 5, -1)] + [(6, 0.8)]
    mended = Watched(head, [*skipped, *back], 9)
    assert mended.shown == list(range(16))
    assert mended.guidance[-1].gaps == 0 and mended.guidance[-1].hint is Hint.DONE


def test_going_back_over_a_gap_mends_it(head: np.ndarray) -> None:
    """All slices are known; that one of them gave way to the next was not seen at first."""
    gap = [(index, 0.25) for index in [*range(8), 12, 11, 10, 9, 8, 13, 14, 15]] + [(15, 0.8)]
    assert Watched(head, gap, 12).guidance[-1].hint is Hint.SLOWER
    back = [(index, 0.25) for index in range(14, 5, -1)] + [(6, 0.8)]
    assert Watched(head, [*gap, *back], 12).guidance[-1].hint is Hint.DONE


def test_a_slow_camera_sees_a_patient_hand(head: np.ndarray) -> None:
    """At six frames a second, slices that are shown for two of them may pass unseen."""
    seconds = [1.0, 1.0, *[0.9, 0.35] * 6, 1.0, 1.0]
    hasty = Watched(head, [*enumerate(seconds), (15, 4.5)], 10, every=5)
    assert len(hasty.shown) < 16
    assert hasty.guidance[-1].gaps >= 4 and Hint.DONE not in hasty.hints
    patient = Watched(head, [*((index, 0.9) for index in range(16)), (15, 4.5)], 11, every=5)
    assert patient.shown == list(range(16))
    assert patient.guidance[-1].gaps == 0 and patient.guidance[-1].hint is Hint.DONE


def test_the_ends_are_asked_for(head: np.ndarray) -> None:
    upper = Watched(head, [(index, 0.2) for index in range(15, 5, -1)] + [(6, 0.8)], 6)
    assert upper.guidance[-1].hint is Hint.TO_BASE
    lower = Watched(head, [(index, 0.2) for index in range(0, 10)] + [(9, 0.8)], 7)
    assert lower.guidance[-1].hint is Hint.TO_VERTEX


def test_without_a_screen_nothing_comes_out() -> None:
    asked = []

    def locate(picture: np.ndarray) -> None:
        asked.append(picture)

    capture = ScrollCapture(locate)
    picture = np.full((720, 1280, 3), 90, np.uint8)
    hints = [capture.add(Frame(picture, number / 10, number)).hint for number in range(10)]
    assert hints[0] is Hint.SCROLL and hints[-1] is Hint.NO_SCREEN
    assert len(asked) == 10
    assert capture.finish().shape == (0, SIDE, SIDE)


def test_a_small_picture_is_to_come_closer(head: np.ndarray) -> None:
    first = next(film(head, [(8, 0.2)], np.random.default_rng(0)))
    far = cv2.copyMakeBorder(cv2.resize(first.picture, (384, 216)), 252, 252, 448, 448, cv2.BORDER_REPLICATE)
    capture = ScrollCapture(lambda picture: first.corners * 0.3 + (448, 252))
    assert capture.add(Frame(far, 0.0, 0)).hint is Hint.CLOSER


def moved(shown: Shown, down: float) -> Shown:
    """A frame for which the camera was turned up."""
    matrix = np.array([[1, 0, 0], [0, 1, down]], np.float64)
    return replace(shown, picture=cv2.warpAffine(shown.picture, matrix, FRAME), corners=shown.corners + (0, down))


def test_a_picture_that_is_cut_is_not_taken(head: np.ndarray) -> None:
    """What lies beyond the frame cannot be judged; once all is seen, the slices come as ever."""
    cut_s = 0.6
    frames = list(film(head, [(8, 1.0), (9, 0.5)], np.random.default_rng(0)))
    capture, said = watch([moved(shown, -170) if shown.taken_s < cut_s else shown for shown in frames])
    hints = [one.hint for one, shown in zip(said, frames) if shown.taken_s < cut_s]
    assert set(hints) == {Hint.CUT}
    assert not said[len(hints) - 1].slices and Hint.CUT not in {one.hint for one in said[len(hints) + 7 :]}
    assert len(capture.finish()) == 2


def test_a_picture_that_comes_to_be_cut_is_a_gap(head: np.ndarray) -> None:
    """The camera is turned away while a slice is shown, and back: it is missing, and nothing comes twice."""
    frames = list(film(head, [(5, 0.4), (6, 0.4), (7, 0.6), (8, 1.0), (9, 0.6), (10, 1.0)], np.random.default_rng(1)))
    away = np.interp([shown.taken_s for shown in frames], [1.0, 1.4, 2.4, 2.8], [0, -190, -190, 0])
    capture, said = watch([moved(shown, down) for shown, down in zip(frames, away)])
    hints = [one.hint for one, shown in zip(said, frames) if 1.4 <= shown.taken_s < 2.4]
    assert set(hints) == {Hint.CUT}
    assert sorted(indices(capture.finish(), head)) == [5, 6, 7, 9, 10] and capture.gaps == 1


def test_a_wrong_place_does_not_stay(head: np.ndarray) -> None:
    """Places that cannot be are asked for again, at the start and while they are followed."""
    frames = list(film(head, [(8, 0.5), (9, 0.5)], np.random.default_rng(2)))
    capture, said = watch(frames, lambda shown, times: shown.corners + (0, 200 if times < 2 else 0))
    assert said[0].hint is Hint.CUT and said[-1].hint is not Hint.CUT
    assert len(capture.finish()) == 2
    frames = list(film(head, [(8, 6.0)], np.random.default_rng(3)))
    down = np.interp([shown.taken_s for shown in frames], [0.5, 0.9], [0, 35])
    margin = FRAME[1] - float(frames[0].corners.max(axis=0)[1])
    side = float(np.linalg.norm(frames[0].corners[1] - frames[0].corners[0]))
    assert 35 < margin
    capture, said = watch(
        [moved(shown, by) for shown, by in zip(frames, down)],
        lambda shown, times: shown.corners + (0, 0 if times else margin + 0.07 * side),
    )
    assert said[0].hint is not Hint.CUT and Hint.CUT in {one.hint for one in said} and said[-1].hint is not Hint.CUT
    assert said[-1].slices


def test_a_reflection_that_stays_is_said(head: np.ndarray) -> None:
    bright = head.copy()
    for picture in bright:
        cv2.circle(picture, (90, 150), 22, 255, -1)
    assert Hint.REFLECTION in Watched(bright, [(i, 0.2) for i in range(3, 10)] + [(10, 1.0)], 8).hints
    assert Hint.REFLECTION not in Watched(head, [(i, 0.2) for i in range(3, 10)] + [(10, 1.0)], 8).hints


def test_every_hint_has_a_sentence() -> None:
    assert all(GUIDANCE[GuidanceCode(hint.value)] for hint in Hint)


@pytest.mark.parametrize(("patient", "first"), [(119, 12), (86, 9)])
def test_real_slices_that_are_most_alike(shared_data: Path, patient: int, first: int) -> None:
    """There and back again, of the heads whose neighbouring slices differ least."""
    paths = sorted((shared_data / "ct_ich" / "images" / f"{patient:03d}").iterdir())[first : first + 8]
    slices = np.stack([cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths])
    watched = Watched(slices, [(index, 0.2) for index in [*range(8), 6, 5, 4]], patient, Manner(moire=10))
    assert watched.shown in (list(range(8)), list(range(8))[::-1])
