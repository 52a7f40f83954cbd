"""Straight edges in a photograph of a screen, and the two pencils of lines that a seen rectangle's sides belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import cv2
import numpy as np

MAX_SLANT = 0.6
"""Steepest slope against the camera's own axes: a camera is held roughly upright, and looks from no more than 30
degrees aside.
"""

NEAR = 0.03
"""Largest difference in slope between an edge and the pencil it belongs to."""

TRIALS = 300
"""Pairs of edges that are tried as a pencil."""


@dataclass(frozen=True)
class Edges:
    """Straight edges that run mostly across (or, with x and y exchanged, mostly down) a picture.

    Attributes
    ----------
    ends : numpy.ndarray
        float64, shape ``(n, 2, 2)``: both ends, the first with the smaller x, relative to the picture's centre.
    rise : numpy.ndarray
        float64, shape ``(n,)``: how much brighter it is on the side of larger y, in grey levels.
    """

    ends: np.ndarray
    rise: np.ndarray

    @property
    def length(self) -> np.ndarray:
        """Length of each in pixels."""
        return np.hypot(*(self.ends[:, 1] - self.ends[:, 0]).T)


@dataclass(frozen=True)
class Pencil:
    """Lines through one point, perhaps at infinity: ``y = t + (slope + turn * t) * x`` for every `t`.

    This form is exact for a bundle of lines through any one point, and stays finite where they are parallel.
    """

    slope: float
    turn: float

    def along(self, points: np.ndarray) -> np.ndarray:
        """Return `t` of the line through each point; points have shape ``(..., 2)``."""
        x, y = points[..., 0], points[..., 1]
        return (y - self.slope * x) / (1 + self.turn * x)


def find_edges(grey: np.ndarray) -> Tuple[Edges, Edges]:
    """Find straight edges of at least a fortieth of the picture's width.

    Parameters
    ----------
    grey : numpy.ndarray
        uint8, shape ``(rows, columns)``.

    Returns
    -------
    Edges
        Those across.
    Edges
        Those down, with x and y exchanged.
    """
    rows, columns = grey.shape
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(grey)[0]
    ends = np.zeros((0, 2, 2)) if found is None else found.reshape(-1, 2, 2).astype(np.float64)
    ends = ends[np.hypot(*(ends[:, 1] - ends[:, 0]).T) >= columns / 40]
    ends -= ((columns - 1) / 2, (rows - 1) / 2)
    across = np.abs(ends[:, 1, 1] - ends[:, 0, 1]) < np.abs(ends[:, 1, 0] - ends[:, 0, 0])
    smooth = cv2.blur(grey, (3, 3)).astype(np.float64)
    return _sorted(ends[across], smooth), _sorted(ends[~across][..., ::-1], smooth.T)


def _sorted(ends: np.ndarray, grey: np.ndarray) -> Edges:
    backward = ends[:, 0, 0] > ends[:, 1, 0]
    ends[backward] = ends[backward][:, ::-1]
    slope = (ends[:, 1, 1] - ends[:, 0, 1]) / np.maximum(ends[:, 1, 0] - ends[:, 0, 0], 1e-6)
    ends = ends[np.abs(slope) < MAX_SLANT]
    rows, columns = grey.shape
    share = np.linspace(0.1, 0.9, 9)[:, None]
    points = ends[:, None, 0] * (1 - share) + ends[:, None, 1] * share + ((columns - 1) / 2, (rows - 1) / 2)
    x = np.clip(np.rint(points[..., 0]).astype(int), 0, columns - 1)
    y = np.rint(points[..., 1]).astype(int)
    below, above = np.clip(y + 3, 0, rows - 1), np.clip(y - 3, 0, rows - 1)
    return Edges(ends, (grey[below, x] - grey[above, x]).mean(axis=1))


def find_pencil(edges: Edges) -> Tuple[Pencil, np.ndarray]:
    """Find the pencil to which the greatest length of edges belongs.

    Returns
    -------
    Pencil
        The lines.
    numpy.ndarray
        bool, shape ``(n,)``: the edges that belong to it.
    """
    ends, length = edges.ends, edges.length
    slope = (ends[:, 1, 1] - ends[:, 0, 1]) / (ends[:, 1, 0] - ends[:, 0, 0])
    start = ends[:, 0, 1] - slope * ends[:, 0, 0]
    weight = np.minimum(length, 4 * np.median(length)) if len(length) else length
    if len(length) < 2:
        return Pencil(float(slope.mean()) if len(slope) else 0.0, 0.0), np.ones(len(slope), bool)
    random = np.random.default_rng(0)
    first, second = random.choice(len(slope), (2, TRIALS), p=weight / weight.sum())
    apart = start[second] - start[first]
    turn = np.where(np.abs(apart) > 20, (slope[second] - slope[first]) / np.where(apart == 0, 1, apart), 0.0)
    at_zero = slope[first] - turn * start[first]
    miss = np.abs(at_zero[:, None] + turn[:, None] * start - slope)
    support = (weight * np.maximum(1 - miss / NEAR, 0)).sum(axis=1)
    best = int(support.argmax())
    belongs = miss[best] < NEAR
    for _ in range(3):
        across = np.vander(start[belongs], 2)
        scaled = np.sqrt(weight[belongs])[:, None]
        fit = np.linalg.lstsq(
            np.vstack([across * scaled, [[1e-3 * scaled.sum(), 0]]]),
            np.append(slope[belongs] * scaled[:, 0], 0.0),
            rcond=None,
        )[0]
        belongs = np.abs(fit[1] + fit[0] * start - slope) < NEAR
    return Pencil(float(fit[1]), float(fit[0])), belongs
