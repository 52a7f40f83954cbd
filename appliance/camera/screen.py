"""Where the screen lies in a photograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import cv2
import numpy as np

from appliance.camera.lines import Edges, Pencil, crossing, find_edges, find_pencil
from appliance.camera.sides import refine

SEARCHED = 960
"""Longer side of the picture in which the screen is searched."""

CANDIDATES = 14
"""Lines considered for each side."""


@dataclass(frozen=True)
class Screen:
    """A screen in a photograph.

    Attributes
    ----------
    corners : numpy.ndarray
        float64, shape ``(4, 2)``: x and y of the top left, top right, bottom right and bottom left corner in pixels of
        the photograph (pixel centres at whole numbers).
    kind : str
        ``monitor``: the panel's lit area; ``pane``: the viewer's pane, where the panel's border is not visible;
        ``frame``: the whole picture, which already is flat.
    """

    corners: np.ndarray
    kind: str


def find_screen(frame: np.ndarray) -> Optional[Screen]:
    """Find the screen in a photograph.

    Parameters
    ----------
    frame : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, BGR, held roughly upright.

    Returns
    -------
    Screen or None
        None where no screen is seen.
    """
    scale = SEARCHED / max(frame.shape[:2])
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # light that a dark panel leaks is a few grey levels: shadows are opened
    lut = (255 * np.log1p(np.arange(256) / 12) / np.log1p(255 / 12)).astype(np.uint8)
    grey = cv2.LUT(small.max(axis=2), lut)
    across, down = find_edges(grey)
    if len(across.rise) < 4 or len(down.rise) < 4:
        return None
    rows, columns = grey.shape
    corners = _rectangle(across, down, (columns, rows))
    if corners is None:
        return None
    corners += ((columns - 1) / 2, (rows - 1) / 2)
    return Screen(refine(frame, (corners + 0.5) / scale - 0.5), "monitor")


class _Lines:
    """Lines of one pencil with how much edge lies on each, from where to where on the other pencil."""

    STEP, BINS = 1.5, 96

    def __init__(self, edges: Edges, own: Pencil, other: Pencil, reach: float, width: float) -> None:
        middle = own.along(edges.ends.mean(axis=1))
        count = int(2 * reach / self.STEP) + 1
        self.width = width
        covered = np.zeros((2, count, self.BINS), np.float32)
        where = other.along(edges.ends[..., ::-1])
        first = np.clip(np.rint((where.min(axis=1) + width) / (2 * width) * self.BINS).astype(int), 0, self.BINS)
        last = np.clip(np.rint((where.max(axis=1) + width) / (2 * width) * self.BINS).astype(int), 0, self.BINS)
        level = np.rint((middle + reach) / self.STEP).astype(int)
        for index in np.nonzero((level >= 1) & (level < count - 1))[0]:
            covered[int(edges.rise[index] < 0), level[index] - 1 : level[index] + 2, first[index] : last[index]] = 1
        self.positions = []
        self.sums = []
        for sign in range(2):
            total = covered[sign].sum(axis=1)
            chosen = []
            for index in np.argsort(-total, kind="stable"):
                if total[index] < 4 or len(chosen) == CANDIDATES:
                    break
                if all(abs(index - other_index) > 2 for other_index in chosen):
                    chosen.append(int(index))
            self.positions.append(np.array(chosen, float) * self.STEP - reach)
            sums = np.concatenate([np.zeros((len(chosen), 1)), np.cumsum(covered[sign][chosen], axis=1)], axis=1)
            self.sums.append(sums)

    def bin(self, position: np.ndarray) -> np.ndarray:
        """Bin of a position on the other pencil."""
        return np.clip(np.rint((position + self.width) / (2 * self.width) * self.BINS).astype(int), 0, self.BINS)


def _rectangle(across: Edges, down: Edges, size: "tuple[int, int]") -> Optional[np.ndarray]:
    width, height = size[0] / 2, size[1] / 2
    (level, of_level), (upright, of_upright) = find_pencil(across), find_pencil(down)
    across = Edges(across.ends[of_level], across.rise[of_level])
    down = Edges(down.ends[of_upright], down.rise[of_upright])
    rows = _Lines(across, level, upright, height, width)
    columns = _Lines(down, upright, level, width, height)
    top, bottom, left, right = rows.positions[0], rows.positions[1], columns.positions[0], columns.positions[1]
    if not (len(top) and len(bottom) and len(left) and len(right)):
        return None
    t, b, l, r = np.meshgrid(*(np.arange(len(v)) for v in (top, bottom, left, right)), indexing="ij")
    wide, tall = right[r] - left[l], bottom[b] - top[t]
    x0, x1, y0, y1 = rows.bin(left)[l], rows.bin(right)[r], columns.bin(top)[t], columns.bin(bottom)[b]
    n = rows.BINS
    nx, ny = np.maximum(x1 - x0, 1), np.maximum(y1 - y0, 1)
    cover = np.stack([
        (rows.sums[0][t, x1] - rows.sums[0][t, x0]) / nx,
        (rows.sums[1][b, x1] - rows.sums[1][b, x0]) / nx,
        (columns.sums[0][l, y1] - columns.sums[0][l, y0]) / ny,
        (columns.sums[1][r, y1] - columns.sums[1][r, y0]) / ny,
    ])
    over = sum((
        (rows.sums[0][t, n] - rows.sums[0][t, x1] + rows.sums[0][t, x0]) / nx,
        (rows.sums[1][b, n] - rows.sums[1][b, x1] + rows.sums[1][b, x0]) / nx,
        (columns.sums[0][l, n] - columns.sums[0][l, y1] + columns.sums[0][l, y0]) / ny,
        (columns.sums[1][r, n] - columns.sums[1][r, y1] + columns.sums[1][r, y0]) / ny,
    ))
    area = wide * tall / (4 * width * height)
    score = cover.mean(axis=0) + 0.5 * cover.min(axis=0) - 0.25 * over + 0.5 * np.sqrt(np.maximum(area, 0))
    score[(wide < 0.3 * width) | (tall < 0.3 * height) | (wide < 0.9 * tall) | (wide > 3 * tall)] = -9
    i = np.unravel_index(int(score.argmax()), score.shape)
    if score[i] < 0.6:
        return None
    ts, ss = (top[i[0]], bottom[i[1]]), (left[i[2]], right[i[3]])
    order = ((0, 0), (0, 1), (1, 1), (1, 0))
    return np.array([crossing(level, float(ts[p]), upright, float(ss[q])) for p, q in order])
