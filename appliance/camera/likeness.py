"""How far two views of the CT picture differ, whatever light, moire and noise lie on them."""

from __future__ import annotations

import cv2
import numpy as np

THUMB = 128
"""Side of the picture in which views are compared."""

_CAP = 40.0
"""Grey levels beyond which a difference counts no more: a cursor must not look like another slice."""

_GAIN = (0.8, 1.25)
_EVEN_ROWS = 5.0
_MIN_ENERGY = 400.0


def thumb_of(tile: np.ndarray) -> np.ndarray:
    """Return a view as a small picture without its finest grain: float32, shape ``(THUMB, THUMB)``."""
    small = cv2.resize(tile, (THUMB, THUMB), interpolation=cv2.INTER_AREA).astype(np.float32)
    return cv2.GaussianBlur(small, (0, 0), 1.0)


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """Root mean square of the capped difference of two thumbs, in grey levels.

    Light that flickers, read row by row, lies on a picture as bands of another brightness: each row of the first is
    made as bright as the same row of the second, evenly over rows.

    Parameters
    ----------
    first, second : numpy.ndarray
        float32, shape ``(THUMB, THUMB)``.

    Returns
    -------
    float
        0 for the same picture.
    """
    along = cv2.reduce(first * second, 1, cv2.REDUCE_AVG)
    energy = cv2.reduce(first * first, 1, cv2.REDUCE_AVG)
    overall = (float(along.mean()) + _MIN_ENERGY) / (float(energy.mean()) + _MIN_ENERGY)
    along = cv2.GaussianBlur(along, (1, 15), 1, sigmaY=_EVEN_ROWS)
    energy = cv2.GaussianBlur(energy, (1, 15), 1, sigmaY=_EVEN_ROWS)
    gain = np.clip((along + _MIN_ENERGY * overall) / (energy + _MIN_ENERGY), *_GAIN)
    apart = np.minimum(np.abs(second - gain * first), _CAP)
    return float(np.sqrt(np.mean(apart * apart)))
