"""The CT pictures within a console's layout: one large, or a grid of tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

import cv2
import numpy as np

from appliance.camera.lattice import find_lattice
from appliance.camera.skulls import find_skulls

SEARCHED = 960
"""Longer side of the picture in which the layout is searched."""

CLEAR = 6.0
"""Step in grey levels at which a line is clear."""

Box = Tuple[int, int, int, int]


@dataclass(frozen=True)
class Tiles:
    """A grid of CT pictures on a flat picture of a screen.

    Attributes
    ----------
    rows, columns : int
        Of the grid.
    boxes : tuple
        ``(x, y, width, height)`` of the CT picture in each cell, in reading order; None for an empty cell.
    """

    rows: int
    columns: int
    boxes: Tuple[Optional[Box], ...]


def find_tiles(flat: np.ndarray) -> Optional[Tiles]:
    """Find the CT pictures on a screen.

    Parameters
    ----------
    flat : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``: the flattened picture of a screen, or a screenshot.

    Returns
    -------
    Tiles or None
        None where no head is seen.
    """
    scale = min(SEARCHED / max(flat.shape[:2]), 1.0)
    small = cv2.resize(flat, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    skulls = find_skulls(grey)
    if not len(skulls):
        return None
    lattice = find_lattice(skulls)
    used = skulls[lattice.heads[lattice.heads >= 0]]
    x = _divide(grey, used, lattice.across, lattice.first[0], lattice.columns)
    y = _divide(grey.T, used[:, [1, 0, 3, 2]], lattice.down, lattice.first[1], lattice.rows)
    boxes: List[Optional[Box]] = []
    for top, bottom in zip(y, y[1:]):
        for left, right in zip(x, x[1:]):
            side = min(right - left, bottom - top)
            box = (left + right - side) / 2, (top + bottom - side) / 2
            filled = _filled(grey, (left, top, right, bottom), skulls)
            boxes.append(
                (int(round(box[0] / scale)), int(round(box[1] / scale)), int(round(side / scale)), int(round(side / scale)))
                if filled
                else None
            )
    return Tiles(len(y) - 1, len(x) - 1, tuple(boxes))


def _divide(grey: np.ndarray, heads: np.ndarray, pitch: Optional[float], first: float, count: int) -> np.ndarray:
    """Borders of the columns of the grid; for its rows x and y are exchanged."""
    line = _lines(grey, heads)
    if pitch is None:
        return _pane(heads, line)
    strong = np.minimum(cv2.dilate(line[None].astype(np.float32), np.ones((1, 5), np.uint8))[0], CLEAR)
    # the borders lie in the middles between the heads, or beside these where the lines are
    middle, numbers = first + pitch * (count - 1) / 2, np.arange(count + 1) - count / 2
    best, chosen = -1.0, middle + numbers * pitch
    for stretch in np.linspace(0.97, 1.03, 13):
        for shift in np.arange(-0.2 * pitch, 0.2 * pitch, 1.0):
            borders = middle + shift + numbers * pitch * stretch
            at = np.rint(borders).astype(int)
            at = at[(at >= 0) & (at < len(strong))]
            value = float(strong[at].sum()) - 0.5 * CLEAR * abs(shift) / pitch
            if value > best:
                best, chosen = value, borders
    return chosen


def _lines(grey: np.ndarray, main: np.ndarray) -> np.ndarray:
    """How strong a line down is at each x, in grey levels, over the heights at which heads are."""
    top = max(int((main[:, 1] - main[:, 3] / 2).min()), 0)
    bottom = int((main[:, 1] + main[:, 3] / 2).max())
    part = cv2.blur(grey[top:bottom].astype(np.float32), (1, 5))
    slope = np.zeros_like(part)
    slope[:, 1:-1] = part[:, 2:] - part[:, :-2]
    return np.abs(np.median(slope, axis=0))


def _pane(main: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Borders of the only column: the nearest clear lines on both sides of the heads, else the picture's."""
    left = max(int((main[:, 0] - main[:, 2] / 2).min()) - 2, 0)
    right = min(int((main[:, 0] + main[:, 2] / 2).max()) + 3, len(line))
    clear = line > max(4.0, 0.25 * float(np.concatenate([line[:left], line[right:], [0.0]]).max()))
    before, behind = np.nonzero(clear[:left])[0], np.nonzero(clear[right:])[0]
    return np.array([
        float(before[-1]) if len(before) else 0.0,
        float(behind[0] + right) if len(behind) else float(len(line)),
    ])


def _filled(grey: np.ndarray, cell: "tuple[float, float, float, float]", skulls: np.ndarray) -> bool:
    left, top, right, bottom = cell
    wide, tall = right - left, bottom - top
    inside = (
        (skulls[:, 0] > left + 0.2 * wide)
        & (skulls[:, 0] < right - 0.2 * wide)
        & (skulls[:, 1] > top + 0.2 * tall)
        & (skulls[:, 1] < bottom - 0.2 * tall)
    )
    if inside.any():
        return True
    part = grey[int(top + 0.25 * tall) : int(bottom - 0.25 * tall), int(left + 0.25 * wide) : int(right - 0.25 * wide)]
    dark, bright = (float(v) for v in np.percentile(grey, (5, 99.5)))
    return bool(part.size and (part > dark + 0.3 * (bright - dark)).mean() > 0.1)
