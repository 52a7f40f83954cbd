"""The bend that a lens gives to straight lines: one radial coefficient."""

from __future__ import annotations

from typing import Tuple

import numpy as np


def straighten(points: np.ndarray, bend: float, size: Tuple[int, int]) -> np.ndarray:
    """Move points of a photograph to where a lens without distortion would have shown them.

    Parameters
    ----------
    points : numpy.ndarray
        Shape ``(..., 2)``, x and y in pixels.
    bend : float
        Radial coefficient for radii in half diagonals; positive where the lens shows a barrel.
    size : tuple of int
        Width and height of the photograph.
    """
    centre, unit = (np.array(size) - 1) / 2, np.hypot(*size) / 2
    away = (points - centre) / unit
    return centre + unit * away * (1 + bend * (away**2).sum(axis=-1, keepdims=True))


def bend_back(points: np.ndarray, bend: float, size: Tuple[int, int]) -> np.ndarray:
    """Move points from where `straighten` puts them back into the photograph."""
    centre, unit = (np.array(size) - 1) / 2, np.hypot(*size) / 2
    target = (points - centre) / unit
    away = target
    for _ in range(8):
        away = target / (1 + bend * np.minimum((away**2).sum(axis=-1, keepdims=True), 2.0))
    return centre + unit * away
