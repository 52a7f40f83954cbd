"""A CT console's screen, drawn as a viewer draws it: which picture lies where is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from training.screen.brush import Box, Brush, invent
from training.screen.furniture import furnish_screen
from training.screen.looks import Colour, Look
from training.screen.overlay import draw_marks, overlay


@dataclass(frozen=True)
class Cell:
    """One cell of the grid of pictures.

    Parameters
    ----------
    index : int
        Which of the pictures; -1 for none.
    x, y, side : float
        The CT picture's square on the panel, in pixels; ``x, y`` its top left edge (a pixel's edge is at an integer
        less a half).
        With zoom it reaches beyond its cell, which cuts it.
    """

    index: int
    x: float
    y: float
    side: float


@dataclass(frozen=True)
class Console:
    """What a panel shows.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8 RGB at the panel's resolution.
    pane : tuple of int
        x, y, width, height of the area that holds the CT pictures.
    rows, columns : int
        Of the grid.
    cells : tuple of Cell
        In reading order.
    window : tuple of float
        Width and level in HU.
    """

    picture: np.ndarray
    pane: Box
    rows: int
    columns: int
    cells: tuple[Cell, ...]
    window: tuple[float, float]


def apply_window(pictures: np.ndarray, width: float, level: float) -> np.ndarray:
    """Show pictures of the window 120/40 in another one.

    Parameters
    ----------
    pictures : numpy.ndarray
        uint8; ``v`` stands for ``v * 120 / 255 - 20`` HU.
    width, level : float
        In HU. What was cut off at -20 and 100 HU stays black and white.
    """
    units = np.arange(256) * 120 / 255 - 20
    table = np.clip((units - (level - width / 2)) / width, 0, 1) * 255
    return np.rint(table).astype(np.uint8)[pictures]


def draw_console(
    pictures: np.ndarray,
    rng: np.random.Generator,
    look: Look,
    rows: int,
    columns: int,
    panel: tuple[int, int],
    window: tuple[float, float],
    zoom: float = 1.0,
    first: int = 0,
) -> Console:
    """Draw a console that shows pictures in a grid.

    Parameters
    ----------
    pictures : numpy.ndarray
        uint8 ``(n, side, side)`` at window 120/40: the series. Cells after its last are empty.
    rng : numpy.random.Generator
        Of all that is drawn at random: the same state draws the same console, wherever in the series it stands.
    look : Look
        The viewer.
    rows, columns : int
        Of the grid.
    panel : tuple of int
        Width and height in pixels.
    window : tuple of float
        Width and level in HU.
    zoom : float
        Of the pictures in their cells; 1 fits them.
    first : int
        Which picture the first cell shows; the others follow.
    """
    canvas = np.zeros((panel[1], panel[0], 3), np.uint8)
    shown = apply_window(pictures, *window)
    seeds = [np.random.default_rng(int(seed)) for seed in rng.integers(2**62, size=3)]
    around, within, cell_rng = seeds
    unit = panel[1] / 1080 if panel[0] > panel[1] else panel[0] / 1200
    brush = Brush(canvas, look, around, shown, invent(around), unit, first / max(len(shown) - 1, 1))
    pane = furnish_screen(brush)
    x, y, width, height = pane
    gap = int(within.integers(look.gaps[0], look.gaps[1] + 1))
    cv2.rectangle(canvas, (x, y), (x + width - 1, y + height - 1), look.line if gap else look.empty, -1)
    marks, chosen = (
        draw_marks(within, rows * columns),
        int(within.integers(min(rows * columns, max(len(pictures) - first, 1)))),
    )
    across = [x + round(number * (width + gap) / columns) for number in range(columns + 1)]
    down = [y + round(number * (height + gap) / rows) for number in range(rows + 1)]
    cells = []
    for place in range(rows * columns):
        row, column = divmod(place, columns)
        left, top = across[column], down[row]
        box = (left, top, across[column + 1] - gap - left, down[row + 1] - gap - top)
        index = first + place if first + place < len(shown) else -1
        cells.append(_fill(canvas, shown[index] if index >= 0 else None, index, box, look, zoom))
        if index >= 0:
            overlay(replace(brush, rng=cell_rng), box, marks, window, index, len(shown))
        if look.round:
            _round(canvas, box, int(look.round * brush.unit), look.line)
        if look.chosen is not None and place == chosen:
            cv2.rectangle(canvas, (left, top), (left + box[2] - 1, top + box[3] - 1), look.chosen, 2)
    return Console(canvas, pane, rows, columns, tuple(cells), window)


def _round(canvas: np.ndarray, box: Box, radius: int, colour: Colour) -> None:
    """Round a cell's corners."""
    x, y, width, height = box
    outside = np.ones((height, width), np.uint8)
    for at_x in (radius, width - 1 - radius):
        for at_y in (radius, height - 1 - radius):
            cv2.circle(outside, (at_x, at_y), radius, 0, -1)
    outside[radius : height - radius] = 0
    outside[:, radius : width - radius] = 0
    canvas[y : y + height, x : x + width][outside > 0] = colour


def _fill(
    canvas: np.ndarray,
    picture: np.ndarray | None,
    index: int,
    box: Box,
    look: Look,
    zoom: float,
) -> Cell:
    left, top, width, height = box
    side = max(int(round(min(width, height) * zoom)), 8)
    x, y = left + (width - side) // 2, top + (height - side) // 2
    if picture is None:
        canvas[top : top + height, left : left + width] = look.empty
        return Cell(-1, x - 0.5, y - 0.5, side)
    canvas[top : top + height, left : left + width] = 0
    smaller = side < picture.shape[0]
    shown = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    x0, y0, x1, y1 = max(x, left), max(y, top), min(x + side, left + width), min(y + side, top + height)
    canvas[y0:y1, x0:x1] = shown[y0 - y : y1 - y, x0 - x : x1 - x, None]
    return Cell(index, x - 0.5, y - 0.5, side)
