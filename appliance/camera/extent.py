"""How far the head reaches in a CT picture, told by what changes from slice to slice."""

from __future__ import annotations

from typing import List, Sequence

import cv2
import numpy as np

from appliance.camera.likeness import THUMB

_VARIED = 0.25
"""Share of the largest difference between slices from which a pixel is of the head, and of nothing around it."""

_NOISE = 20.0
"""Grey levels by which pixels of the same thing may differ."""

_OPENED = 7
"""Diameter in pixels of a thumb of what belongs to a head; the number of a slice changes too, and is thinner."""

_MARGIN = 5
"""Pixels of a thumb along its border where a scroll bar may move."""

_BORDER, _REACHED = 2, 10
"""A head that is cut lies within so many pixels of a thumb's border along so many; an ear or a strap touches fewer."""

_SHOWN = 0.98
"""Share of the head that another place must show."""

_FURTHER = 0.05
"""Share of the picture's side by which another place must reach further than this one to show more."""


def varied(thumbs: Sequence[np.ndarray]) -> np.ndarray:
    """Find where slices differ.

    Parameters
    ----------
    thumbs : sequence of numpy.ndarray
        float32, shape ``(THUMB, THUMB)``, of slices of one series; not none.

    Returns
    -------
    numpy.ndarray
        uint8, same shape: 1 where the head is in one slice and is not, or is something else, in another.
    """
    stacked = np.stack(thumbs)
    apart = stacked.max(axis=0) - stacked.min(axis=0)
    found = (apart > max(_VARIED * float(apart.max()), _NOISE)).astype(np.uint8)
    # what lies beyond the border is not known; it must not thin what reaches it
    found = np.pad(found[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN], _MARGIN, mode="edge")
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_OPENED, _OPENED))
    return np.asarray(cv2.morphologyEx(found, cv2.MORPH_OPEN, disc, borderType=cv2.BORDER_REPLICATE))


def reaches_border(head: np.ndarray) -> bool:
    """Tell whether what `varied` returned reaches the picture's border."""
    return any(_reached(head))


def more_shown_by(matrix: np.ndarray, head: np.ndarray, side: int) -> bool:
    """Tell whether another part of the screen shows all of the head, and what lies beyond a border that it reaches.

    Parameters
    ----------
    matrix : numpy.ndarray
        float64, shape ``(3, 3)``: from pixels of the pictures so far to those of pictures there.
    head : numpy.ndarray
        What `varied` returned.
    side : int
        Of the pictures, in pixels.
    """
    square = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float64) - 0.5
    there = cv2.perspectiveTransform(square[None], np.linalg.inv(matrix))[0] / side
    (left, top), (right, bottom) = there.min(axis=0), there.max(axis=0)
    further = (top < -_FURTHER, bottom > 1 + _FURTHER, left < -_FURTHER, right > 1 + _FURTHER)
    if not any(reached and more for reached, more in zip(_reached(head), further)):
        return False
    shown = cv2.fillConvexPoly(np.zeros_like(head), np.round(there * THUMB).astype(np.int32), 1)
    return bool((head & shown).sum() >= _SHOWN * head.sum())


def moved(head: np.ndarray, matrix: np.ndarray, side: int) -> np.ndarray:
    """Lay what `varied` returned where another part of the screen shows it.

    Parameters
    ----------
    head, matrix, side
        As for `more_shown_by`.

    Returns
    -------
    numpy.ndarray
        As `varied` returns it.
    """
    scale = np.diag([THUMB / side, THUMB / side, 1.0])
    laid = scale @ matrix @ np.linalg.inv(scale)
    return cv2.warpPerspective(head, laid, head.shape[::-1], flags=cv2.INTER_NEAREST)


def _reached(head: np.ndarray) -> List[bool]:
    """Tell which sides the head reaches: the top, the bottom, the left, the right."""
    strips = (head[:_BORDER], head[-_BORDER:], head[:, :_BORDER].T, head[:, -_BORDER:].T)
    return [int(strip.max(axis=0).sum()) >= _REACHED for strip in strips]
