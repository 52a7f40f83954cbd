"""The screen's picture, as it would be seen from straight before it."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.camera.screen import Screen

SHAPES = (16 / 9, 16 / 10, 4 / 3, 5 / 4, 3 / 2, 21 / 9, 3 / 4, 4 / 5, 9 / 16, 10 / 16)
"""Width over height of the panels that are sold."""

FOCAL = 0.95
"""Focal length of a usual camera over the longer side of its picture."""

SNAP = 0.05
"""How near, relatively, a measured shape lies to one that is sold."""


def flat_size(frame: np.ndarray, screen: Screen) -> "tuple[int, int]":
    """Width and height in pixels of the flattened picture: as many as the photograph offers along the longest sides."""
    corners = screen.corners
    if screen.kind == "frame":
        return frame.shape[1], frame.shape[0]
    shape = _shape(corners, frame.shape)
    if screen.kind == "monitor":
        nearest = min(SHAPES, key=lambda sold: abs(np.log(shape / sold)))
        shape = nearest if abs(np.log(shape / nearest)) < SNAP else shape
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width = max(sides[0], sides[2], max(sides[1], sides[3]) * shape)
    return int(round(width)), int(round(width / shape))


def homography(screen: Screen, size: "tuple[int, int]") -> np.ndarray:
    """Matrix from pixels of the flattened picture to pixels of the photograph: float64, shape ``(3, 3)``."""
    width, height = size
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    return cv2.getPerspectiveTransform(flat, screen.corners.astype(np.float32))


def flatten(frame: np.ndarray, screen: Screen) -> np.ndarray:
    """Correct the perspective of a photographed screen.

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
    size = flat_size(frame, screen)
    return cv2.warpPerspective(frame, homography(screen, size), size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _shape(corners: np.ndarray, shape: "tuple[int, ...]") -> float:
    """Width over height of a rectangle from its picture, for a usual camera that looks through the photo's centre."""
    rows, columns = shape[:2]
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, corners.astype(np.float32))
    focal = FOCAL * max(rows, columns)
    matrix[:2] -= np.array([[columns / 2], [rows / 2]]) * matrix[2]
    matrix[:2] /= focal
    return float(np.linalg.norm(matrix[:, 0]) / np.linalg.norm(matrix[:, 1]))
