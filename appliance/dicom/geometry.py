"""Where slices lie: order along the normal, faults, and the slabs of about 5 mm that are averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import numpy as np

from appliance.dicom.header import ImageHeader

SLAB_MM = 5.0
"""Thickness at which a head is read, and which the network was trained on."""

SAME_PLACE_MM = 0.05
"""Positions closer than this are one position."""

GAP = 1.4
"""A step is a gap when it exceeds the thickness and the neighbouring steps by this factor."""

UNSEEN_STEP_MM = 7.5
"""A wider step must be covered by the thickness of its slices, or a bleed could lie between them."""

THICKEST_MM = 10.0
"""A Slice Thickness above this is not believed."""

LARGEST_STEP_MM = 12.0
"""Slices farther apart than this do not show a head."""

STRAIGHT_MM = 3.0
"""How far a slice may lie aside the line on which the others lie."""


@dataclass(frozen=True)
class Geometry:
    """Images in order, and where they lie.

    Attributes
    ----------
    images : tuple of ImageHeader
        From the feet towards the top of the head.
    positions : numpy.ndarray
        float64, shape ``(n,)``, mm along the normal, rising.
    """

    images: Tuple[ImageHeader, ...]
    positions: np.ndarray

    @property
    def spacing(self) -> Optional[float]:
        """Median step in mm, None for a single slice."""
        return float(np.median(np.diff(self.positions))) if len(self.images) > 1 else None


@dataclass(frozen=True)
class Slab:
    """Neighbouring slices that are averaged into one.

    Attributes
    ----------
    images : tuple of ImageHeader
        Its slices.
    centre : float
        Mean of their positions, mm along the normal.
    thickness : float
        How much of the normal they stand for, in mm.
    shifts : tuple of (float, float)
        For each slice the shift ``(x, y)`` in pixels that lays it upon the slab's middle.
    """

    images: Tuple[ImageHeader, ...]
    centre: float
    thickness: float
    shifts: Tuple[Tuple[float, float], ...]


def normal(image: ImageHeader) -> Optional[np.ndarray]:
    """Return the unit normal of an image's plane, pointing towards the head (PS3.3 section C.7.6.2.1.1); None
    without orientation.
    """
    if len(image.orientation) != 6:
        return None
    row, column = np.array(image.orientation[:3]), np.array(image.orientation[3:])
    cross = np.cross(row, column)
    length = np.linalg.norm(cross)
    if not (0.9 < length < 1.1):
        return None
    direction = cross / length
    return np.asarray(direction if direction[2] >= 0 else -direction)


def tilt(image: ImageHeader) -> Optional[float]:
    """Return the angle in degrees between the normal and the patient's long axis, by orientation, else by
    Gantry/Detector Tilt.
    """
    direction = normal(image)
    if direction is None:
        return None
    angle = float(np.degrees(np.arccos(np.clip(direction[2], -1.0, 1.0))))
    if angle < 0.1 and image.gantry_tilt:
        return abs(image.gantry_tilt)
    return angle


def in_order(images: Sequence[ImageHeader]) -> Optional[Geometry]:
    """Order images by their position along the normal; None where one has no position.

    Neither Instance Number nor file names are used: they follow the order of reconstruction, of sending, or nothing.
    """
    direction = normal(images[0])
    if direction is None or any(len(image.position) != 3 for image in images):
        return None
    positions = np.array([image.position for image in images]) @ direction
    order = sorted(range(len(images)), key=lambda i: (positions[i], images[i].sop_instance_uid, images[i].frame))
    return Geometry(tuple(images[i] for i in order), positions[order])


def fault(geometry: Geometry) -> Optional[str]:
    """Say in a few words what is wrong with the positions of slices; None where nothing is.

    A step that changes along the series (4 mm through the base, 7 mm above) is no fault. A gap is: a step wider
    than the slices are thick and than the steps beside it.
    """
    steps = np.diff(geometry.positions)
    if len(steps) == 0:
        return None
    if steps.min() < SAME_PLACE_MM:
        return "several images at one position"
    if steps.max() > LARGEST_STEP_MM * 3 or np.median(steps) > LARGEST_STEP_MM:
        return f"a step of {steps.max():.1f} mm"
    for i, step in enumerate(steps):
        beside = [steps[j] for j in (i - 1, i + 1) if 0 <= j < len(steps)]
        stated = [image.thickness for image in geometry.images[i : i + 2] if image.thickness]
        thick = max((value for value in stated if value <= THICKEST_MM), default=float(np.median(steps)))
        sudden = step > GAP * max(beside, default=step) and step > GAP * thick
        if sudden or (step > UNSEEN_STEP_MM and step > GAP * thick):
            return f"a gap of {step:.1f} mm at {geometry.positions[i]:.0f} mm"
    return _crooked(geometry)


def _crooked(geometry: Geometry) -> Optional[str]:
    """Positions must lie on a straight line, that of the table's travel."""
    points = np.array([image.position for image in geometry.images])
    along = points[-1] - points[0]
    length = float(np.linalg.norm(along))
    if len(points) < 3 or length == 0:
        return None
    offsets = points - np.median(points - np.outer((points - points[0]) @ along / length**2, along), axis=0)
    aside = offsets - np.outer(offsets @ along / length**2, along)
    if np.linalg.norm(aside, axis=1).max() > STRAIGHT_MM:
        return "a slice aside the others"
    return None


def slabs(geometry: Geometry) -> List[Slab]:
    """Join neighbouring slices into slabs as near to `SLAB_MM` as whole slices allow; thick slices stay alone.

    Every slice belongs to exactly one slab, and the slabs tile the extent of the series.
    """
    widths = _widths(geometry.positions)
    groups: List[List[int]] = []
    filled = 0.0
    for index, width in enumerate(widths):
        if groups and abs(filled + width - SLAB_MM) < abs(filled - SLAB_MM):
            groups[-1].append(index)
            filled += width
        else:
            groups.append([index])
            filled = width
    return [_slab(geometry, widths, group) for group in groups]


def _widths(positions: np.ndarray) -> np.ndarray:
    """How much of the normal each slice stands for: half of each step beside it."""
    if len(positions) == 1:
        return np.array([SLAB_MM])
    steps = np.diff(positions)
    before, after = np.concatenate([steps[:1], steps]), np.concatenate([steps, steps[-1:]])
    return np.asarray((before + after) / 2)


def _slab(geometry: Geometry, widths: np.ndarray, group: Sequence[int]) -> Slab:
    images = tuple(geometry.images[i] for i in group)
    middle = np.mean([image.position for image in images], axis=0)
    row, column = np.array(images[0].orientation[:3]), np.array(images[0].orientation[3:])
    spacing_y, spacing_x = images[0].pixel_spacing
    shifts = []
    for image in images:
        offset = np.array(image.position) - middle
        x, y = float(offset @ row) / spacing_x, float(offset @ column) / spacing_y
        # below a third of a pixel the interpolation would blur more than it lays right
        shifts.append((x if abs(x) > 1 / 3 else 0.0, y if abs(y) > 1 / 3 else 0.0))
    return Slab(
        images, float(np.mean(geometry.positions[list(group)])), float(widths[list(group)].sum()), tuple(shifts)
    )
