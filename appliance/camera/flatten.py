"""The screen's picture, as it would be seen from straight before it."""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np

from appliance.camera.lens import bend_back, straighten
from appliance.camera.screen import Screen

SHAPES = (16 / 9, 16 / 10, 4 / 3, 5 / 4, 3 / 2, 21 / 9, 3 / 4, 4 / 5, 9 / 16, 10 / 16)
"""Width over height of the panels that are sold."""

FOCAL = 0.95
"""Focal length of a usual camera over the longer side of its picture."""

SNAP = 0.05
"""How near, relatively, a measured shape lies to one that is sold."""

LARGEST = 2.0
"""Longer side of the flattened picture over that of the photograph, at most."""

COARSE = 16
"""Pixels between the places for which a lens's bend is computed."""


def flat_size(screen: Screen, size: Tuple[int, int]) -> Tuple[int, int]:
    """Width and height of the flattened picture: as many pixels as the photograph offers along the longest sides.

    Parameters
    ----------
    screen : Screen
        In the photograph.
    size : tuple of int
        Width and height of the photograph.
    """
    if screen.kind == "frame":
        return size
    corners = straighten(screen.corners, screen.bend, size)
    shape = _shape(corners, size)
    if screen.kind == "monitor":
        nearest = min(SHAPES, key=lambda sold: abs(np.log(shape / sold)))
        shape = nearest if abs(np.log(shape / nearest)) < SNAP else shape
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width = max(sides[0], sides[2], max(sides[1], sides[3]) * shape)
    # a screen that was misread as a sliver must not become a picture of any height
    width *= min(LARGEST * max(size) / max(width, width / shape), 1.0)
    return max(int(round(width)), 1), max(int(round(width / shape)), 1)


def to_photo(points: np.ndarray, screen: Screen, size: Tuple[int, int]) -> np.ndarray:
    """Return where points of the flattened picture lie in the photograph: both float64, shape ``(n, 2)``."""
    if screen.kind == "frame":
        return np.asarray(points, np.float64)
    ideal = cv2.perspectiveTransform(np.asarray(points, np.float64).reshape(-1, 1, 2), _matrix(screen, size))[:, 0]
    return bend_back(ideal, screen.bend, size)


def from_photo(points: np.ndarray, screen: Screen, size: Tuple[int, int]) -> np.ndarray:
    """Return where points of the photograph lie in the flattened picture: both float64, shape ``(n, 2)``."""
    if screen.kind == "frame":
        return np.asarray(points, np.float64)
    ideal = straighten(np.asarray(points, np.float64), screen.bend, size)
    return cv2.perspectiveTransform(ideal.reshape(-1, 1, 2), np.linalg.inv(_matrix(screen, size)))[:, 0]


def flatten(frame: np.ndarray, screen: Screen) -> np.ndarray:
    """Correct the perspective of a photographed screen, and its lens.

    Parameters
    ----------
    frame : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``.
    screen : Screen
        Where the screen lies in it.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(height, width, 3)``: the screen alone.
    """
    if screen.kind == "frame":
        return frame
    width, height = flat_size(screen, (frame.shape[1], frame.shape[0]))
    return _sampled(frame, screen, (0.0, 0.0), (width, height), (width, height))


def crop(frame: np.ndarray, screen: Screen, box: Tuple[int, int, int, int], side: int, enlarged: float) -> np.ndarray:
    """Cut a square of the flattened picture out of the photograph, with as many pixels as are there.

    Parameters
    ----------
    frame : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``.
    screen : Screen
        Where the screen lies in it.
    box : tuple of int
        ``(x, y, width, height)`` on the flattened picture; a square.
    side : int
        Pixels of the side wanted at least.
    enlarged : float
        By how much a smaller one may be enlarged for that.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(n, n, 3)``; black beyond the photograph.
    """
    there = box[2]
    pixels = there if there >= side else min(side, int(enlarged * there))
    return _sampled(frame, screen, (box[0], box[1]), (box[2], box[3]), (pixels, pixels))


def _sampled(
    frame: np.ndarray,
    screen: Screen,
    start: Tuple[float, float],
    extent: Tuple[float, float],
    pixels: Tuple[int, int],
) -> np.ndarray:
    """Part of the flattened picture that begins at `start`, in so many pixels across and down."""
    x, y = np.arange(0, pixels[0] + COARSE, COARSE), np.arange(0, pixels[1] + COARSE, COARSE)
    step = extent[0] / pixels[0], extent[1] / pixels[1]
    places = np.stack(np.meshgrid(start[0] + (x + 0.5) * step[0] - 0.5, start[1] + (y + 0.5) * step[1] - 0.5), axis=-1)
    coarse = to_photo(places.reshape(-1, 2), screen, (frame.shape[1], frame.shape[0]))
    # between the coarse places the map is as good as linear
    shrink = np.array([[1 / COARSE, 0, 0], [0, 1 / COARSE, 0]], np.float32)
    whole = (len(x) - 1) * COARSE, (len(y) - 1) * COARSE
    fine = cv2.warpAffine(
        coarse.reshape(len(y), len(x), 2).astype(np.float32),
        shrink,
        whole,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cv2.remap(frame, fine[: pixels[1], : pixels[0]], None, cv2.INTER_LINEAR)


def _matrix(screen: Screen, size: Tuple[int, int]) -> np.ndarray:
    width, height = flat_size(screen, size)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - np.float32(0.5)
    return cv2.getPerspectiveTransform(flat, straighten(screen.corners, screen.bend, size).astype(np.float32))


def _shape(corners: np.ndarray, size: Tuple[int, int]) -> float:
    """Width over height of a rectangle from its picture, for a usual camera that looks through the photo's centre."""
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, corners.astype(np.float32))
    matrix[:2] -= np.array([[size[0] / 2], [size[1] / 2]]) * matrix[2]
    matrix[:2] /= FOCAL * max(size)
    return float(np.linalg.norm(matrix[:, 0]) / np.linalg.norm(matrix[:, 1]))
