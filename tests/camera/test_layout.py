"""Layouts are read off flat screens: rows, columns, which cells are filled, and where each picture lies."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import pytest

from appliance.camera import layout
from appliance.camera.finder import HEIGHT, WIDTH, Look, look
from appliance.camera.layout import CORE, Box, find_tiles, pictures_seen
from tests.camera.consoles import draw_console, slices

pytestmark = pytest.mark.slow  # one Python is enough


def overlap(one: Box, other: Box) -> float:
    """Area that two boxes share over the area that either covers."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(across, 0) * max(down, 0)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("grid", "count"), [((1, 1), 1), ((2, 2), 4), ((2, 3), 5), ((3, 3), 9), ((4, 4), 14), ((4, 5), 20), ((5, 6), 27)]
)
def test_a_grid_is_read(grid: Tuple[int, int], count: int, listed: bool) -> None:
    console = draw_console(slices(count), *grid, list_at_left=listed)
    tiles = find_tiles(console.panel)
    assert tiles is not None
    assert (tiles.rows, tiles.columns) == grid
    assert tiles.whole
    assert [box is None for box in tiles.boxes] == [box is None for box in console.boxes]
    shared = [overlap(a, b) for a, b in zip(tiles.boxes, console.boxes) if a is not None and b is not None]
    assert min(shared) > 0.75


@pytest.mark.parametrize("part", [0.4, 0.5, 0.6, 0.7])
def test_pictures_that_are_cut_are_missed(part: float) -> None:
    console = draw_console(slices(20), 4, 5, list_at_left=False)
    last = console.boxes[-1]
    assert last is not None
    tiles = find_tiles(console.panel[: last[1] + int(part * last[3])])
    assert tiles is not None
    assert not tiles.whole


@pytest.mark.parametrize(("hidden", "whole"), [((5,), False), ((0, 1), False), ((0,), True), ((10, 11), True)])
def test_empty_cells_are_one_before_the_slices_and_those_behind(hidden: Tuple[int, ...], whole: bool) -> None:
    console = draw_console(slices(12), 3, 4, list_at_left=False)
    for box in (console.boxes[number] for number in hidden):
        assert box is not None
        x, y, width, height = box
        console.panel[y : y + height, x : x + width] = 0
    tiles = find_tiles(console.panel)
    assert tiles is not None
    assert [number for number, box in enumerate(tiles.boxes) if box is None] == list(hidden)
    assert tiles.whole is whole


def test_a_cell_that_may_hold_a_slice_is_not_taken_for_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    console = draw_console(slices(12), 3, 4, list_at_left=False)
    box, seen = console.boxes[-1], look(console.panel)
    assert box is not None
    x, y, width, height = (int(value / seen.scale) for value in box)
    seen.pictures[y : y + height, x : x + width] *= 0.3
    monkeypatch.setattr(layout, "look", lambda flat: seen)
    tiles = find_tiles(console.panel)
    assert tiles is not None
    assert tiles.boxes[-1] is None
    assert not tiles.whole


def test_a_bare_slice_is_the_only_tile() -> None:
    tiles = find_tiles(np.repeat(slices(5)[2][..., None], 3, axis=2))
    assert tiles is not None
    assert (tiles.rows, tiles.columns) == (1, 1)
    assert tiles.boxes[0] is not None
    assert overlap(tiles.boxes[0], (0, 0, 256, 256)) > 0.75


def test_a_screen_without_pictures_has_no_tiles() -> None:
    assert find_tiles(draw_console(slices(1)[:0], 2, 2, list_at_left=False).panel) is None


def test_a_spur_that_reaches_into_a_tool_bar_widens_no_picture() -> None:
    seen = np.zeros((HEIGHT // 2, WIDTH // 2), np.float32)
    seen[20:70, 50:100] = 1  # the core of a picture
    seen[20:26, 100:116] = 1
    (picture,) = pictures_seen(Look(np.ones_like(seen), seen, scale=4.0), (2 * HEIGHT, 2 * WIDTH))
    assert picture == pytest.approx([300, 180, 200 / CORE, 200 / CORE], abs=0.05 * 200 / CORE)
