"""Layouts are read off flat screens: rows, columns, which cells are filled, and where each picture lies."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import pytest

from appliance.camera.finder import HEIGHT, WIDTH, Look
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


def test_a_slice_that_is_not_seen_amid_others_is_missed() -> None:
    console = draw_console(slices(12), 3, 4, list_at_left=False)
    hidden = console.boxes[5]
    assert hidden is not None
    x, y, width, height = hidden
    console.panel[y : y + height, x : x + width] = 0
    tiles = find_tiles(console.panel)
    assert tiles is not None
    assert tiles.boxes[5] is None
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
    look = Look(np.ones_like(seen), seen, scale=4.0)
    (picture,) = pictures_seen(look, (2 * HEIGHT, 2 * WIDTH))
    assert picture == pytest.approx([300, 180, 200 / CORE, 200 / CORE], abs=0.05 * 200 / CORE)
