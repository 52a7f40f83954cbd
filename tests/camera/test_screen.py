"""The screen is found in photographs that the tests draw, which look like nothing the network was trained on."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.camera.screen import Screen, find_screen
from tests.camera.consoles import draw_console, photograph, slices

pytestmark = pytest.mark.slow  # one Python is enough

GRIDS = [(1, 1), (2, 2), (3, 4), (4, 5)]


def found(seed: int, rows: int, columns: int) -> float:
    """Largest distance of a found corner from the true one, over the screen's width."""
    console = draw_console(slices(rows * columns), rows, columns)
    photo, corners = photograph(console.panel, np.random.default_rng(seed))
    screen = find_screen(photo)
    assert screen is not None
    assert screen.kind == "monitor"
    return float(np.linalg.norm(screen.corners - corners, axis=1).max() / np.linalg.norm(corners[1] - corners[0]))


def test_corners_are_found_to_a_fraction_of_a_pixel() -> None:
    errors = np.array([found(seed, rows, columns) for rows, columns in GRIDS for seed in range(3)])
    assert np.median(errors) < 0.004
    assert (errors < 0.02).mean() >= 0.8


def test_a_screenshot_already_is_flat() -> None:
    panel = draw_console(slices(6), 2, 3).panel
    screen = find_screen(panel)
    assert screen is not None
    assert screen.kind == "frame"
    assert np.array_equal(screen.corners, np.array([[0, 0], [1280, 0], [1280, 720], [0, 720]]) - 0.5)


def test_a_bare_slice_already_is_flat() -> None:
    screen = find_screen(np.repeat(slices(5)[2][..., None], 3, axis=2))
    assert screen is not None
    assert screen.kind == "frame"


def test_a_cut_screen_is_still_upright() -> None:
    console = draw_console(slices(4), 2, 2)
    photo, corners = photograph(console.panel, np.random.default_rng(1), fill=1.25)
    screen = find_screen(photo)
    assert isinstance(screen, Screen)
    assert screen.kind in ("pane", "monitor")
    top, true_top = screen.corners[1] - screen.corners[0], corners[1] - corners[0]
    assert abs(np.arctan2(top[1], top[0]) - np.arctan2(true_top[1], true_top[0])) < 0.03


@pytest.mark.parametrize("kind", ["dark", "noise", "wall"])
def test_no_screen_is_found_where_there_is_none(kind: str) -> None:
    random = np.random.default_rng(0)
    photo = np.full((720, 1280, 3), 6.0)
    if kind == "noise":
        photo = random.normal(90, 25, (720, 1280, 3))
    elif kind == "wall":
        photo = np.linspace(60, 190, 1280)[None, :, None] + random.normal(0, 4, (720, 1280, 3))
    assert find_screen(np.clip(photo, 0, 255).astype(np.uint8)) is None
