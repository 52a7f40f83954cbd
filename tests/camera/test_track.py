"""The CT picture is followed through a hand's movement, found again after a jolt, and given up for another one."""

from __future__ import annotations

from typing import List, Tuple

import cv2
import numpy as np
import pytest

from appliance.camera.square import SIDE, shortest_side
from appliance.camera.track import Tracker
from tests.camera.scrolling import Manner, Shown, film

pytestmark = pytest.mark.slow  # pictures and numbers: one Python is enough


@pytest.fixture(scope="module")
def shots() -> List[Shown]:
    """A hand that trembles before a picture that changes in every frame."""
    rng = np.random.default_rng(0)
    slices = np.stack([cv2.GaussianBlur(rng.integers(0, 255, (64, 64), dtype=np.uint8), (0, 0), 2) for _ in range(20)])
    slices[:, ~(cv2.circle(np.zeros((64, 64), np.uint8), (32, 32), 26, 1, -1) > 0)] = 0  # no head fills the corners
    return list(film(slices * np.uint8(2), [(index, 1 / 30) for index in range(20)], rng, Manner(hand_px=8)))


def moved(shown: Shown, matrix: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The frame of a camera that was jolted, and where the CT picture lies in it."""
    picture = cv2.warpPerspective(shown.picture, matrix, shown.picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    return picture, cv2.perspectiveTransform(shown.corners[None], matrix)[0]


def test_it_is_followed_whatever_it_shows(shots: List[Shown]) -> None:
    asked: List[int] = []

    def locate(picture: np.ndarray) -> np.ndarray:
        asked.append(1)
        return shots[0].corners

    tracker = Tracker(locate)
    for shown in shots:
        view = tracker.follow(shown.picture)
        assert view is not None and view.tile.shape == (SIDE, SIDE) and view.tile.dtype == np.uint8
        assert np.abs(view.corners - shown.corners).max() < 4
    assert len(asked) == 1


def test_it_is_found_again_after_a_jolt_and_after_darkness(shots: List[Shown]) -> None:
    located = [shots[0].corners]
    tracker = Tracker(lambda picture: located.pop() if located else None)
    assert tracker.follow(shots[0].picture) is not None
    assert tracker.follow(np.zeros_like(shots[0].picture)) is None
    turn = np.vstack([cv2.getRotationMatrix2D((640, 360), 4, 0.93), [0, 0, 1]])
    turn[:2, 2] += (70, -30)
    picture, corners = moved(shots[5], turn)
    view = tracker.follow(picture)
    assert view is not None and np.abs(view.corners - corners).max() < 4


def test_another_picture_is_followed_once_it_was_located_twice(shots: List[Shown]) -> None:
    other = shots[0].corners * 0.5 + 200
    answers = [shots[0].corners, other, shots[0].corners, other, other + 1, other]
    asked: List[np.ndarray] = []

    def is_wrong(change: np.ndarray) -> bool:
        asked.append(change)
        return True

    tracker = Tracker(lambda picture: answers.pop(0))
    picture = shots[0].picture
    sides, changes = [], []
    for _ in range(6):
        view = tracker.follow(picture, is_wrong)
        assert view is not None
        sides.append(view.side)
        changes.append(view.change)
    whole = sides[0]
    assert sides[:4] == pytest.approx([whole] * 4, rel=0.01)
    assert sides[4] == pytest.approx(whole / 2, rel=0.01)
    assert tracker.locations == 1
    assert [change is None for change in changes] == [True, True, True, True, False, True] and len(asked) == 1
    middle = cv2.perspectiveTransform(np.array([[[SIDE / 2, SIDE / 2]]]), asked[0])[0, 0]
    assert np.abs(middle - SIDE / 2).max() > SIDE / 4  # what was in the middle would lie elsewhere


def test_a_picture_that_is_known_to_be_right_stays(shots: List[Shown]) -> None:
    other = shots[0].corners * 0.5 + 200
    answers = [shots[0].corners, other, other, other]
    tracker = Tracker(lambda picture: answers.pop(0))
    views = [tracker.follow(shots[0].picture, lambda change: False) for _ in range(3)]
    assert not tracker.doubted
    for view in views:
        assert view is not None and view.change is None
        assert view.side == pytest.approx(shortest_side(shots[0].corners), rel=0.01)
