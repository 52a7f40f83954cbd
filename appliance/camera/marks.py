"""Marks on a screen around the CT picture: what stays while the doctor scrolls, and can be followed."""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np

from appliance.camera.square import SIDE, from_square

_SECTORS = 8

_POINTS = 12
"""Points in each sector around the CT picture: an interface has most of its marks on one side."""

_CLEAR = 0.03
"""How clear a mark must be over the clearest."""

_REACH = 2.0
"""Points are taken from the CT picture's square, made larger by this."""

_CORNER = 0.2
"""Share of the square's sides at each of its corners where no head is, but texts that stay."""


def surroundings(corners: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
    """Where nothing changes when the doctor scrolls: around the picture, and in its own corners."""
    middle = corners.mean(axis=0)
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, np.rint(middle + _REACH * (corners - middle)).astype(np.int32), 255)
    near, far = _CORNER * SIDE, (1 - _CORNER) * SIDE
    cross = [(near, 0), (far, 0), (far, near), (SIDE, near), (SIDE, far), (far, far)]
    cross += [(far, SIDE), (near, SIDE), (near, far), (0, far), (0, near), (near, near)]
    inner = cv2.perspectiveTransform(np.array([cross], np.float32), from_square(corners))[0]
    cv2.fillPoly(mask, [np.rint(inner).astype(np.int32)], 0)
    return mask


def find_marks(small: np.ndarray, mask: np.ndarray, corners: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Points that can be followed, from all around: float32, shape ``(n, 1, 2)``, and the sector of each."""
    rows, columns = np.indices(small.shape)
    middle = corners.mean(axis=0)
    turn = np.arctan2(rows - middle[1], columns - middle[0]) / (2 * np.pi) + 0.5
    sector = np.minimum(turn * _SECTORS, _SECTORS - 1).astype(np.uint8)
    strength = cv2.cornerMinEigenVal(small, 3)
    least = _CLEAR * float(strength[mask > 0].max(initial=0))
    points, sectors = [np.zeros((0, 1, 2), np.float32)], []
    for number in range(_SECTORS):
        part = cv2.bitwise_and(mask, mask, mask=cv2.compare(sector, number, cv2.CMP_EQ))
        strongest = float(strength[part > 0].max(initial=0))
        if strongest <= least:
            continue  # there is but noise
        found = cv2.goodFeaturesToTrack(small, _POINTS, least / strongest, 6, mask=part)
        if found is not None:
            points.append(found)
            sectors += [number] * len(found)
    return np.concatenate(points), np.array(sectors)
