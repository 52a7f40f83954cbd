"""Still moments, and the order of what was seen in them."""

from __future__ import annotations

from typing import List

import cv2
import numpy as np
import pytest

from appliance.camera.moments import MIN_FRAMES, Moment, MomentFinder
from appliance.camera.series import SeenSeries
from appliance.camera.square import SIDE

pytestmark = pytest.mark.slow  # pictures and numbers: one Python is enough

RNG = np.random.default_rng


def slice_at(height: float) -> np.ndarray:
    """Something like a slice of a head at a height from 0 to 1: uint8, shape ``(SIDE, SIDE)``."""
    picture = np.zeros((SIDE, SIDE), np.uint8)
    size = 1.0 - 0.7 * height
    axes = (int(180 * size), int(220 * size))
    cv2.ellipse(picture, (256, 256), axes, 0, 0, 360, 255, -1)
    cv2.ellipse(picture, (256, 256), (axes[0] - 16, axes[1] - 16), 0, 0, 360, 120, -1)
    cv2.circle(picture, (160 + int(200 * height), 256), 50, 30, -1)
    cv2.circle(picture, (256, 180 + int(150 * height)), 30, 190, -1)
    return picture


def noisy(picture: np.ndarray, seed: int, level: float = 8.0) -> np.ndarray:
    """A frame of it."""
    return np.clip(picture + RNG(seed).normal(0, level, picture.shape), 0, 255).astype(np.uint8)


def moments_of(tiles: List[np.ndarray]) -> List[Moment]:
    """All moments of a run of frames at 30 a second."""
    finder = MomentFinder()
    found = [finder.add(tile, number / 30) for number, tile in enumerate(tiles)]
    return [moment for moment in [*found, finder.end()] if moment is not None]


def moment(height: float, seed: int = 0) -> Moment:
    """One still moment."""
    (only,) = moments_of([noisy(slice_at(height), 10 * seed + number) for number in range(4)])
    return only


def test_each_still_moment_is_merged() -> None:
    tiles = [noisy(slice_at(0.3), number) for number in range(6)] + [noisy(slice_at(0.4), 50 + n) for n in range(7)]
    first, second = moments_of(tiles)
    assert (first.frames, second.frames) == (6, 7)
    assert first.last_s == pytest.approx(5 / 30) and second.first_s == pytest.approx(6 / 30)
    assert float(np.std(first.picture.astype(float) - slice_at(0.3))) < 5
    assert float(np.std(second.picture.astype(float) - slice_at(0.4))) < 5


def test_what_lasts_is_given_soon_and_again() -> None:
    given = moments_of([noisy(slice_at(0.5), number) for number in range(40)])
    assert [moment.frames for moment in given] == [10, 40]


def test_what_passes_is_no_moment() -> None:
    finder = MomentFinder()
    assert MIN_FRAMES == 3
    for number in range(8):
        assert finder.add(noisy(slice_at(0.2 + 0.05 * (number // 2)), number), number / 30) is None
    assert finder.end() is None and finder.unsettled == 8


def test_bands_of_light_and_a_cursor_change_no_slice() -> None:
    rows = np.arange(SIDE)[:, None] / SIDE
    tiles = []
    for number in range(9):
        tile = slice_at(0.5) * (1 + 0.06 * np.sin(2 * np.pi * (2 * rows + 0.4 * number)))
        cv2.circle(tile, (100 + 20 * number, 200), 6, 255.0, -1)
        tiles.append(noisy(tile, number))
    (only,) = moments_of(tiles)
    assert only.frames >= 7


def test_a_slice_that_comes_again_is_the_same_and_the_sharper_is_kept() -> None:
    blurred = cv2.GaussianBlur(slice_at(0.5), (0, 0), 1.5)
    series = SeenSeries()
    (dull,) = moments_of([noisy(blurred, number, 3) for number in range(4)])
    assert series.add(dull) and series.add(moment(0.55)) and not series.add(moment(0.5, 1))
    assert len(series.moments) == 2 and series.moments[0].sharpness > dull.sharpness
    assert not series.add(dull) and series.moments[0].sharpness > dull.sharpness


def test_a_little_elsewhere_after_the_picture_was_located_anew() -> None:
    move = np.array([[1.012, 0.004, -5.0], [-0.003, 1.01, 2.0]])
    shifted = cv2.warpAffine(slice_at(0.5), move, (SIDE, SIDE))
    (again,) = moments_of([noisy(shifted, number) for number in range(4)])
    for relocated in (False, True):
        series = SeenSeries()
        assert series.add(moment(0.45)) and series.add(moment(0.5))
        assert series.add(again, relocated) is not relocated


@pytest.mark.parametrize("seed", range(4))
def test_the_order_is_found_however_they_were_seen(seed: int) -> None:
    rng = RNG(seed)
    heights = np.linspace(0, 1, 21)
    start = int(rng.integers(5, 15))
    walk = [*range(start, 21), *range(0, start)] if seed % 2 else [*range(start, -1, -1), *range(0, 21)]
    series = SeenSeries()
    first_seen = list(dict.fromkeys(walk))
    assert [index for index in walk if series.add(moment(heights[index], index))] == first_seen
    order = [first_seen[index] for index in series.order()]
    assert order in (list(range(21)), list(range(21))[::-1])
