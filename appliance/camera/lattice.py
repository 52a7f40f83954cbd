"""The lattice on which the heads of a grid of CT pictures lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

import numpy as np

NEAR_ACROSS, NEAR_DOWN = 0.16, 0.22
"""How far from its node a head may lie, over the pitch; down is more, for a head's outline changes from base to top."""

SHAPE = (0.6, 2.6)
"""Pitch across over pitch down: cells are square, or somewhat wide or tall."""

MISSED = 1.0
"""What a node without a head costs, over the mean area of the heads, unless it is at the end."""


@dataclass(frozen=True)
class Lattice:
    """Where the heads of a grid lie.

    Attributes
    ----------
    across, down : float or None
        Pitch in pixels; None where there is only one column or row.
    first : tuple of float
        x and y of the node of the first column and row.
    columns, rows : int
        Extent as far as heads show it.
    heads : numpy.ndarray
        int, shape ``(rows, columns)``: index of the head at each node; -1 where there is none.
    """

    across: Optional[float]
    down: Optional[float]
    first: "tuple[float, float]"
    heads: np.ndarray

    @property
    def rows(self) -> int:
        """Number of rows in which heads are."""
        return int(self.heads.shape[0])

    @property
    def columns(self) -> int:
        """Number of columns in which heads are."""
        return int(self.heads.shape[1])


def find_lattice(heads: np.ndarray) -> Lattice:
    """Find the lattice that explains the greatest area of heads.

    Parameters
    ----------
    heads : numpy.ndarray
        float64, shape ``(n, 4)``, n at least 1: centre x, centre y, width, height.

    Returns
    -------
    Lattice
        Of at least one node.
    """
    best = -np.inf
    chosen = Lattice(None, None, (float(heads[0, 0]), float(heads[0, 1])), np.zeros((1, 1), int))
    sizes = heads[:, 2:].max(axis=1)
    for anchor in np.argsort(-sizes)[:24]:
        away = heads[:, :2] - heads[anchor, :2]
        fits = sizes > 0.3 * sizes[anchor]
        level = fits & (np.abs(away[:, 1]) < 0.35 * sizes[anchor]) & (away[:, 0] > 0.8 * sizes[anchor])
        for across in [None, *_distinct(away[level, 0])]:
            turns = away[:, 0] / across if across else away[:, 0] / (2 * sizes[anchor])
            below = fits & (np.abs(turns - np.rint(turns)) < NEAR_ACROSS) & (away[:, 1] > 0.8 * sizes[anchor])
            if across is None:
                below &= np.rint(turns) == 0
            for down in [None, *_distinct(away[below, 1])]:
                if across and down and not SHAPE[0] < across / down < SHAPE[1]:
                    continue
                score, lattice = _explain(heads, sizes, int(anchor), across, down)
                if score > best:
                    best, chosen = score, lattice
    return chosen


def _distinct(steps: np.ndarray) -> List[float]:
    """Return the three smallest steps that differ."""
    return sorted({round(float(step) / 4) * 4.0 for step in steps})[:3]


def _explain(
    heads: np.ndarray, sizes: np.ndarray, anchor: int, across: Optional[float], down: Optional[float]
) -> "tuple[float, Lattice]":
    reach_x, reach_y = across or 2.0 * sizes[anchor], down or 2.0 * sizes[anchor]
    x0, y0 = heads[anchor, :2]
    for _ in range(3):
        i, j = np.rint((heads[:, 0] - x0) / reach_x), np.rint((heads[:, 1] - y0) / reach_y)
        near = np.abs(heads[:, 0] - x0 - i * reach_x) < NEAR_ACROSS * reach_x
        near &= np.abs(heads[:, 1] - y0 - j * reach_y) < NEAR_DOWN * reach_y
        near &= sizes < 1.05 * min(across or np.inf, down or np.inf)
        if across is None:
            near &= i == 0
        if down is None:
            near &= j == 0
        if across and np.ptp(i[near]) > 0:
            reach_x, x0 = (float(v) for v in np.polyfit(i[near], heads[near, 0], 1, w=sizes[near]))
        if down and np.ptp(j[near]) > 0:
            reach_y, y0 = (float(v) for v in np.polyfit(j[near], heads[near, 1], 1, w=sizes[near]))
    if not near.any():
        return -np.inf, Lattice(None, None, (x0, y0), np.full((1, 1), anchor))
    i, j = i.astype(int), j.astype(int)
    left, right, top, bottom = i[near].min(), i[near].max(), j[near].min(), j[near].max()
    table = np.full((bottom - top + 1, right - left + 1), -1)
    for index in np.nonzero(near)[0][np.argsort(sizes[near])]:
        table[j[index] - top, i[index] - left] = index
    # a column or row at the rim that adds more gaps than heads belongs to something else
    score, trimmed = _worth(table, sizes), True
    while trimmed:
        trimmed = False
        for cut, gone in ((table[:, 1:], (1, 0)), (table[:, :-1], (0, 0)), (table[1:], (0, 1)), (table[:-1], (0, 0))):
            if cut.size and _worth(cut, sizes) > score:
                table, score, trimmed = cut, _worth(cut, sizes), True
                left, top = left + gone[0], top + gone[1]
                break
    lattice = Lattice(
        reach_x if across and table.shape[1] > 1 else None,
        reach_y if down and table.shape[0] > 1 else None,
        (float(x0 + left * reach_x), float(y0 + top * reach_y)),
        table,
    )
    return score, lattice


def _worth(table: np.ndarray, sizes: np.ndarray) -> float:
    """Area of the heads in a grid, less what the gaps before its last head cost."""
    there = table.ravel() >= 0
    if not there.any():
        return -np.inf
    area = sizes[table[table >= 0]] ** 2
    return float(area.sum() - MISSED * (np.nonzero(there)[0][-1] + 1 - there.sum()) * area.mean())
