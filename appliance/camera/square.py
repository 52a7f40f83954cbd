"""The CT picture as a square that lies somewhere in a frame, given by its corners from the top left clockwise."""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 512
"""Side of the CT picture that a view gives."""

_SQUARE = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]], np.float32) - np.float32(0.5)

_APART = 0.06
"""Share of the square's side by which a corner lies elsewhere when it is another picture that was located."""


def from_square(corners: np.ndarray) -> np.ndarray:
    """Matrix from pixels of a tile to those of the frame: float64, shape ``(3, 3)``."""
    return np.asarray(cv2.getPerspectiveTransform(_SQUARE, corners.astype(np.float32)))


def tile_of(grey: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Make the picture square: uint8, shape ``(SIDE, SIDE)``, from a frame of one channel."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # what lies beyond the frame is no air: a brain that is cut must reach the border
    return cv2.warpPerspective(grey, from_square(corners), (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def shortest_side(corners: np.ndarray) -> float:
    """Return the picture's shortest side in pixels of the frame."""
    return float(np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1).min())


def beyond_frame(corners: np.ndarray, frame: np.ndarray) -> float:
    """How far the picture lies beyond a frame, as a share of its side; below 0 where it is whole."""
    last = np.array(frame.shape[1::-1]) - 0.5
    return float(max((-0.5 - corners).max(), (corners - last).max())) / max(shortest_side(corners), 1.0)


def are_apart(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two locations are of different pictures, and not the same found a little differently."""
    side = float(np.linalg.norm(second[1] - second[0]))
    return bool(np.abs(first - second).max() > _APART * side)
