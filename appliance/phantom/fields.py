"""The grid in the head, smooth random fields on it, and painting shapes into Hounsfield units.

Shapes are signed distances in mm, positive inside. They are smooth, so they are computed on a grid of 2 mm
and refined to 1 mm; a voxel at an edge takes its share of both sides.
"""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

import cv2
import numpy as np

ORIGIN_MM = (-84.0, -124.0, -22.0)
"""x, y, z of the first voxel; patient coordinates (LPS), z = 0 in the plane of the foramen magnum."""

COARSE_SHAPE = (89, 119, 85)
"""Voxels of 2 mm in z, y, x."""

SHAPE = (177, 237, 169)
"""Voxels of 1 mm in z, y, x; every second one lies on the coarse grid."""

Point = Tuple[float, float, float]


COARSE_LOW, LOW = 45, 89
"""Planes of either grid below z = 66 mm, where face, skull base and posterior fossa are."""


def axes(step_mm: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates x, y, z in mm of the grid with this step, broadcasting over ``(z, y, x)``: float32."""
    shape = SHAPE if step_mm == 1 else COARSE_SHAPE
    z, y, x = (
        (start + step_mm * np.arange(count)).astype(np.float32) for start, count in zip(reversed(ORIGIN_MM), shape)
    )
    return x[None, None, :], y[None, :, None], z[:, None, None]


def refine(field: np.ndarray) -> np.ndarray:
    """Interpolate a coarse field, or its lowest planes, linearly on the fine grid: float32."""
    fine = np.ascontiguousarray(field, dtype=np.float32)
    for axis in (2, 1, 0):
        shape = list(fine.shape)
        shape[axis] = 2 * shape[axis] - 1
        wide = np.empty(shape, dtype=np.float32)
        target, source = np.moveaxis(wide, axis, 0), np.moveaxis(fine, axis, 0)
        target[::2] = source
        np.add(source[:-1], source[1:], out=target[1::2])
        target[1::2] *= 0.5
        fine = wide
    return fine


def blur(field: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a 3-D field with a Gaussian of `sigma` voxels."""
    planes = np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in field])
    flat = planes.reshape(len(planes), -1)
    return cv2.GaussianBlur(flat, (1, 2 * int(3 * sigma + 1) + 1), sigmaX=0.1, sigmaY=sigma).reshape(field.shape)


def noise(rng: np.random.Generator, scale_mm: float, band: bool = False) -> np.ndarray:
    """Smooth noise of unit variance on the coarse grid.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the noise.
    scale_mm : float
        Standard deviation of the blur.
    band : bool
        Whether to take slow variation away, too: the difference of two Gaussians.
    """
    white = rng.standard_normal(COARSE_SHAPE, dtype=np.float32)
    field = blur(white, scale_mm / 2)
    if band:
        field -= blur(white, 1.6 * scale_mm / 2)
    return field / field.std()


def distance(level: np.ndarray, step_mm: float = 2.0) -> np.ndarray:
    """Turn a smooth level set into a distance in mm, true near its zero: level over gradient."""
    slopes = np.gradient(level, step_mm)
    return level / np.sqrt(sum(slope**2 for slope in slopes) + 1e-12)


def smooth_min(first: np.ndarray, second: np.ndarray, width: float) -> np.ndarray:
    """Intersection of two shapes whose common edge is rounded over `width` mm."""
    near = np.maximum(width - np.abs(first - second), 0) / width
    return np.minimum(first, second) - near * near * width / 4


def ellipsoid(x: np.ndarray, y: np.ndarray, z: np.ndarray, centre: Point, radii: Point) -> np.ndarray:
    """Approximate signed distance to an ellipsoid."""
    u, v, w = (x - centre[0]), (y - centre[1]), (z - centre[2])
    level = np.sqrt((u / radii[0]) ** 2 + (v / radii[1]) ** 2 + (w / radii[2]) ** 2)
    slope = np.sqrt((u / radii[0] ** 2) ** 2 + (v / radii[1] ** 2) ** 2 + (w / radii[2] ** 2) ** 2)
    return (1 - level) * np.maximum(level, 1e-3) / np.maximum(slope, 1e-6)


def capsule(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, ends: Sequence[Point], radii: Tuple[float, float]
) -> np.ndarray:
    """Signed distance to a rod between two points whose radius changes along it."""
    (x0, y0, z0), (dx, dy, dz) = ends[0], (float(b - a) for a, b in zip(*ends))
    u, v, w = x - float(x0), y - float(y0), z - float(z0)
    square = dx * dx + dy * dy + dz * dz
    reach = u * dx + v * dy + w * dz
    t = np.clip(reach * (1 / square), 0, 1)
    # the square of the distance to the nearest point of the axis, which lies a share t along it
    apart = u * u + v * v + w * w
    apart -= t * (2 * reach - square * t)
    return radii[0] + t * (radii[1] - radii[0]) - np.sqrt(np.maximum(apart, 0))


class Canvas:
    """Hounsfield units on the fine grid, painted over one shape after the other.

    Parameters
    ----------
    hounsfield : numpy.ndarray
        float32, shape `SHAPE` or its lowest planes; painted in place.
    """

    def __init__(self, hounsfield: np.ndarray) -> None:
        self.hounsfield = hounsfield
        x, y, z = axes(1)
        self.axes = x, y, z[: len(hounsfield)]

    @classmethod
    def filled(cls, value: float) -> Canvas:
        """Return a canvas of one value."""
        return cls(np.full(SHAPE, value, dtype=np.float32))

    def low(self) -> Canvas:
        """Return the planes below z = 66 mm; painting on them paints on this canvas."""
        return Canvas(self.hounsfield[:LOW])

    def paint(self, inside: np.ndarray, value: float | np.ndarray) -> None:
        """Paint a shape that covers the whole grid; `value` is a number or a field."""
        share = np.clip(inside + 0.5, 0, 1)
        share *= value - self.hounsfield
        self.hounsfield += share

    def ellipsoid(
        self,
        centre: Point,
        radii: Point,
        value: float,
        limit: Optional[np.ndarray] = None,
        edge_mm: float = 1.0,
    ) -> None:
        """Paint an ellipsoid, only where `limit`, a signed distance on the fine grid, is positive."""
        low = tuple(c - r - 2 * edge_mm for c, r in zip(centre, radii))
        high = tuple(c + r + 2 * edge_mm for c, r in zip(centre, radii))
        box, local = self._box(low, high)
        self._local(box, ellipsoid(*local, centre, radii) / edge_mm, value, limit)

    def path(self, points: Sequence[Point], radius: float, value: float, limit: Optional[np.ndarray] = None) -> None:
        """Paint a tube along straight pieces, only where `limit` is positive."""
        for ends in zip(points[:-1], points[1:]):
            low = tuple(min(pair) - radius - 2 for pair in zip(*ends))
            high = tuple(max(pair) + radius + 2 for pair in zip(*ends))
            box, local = self._box(low, high)
            self._local(box, capsule(*local, ends, (radius, radius)), value, limit)

    def _box(
        self, low: Sequence[float], high: Sequence[float]
    ) -> Tuple[Tuple[slice, slice, slice], Tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Index of a box on the fine grid, and the coordinates in it."""
        x, y, z = (
            slice(max(int(a - start), 0), max(int(b - start) + 2, 0)) for a, b, start in zip(low, high, ORIGIN_MM)
        )
        return (z, y, x), (self.axes[0][:, :, x], self.axes[1][:, y, :], self.axes[2][z, :, :])

    def _local(
        self, box: Tuple[slice, slice, slice], inside: np.ndarray, value: float, limit: Optional[np.ndarray]
    ) -> None:
        share = np.clip((inside if limit is None else np.minimum(inside, limit[box])) + 0.5, 0, 1)
        view = self.hounsfield[box]
        view += share * (value - view)
