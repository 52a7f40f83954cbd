"""The quadrilateral that holds most of what the network takes for screen, and least of what it does not."""

from __future__ import annotations

from typing import Optional, Tuple

import cv2
import numpy as np

from appliance.camera.finder import Look

FINE = 2
"""The network's map is enlarged so much."""

MIN_AREA = 0.015
"""Smallest screen over the photograph's area."""

STEPS = (4.0, 2.0, 1.0, 0.5, 0.25)
"""Cells of the enlarged map by which sides are moved, in turn."""

ROUNDS = 4
"""How often all sides are moved by each step, at most."""


def find_quadrilateral(seen: Look, size: Tuple[int, int]) -> Optional[np.ndarray]:
    """Find the screen on the network's map.

    Parameters
    ----------
    seen : Look
        What the network sees.
    size : tuple of int
        Width and height of the photograph.

    Returns
    -------
    numpy.ndarray or None
        Corners in pixels of the photograph: float64, shape ``(4, 2)``, clockwise from the top left; None where there is
        no screen.
    """
    columns, rows = (min(int(np.ceil(side / seen.scale)), n) for side, n in zip(size, seen.screen.shape[::-1]))
    screen, pictures = (part[:rows, :columns] for part in (seen.screen, seen.pictures))
    level = cv2.resize(screen, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_LINEAR)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats((level > 0.5).astype(np.uint8))
    if count < 2:
        return None
    # the screen that shows CT pictures is meant, not the one beside it
    shown = cv2.resize(pictures, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_NEAREST)
    worth = np.bincount(labels.ravel(), shown.ravel(), count) + 0.1 * statistics[:, cv2.CC_STAT_AREA]
    chosen = 1 + int(worth[1:].argmax())
    if statistics[chosen, cv2.CC_STAT_AREA] < MIN_AREA * labels.size:
        return None
    others = (labels != chosen) & (labels > 0)
    gain = np.where(others, -0.5, level - 0.5).astype(np.float32)
    y, x = np.nonzero(labels == chosen)
    points = np.stack([x, y], axis=1).astype(np.float64)
    ends = [points[(points @ np.array(way)).argmin()] for way in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    return (_fitted(gain, np.array(ends)) + 0.5) / FINE * seen.scale - 0.5


def _fitted(gain: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Move the ends of the sides as long as what lies inside gains."""
    best = _inside(gain, corners)
    for step in STEPS:
        for _ in range(ROUNDS):
            before = best
            for side in range(4):
                along = corners[(side + 1) % 4] - corners[side]
                across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
                for first, second in ((1, 1), (1, 0), (0, 1), (1, -1)):
                    for way in (step, -step):
                        moved = corners.copy()
                        moved[side] += way * first * across
                        moved[(side + 1) % 4] += way * second * across
                        value = _inside(gain, moved)
                        if value > best:
                            best, corners = value, moved
            if best <= before:
                break
    return corners


def _inside(gain: np.ndarray, corners: np.ndarray) -> float:
    """Sum of the map within a quadrilateral."""
    mask = np.zeros(gain.shape, np.uint8)
    cv2.fillConvexPoly(mask, np.rint(corners * 16).astype(np.int32), 1, cv2.LINE_8, 4)
    return float(cv2.mean(gain, mask)[0]) * cv2.countNonZero(mask)
