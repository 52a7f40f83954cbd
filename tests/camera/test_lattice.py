"""A screen that was misread is straightened by the pictures on it; one that was read right is left alone."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from appliance.camera.flatten import flatten
from appliance.camera.lattice import straightened
from appliance.camera.layout import find_tiles
from appliance.camera.screen import Screen
from tests.camera.consoles import draw_console, photograph, slices

pytestmark = pytest.mark.slow  # one Python is enough


@pytest.fixture(scope="module")
def seen() -> tuple[np.ndarray, Screen]:
    """A photograph of twelve slices, and its screen as it is."""
    photo, corners = photograph(draw_console(slices(12), 3, 4).panel, np.random.default_rng(4), (1920, 1080))
    return photo, Screen(corners, "monitor")


def test_a_screen_that_was_read_right_is_left_alone(seen: tuple[np.ndarray, Screen]) -> None:
    photo, screen = seen
    assert straightened(photo, screen) is screen


@pytest.mark.parametrize("corner", range(4))
def test_a_mistaken_corner_is_made_good(seen: tuple[np.ndarray, Screen], corner: int) -> None:
    photo, screen = seen
    wrong = screen.corners.copy()
    wrong[corner] += 0.12 * (wrong.mean(axis=0) - wrong[corner])
    mistaken = replace(screen, corners=wrong)
    found = straightened(photo, mistaken)
    tiles = find_tiles(flatten(photo, found))
    assert tiles is not None
    assert (tiles.rows, tiles.columns, tiles.whole) == (3, 4, True)
    assert _slant(screen.corners, found.corners) < 0.3 * _slant(screen.corners, wrong)


def _slant(right: np.ndarray, found: np.ndarray) -> float:
    """How far a picture flattened by the corners found is from one flattened right: the bend of a square's sides."""
    square = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)
    matrix = cv2.getPerspectiveTransform(right.astype(np.float32), square)
    seen = cv2.perspectiveTransform(found[None].astype(np.float64), matrix)[0]
    sides = np.roll(seen, -1, axis=0) - seen
    return float(np.abs(np.array([sides[0, 1], sides[1, 0], sides[2, 1], sides[3, 0]])).max())
