"""The course and width of the ventricles."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np

from appliance.phantom.fields import COARSE_SHAPE, Point, axes, capsule, ellipsoid, noise, smooth_min
from appliance.phantom.head import Head


def _pairs(points: List[Point], side: int) -> List[Point]:
    return [(side * px, py, pz) for px, py, pz in points]


_LATERAL: List[Tuple[Point, float]] = [
    ((16, -41, 70), 2.4),
    ((11.5, -30, 75), 4.2),
    ((9.5, -16, 81), 4.2),
    ((9.5, -6, 84), 3.9),
    ((13, 14, 86), 3.8),
    ((20, 30, 82), 4.8),
    ((24, 40, 75), 5.6),
    ((23, 56, 70), 2.6),
    ((20, 66, 68), 1.2),
]
_TEMPORAL: List[Tuple[Point, float]] = [
    ((24, 38, 72), 4.0),
    ((31, 28, 60), 2.0),
    ((33, 10, 47), 1.5),
    ((30, -4, 41), 1.6),
]


def make_ventricles(head: Head, rng: np.random.Generator) -> np.ndarray:
    """Signed distance in mm to lateral, third and fourth ventricles on the coarse grid, positive inside."""
    x, y, z = axes(2)
    wide = 0.86 + 0.75 * head.atrophy + 0.08 * rng.standard_normal()
    inside = np.full(COARSE_SHAPE, -40, dtype=np.float32)
    wobble = 1.4 * noise(rng, 7)
    for side in (-1, 1):
        own = wide * (1 + 0.07 * rng.standard_normal())
        for course in (_LATERAL, _TEMPORAL):
            points = _pairs([point for point, _ in course], side)
            radii = [radius for _, radius in course]
            for index in range(len(points) - 1):
                tube = capsule(
                    x + 0.5 * wobble,
                    y,
                    z + wobble,
                    points[index : index + 2],
                    (own * radii[index], own * radii[index + 1]),
                )
                inside = -smooth_min(-inside, -tube, 4)
    inside = np.minimum(inside, np.abs(x) - 1.2 + 0 * inside)  # septum pellucidum
    third = ellipsoid(x, y, z, (0, 1, 62), (2.0 + 2.2 * head.atrophy, 17, 10))
    fourth = ellipsoid(x, y, z, (0, 31, 31), (6.5 * wide, 4.5, 9))
    fourth = np.minimum(fourth, 3.2 + 0.0 * x + (y - 31) * 0.8 + np.abs(x) * 0.5)
    return np.maximum(np.maximum(inside, third), fourth).astype(np.float32)
