"""A CT console's screen, drawn as a viewer draws it: which picture lies where is known."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.screen.looks import Look, furniture, overlay


@dataclass(frozen=True)
class Cell:
    """One cell of the grid of pictures.

    Parameters
    ----------
    index : int
        Which of the pictures; -1 for none.
    x, y, side : float
        The CT picture's square on the panel, in pixels; ``x, y`` its top left edge (a pixel's edge is at an integer less a half).
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
    pane: tuple[int, int, int, int]
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
    total: int | None = None,
) -> Console:
    """Draw a console that shows pictures in a grid.

    Parameters
    ----------
    pictures : numpy.ndarray
        uint8 ``(n, side, side)`` at window 120/40; cells after the last are empty.
    rng : numpy.random.Generator
        Of all that is drawn at random. The same state draws the same console around other pictures.
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
    first, total : int
        Number of the first picture in its series, from 0, and how many the series has.
    """
    picture = np.empty((panel[1], panel[0], 3), np.uint8)
    texts = np.random.default_rng(rng.integers(2**63))
    pane = furniture(picture, look, texts, pictures, window)
    x, y, width, height = pane
    cv2.rectangle(picture, (x, y), (x + width - 1, y + height - 1), look.pane, -1)
    shown = apply_window(pictures, *window)
    total = len(pictures) if total is None else total
    across = [x + round(number * (width + look.gap) / columns) for number in range(columns + 1)]
    down = [y + round(number * (height + look.gap) / rows) for number in range(rows + 1)]
    cells = []
    details = np.random.default_rng(texts.integers(2**63))
    for place in range(rows * columns):
        row, column = divmod(place, columns)
        left, top = across[column], down[row]
        box = (left, top, across[column + 1] - look.gap - left, down[row + 1] - look.gap - top)
        index = place if place < len(shown) else -1
        cells.append(_fill(picture, shown[index] if index >= 0 else None, index, box, look, zoom))
        if look.gap and look.line is not None:
            cv2.rectangle(
                picture, (left - look.gap, top - look.gap), (left + box[2], top + box[3]), look.line, look.gap
            )
        if index >= 0:
            overlay(picture, box, look, details, window, first + index, total, (rows, columns), place)
    return Console(picture, pane, rows, columns, tuple(cells), window)


def _fill(
    canvas: np.ndarray,
    picture: np.ndarray | None,
    index: int,
    box: tuple[int, int, int, int],
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
