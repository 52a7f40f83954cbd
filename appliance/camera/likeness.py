"""How far two views of the CT picture differ, whatever light, moire and noise lie on them."""

from __future__ import annotations

import cv2
import numpy as np

SAME = 2.4
"""Difference up to which two still moments show the same slice."""

THUMB = 128
"""Side of the picture in which views are compared."""

_MARGIN = 5
"""Pixels along the border that count for nothing: a tool bar or the screen's edge may lie there."""

_CAP = 40.0
"""Grey levels beyond which a difference counts no more: a cursor must not look like another slice."""

_EVERYWHERE = 1.5
"""Times the median difference that is taken off."""

_MOST = 14.0
"""Grey levels that are taken off at most: slices far apart differ nearly everywhere."""

MIXED = 1.25
"""Grey levels up to which a frame shows nothing beyond a mixture of two slices."""

_LIT = 0.15
"""Share of the brightest from which a pixel is no background."""

_GAIN = (0.8, 1.25)
_EVEN_ROWS = 5.0
_MIN_ENERGY = 400.0


def thumb_of(tile: np.ndarray) -> np.ndarray:
    """Return a view as a small picture without its finest grain: float32, shape ``(THUMB, THUMB)``."""
    small = cv2.resize(tile, (THUMB, THUMB), interpolation=cv2.INTER_AREA).astype(np.float32)
    return cv2.GaussianBlur(small, (0, 0), 1.0)


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """How far two thumbs differ beyond what lies on all of them: whether they show the same slice.

    Moire and noise differ about as much everywhere, another slice most along its edges: what most of the lit pixels
    differ by, and half as much again, is taken off. Of the rest, capped, the root mean square is the answer.

    In films of 10 heads of CT-ICH (`tests.camera.scrolling`) it is 1.1 (at most 1.7) for the same 5 mm slice seen
    twice, and at least 3.5 for two slices.

    Parameters
    ----------
    first, second : numpy.ndarray
        float32, same shape.

    Returns
    -------
    float
        Grey levels; 0 for the same picture.
    """
    first, second = _inner(first), _inner(second)
    apart = _apart(first, second)
    brighter = np.maximum(first, second)
    lit = apart[brighter > _LIT * float(brighter.max())]
    usual = float(np.median(lit)) if len(lit) else 0.0
    return _mean(apart - min(_EVERYWHERE * usual, _MOST))


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """How far two thumbs differ in all: which of several slices is the nearest.

    Parameters
    ----------
    first, second : numpy.ndarray
        float32, same shape.

    Returns
    -------
    float
        Root mean square of the capped difference in grey levels.
    """
    return _mean(_apart(_inner(first), _inner(second)))


def beyond(thumb: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """How far a thumb lies beyond all mixtures of two others.

    A frame that was exposed while one slice gave way to another shows a mixture of both, pixel by pixel; one of a
    third slice does not. In the 4 films of CT-ICH at 30, 15, 10 and 8 frames a second by which `MIXED` was chosen, the
    frame that lies furthest beyond is above it in 10 of 358 steps to a neighbour, and in 125 of 130 over others
    (measured while the border still counted).

    Parameters
    ----------
    thumb, first, second : numpy.ndarray
        float32, same shape.

    Returns
    -------
    float
        Grey levels, as of `difference`; 0 for a mixture.
    """
    return difference(np.clip(thumb, np.minimum(first, second), np.maximum(first, second)), thumb)


def _inner(thumb: np.ndarray) -> np.ndarray:
    inner = np.zeros_like(thumb)
    inner[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = thumb[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    return inner


def _apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Differences of the pixels.

    Light that flickers, read row by row, lies on a picture as bands of another brightness: each row of the first is
    made as bright as the same row of the second, evenly over rows.
    """
    along = cv2.reduce(first * second, 1, cv2.REDUCE_AVG)
    energy = cv2.reduce(first * first, 1, cv2.REDUCE_AVG)
    overall = (float(along.mean()) + _MIN_ENERGY) / (float(energy.mean()) + _MIN_ENERGY)
    along = cv2.GaussianBlur(along, (1, 15), 1, sigmaY=_EVEN_ROWS)
    energy = cv2.GaussianBlur(energy, (1, 15), 1, sigmaY=_EVEN_ROWS)
    gain = np.clip((along + _MIN_ENERGY * overall) / (energy + _MIN_ENERGY), *_GAIN)
    return np.abs(second - gain * first)


def _mean(apart: np.ndarray) -> float:
    capped = np.clip(apart, 0.0, _CAP)
    return float(np.sqrt(np.mean(capped * capped)))
