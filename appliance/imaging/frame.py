"""What surrounds the slice in a picture of unknown origin: frames and letterboxes go, the background becomes black."""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np

EVEN = 10
"""Grey levels by which a frame or a background may vary."""

FRAME_SHARE = 0.97
"""Share of a line of pixels that has the frame's level where the line belongs to the frame."""

FRAME_END = 0.5
"""The same for a line beyond the frame, at most."""

FRAME_BLUR = 6
"""Lines within which a frame ends; compression blurs its edge."""

MIN_CONTENT = 48
"""Fewest rows and columns that a frame leaves."""

BLACK = 4
"""Grey level up to which a background is black."""

EXACT = 2
"""Grey levels by which most of a background varies; tissue, which has noise, varies more."""

BACKGROUND_SHARE = 0.4
"""Share of a picture's edge that shows the background exactly."""

WHITE_SHARE = 0.85
"""The same for a background as white as bone."""


def without_frame(picture: np.ndarray) -> Tuple[np.ndarray, Tuple[int, int]]:
    """Take frames and letterboxes off the four sides of a picture, one within the other.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8, shape ``(rows, columns)``.

    Returns
    -------
    numpy.ndarray
        What is left, a view.
    tuple of int
        ``(x, y)`` of its first pixel in `picture`.
    """
    top, left = 0, 0
    bottom, right = picture.shape
    while True:
        part = picture[top:bottom, left:right]
        above, below, before, behind = (_frame(lines) for lines in (part, part[::-1], part.T, part.T[::-1]))
        rows, columns = part.shape[0] - above - below, part.shape[1] - before - behind
        if not (above or below or before or behind) or min(rows, columns) < MIN_CONTENT:
            return part, (left, top)
        top, bottom, left, right = top + above, bottom - below, left + before, right - behind


def _frame(lines: np.ndarray) -> int:
    """Count the lines of a frame that begins with the first: all of one level, and ending all at once.

    A skull that the picture's edge cuts is as even, but ends by and by.
    """
    level = float(np.median(lines[0]))
    whole = 0
    for index, line in enumerate(lines):
        share = float((np.abs(line.astype(np.int16) - level) <= EVEN).mean())
        if share < FRAME_END:
            return index if whole else 0
        if share >= FRAME_SHARE:
            whole = index + 1
        elif index - whole >= FRAME_BLUR:
            return 0
    return 0


def on_black(content: np.ndarray) -> np.ndarray:
    """Blacken a background of another grey level, as far as it reaches from the picture's edge.

    Parameters
    ----------
    content : numpy.ndarray
        uint8, shape ``(rows, columns)``, without a frame.

    Returns
    -------
    numpy.ndarray
        The same shape and type; `content` itself where its background is black, or hidden by the head.
    """
    ring = np.concatenate([content[0], content[-1], content[:, 0], content[:, -1]])
    level = int(np.bincount(ring, minlength=256).argmax())
    # bone that the edge cuts is as even as a background
    wanted = WHITE_SHARE if level + EVEN >= np.percentile(content, 99) else BACKGROUND_SHARE
    if level <= BLACK or (np.abs(ring.astype(np.int16) - level) <= EXACT).mean() < wanted:
        return content
    alike = cv2.inRange(content, np.array([max(level - EVEN, 0)]), np.array([min(level + EVEN, 255)]))
    padded = cv2.copyMakeBorder(alike, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=255)
    cv2.floodFill(padded, None, (0, 0), 128)
    return np.where(padded[1:-1, 1:-1] == 128, np.uint8(0), content)
