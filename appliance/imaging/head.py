"""The outline of the head and the intracranial space, slice by slice, in the brain window alone.

Both are found on a thumbnail of `THUMBNAIL` pixels a side. Only what the brain window keeps is used, so that a
photograph of
a console and a DICOM series are treated alike: bone is white, air and fat are black, brain lies between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

import cv2
import numpy as np

from appliance.study import SliceStack

THUMBNAIL = 128
"""Side of the picture on which outlines are found; about 2 mm a pixel for a usual field of view."""

BONE = 245
"""Grey level from which a pixel counts as bone (about 95 HU at width 120, level 40)."""

TISSUE = 30
"""Grey level from which a pixel is neither air nor fat (about -6 HU at width 120, level 40)."""

MIN_PART = 64
"""Smallest part of the intracranial space, in thumbnail pixels."""

MIN_VAULT_FILL = 0.85
"""Share of the space within the bone's convex hull that soft tissue fills in the vault of a skull with open
fontanelles.
"""

MIN_WIDE_SHARE = 0.3
"""Share of the head's outline that must be enclosed before a wide gap is bridged; the pharynx between jaws stays
below.
"""

MIN_VAULT_RIM = 0.3
"""Share of the hull's rim that must be bone."""

GAP_CLOSINGS = (5, 15)
"""Diameters in thumbnail pixels of the gaps in the skull that are bridged: sutures and fontanelles, then a
craniectomy.
"""


@dataclass(frozen=True)
class Head:
    """The head in one slice.

    Attributes
    ----------
    centre : tuple of float
        ``(x, y)`` of the middle of the outline's bounding box, in pixels of the slice.
    length : float
        Longer side of that box in pixels of the slice; 0 where there is no head.
    area : float
        Area inside the outline, in pixels of the slice.
    intracranial : numpy.ndarray
        bool, shape ``(THUMBNAIL, THUMBNAIL)``: soft tissue enclosed by the skull.
    intracranial_area : float
        Its area in pixels of the slice.
    """

    centre: Tuple[float, float]
    length: float
    area: float
    intracranial: np.ndarray
    intracranial_area: float

    @property
    def is_cut(self) -> bool:
        """Whether the intracranial space reaches the picture's border, so that part of it may lie beyond."""
        return bool(self.intracranial[[0, -1]].any() or self.intracranial[:, [0, -1]].any())


def find_heads(stack: SliceStack) -> List[Head]:
    """Find the head in each slice of a stack.

    Parameters
    ----------
    stack : SliceStack
        Brain-window slices.

    Returns
    -------
    list of Head
        One a slice.
    """
    return [find_head(picture) for picture in stack.pixels]


def find_head(picture: np.ndarray, tissue: int = TISSUE, bone: int = BONE) -> Head:
    """Find the head in one slice.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8, shape ``(rows, columns)``, brain window.
    tissue, bone : int
        Grey levels from which a pixel is neither air nor fat, and from which it is bone.

    Returns
    -------
    Head
        Its outline and intracranial space; both empty where nothing is found.
    """
    rows, columns = picture.shape
    small = cv2.resize(picture, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    outline = _outline(small, tissue)
    empty = np.zeros((THUMBNAIL, THUMBNAIL), dtype=bool)
    if outline is None:
        return Head((columns / 2, rows / 2), 0.0, 0.0, empty, 0.0)
    x, y, width, height = cv2.boundingRect(outline)
    scale_x, scale_y = columns / THUMBNAIL, rows / THUMBNAIL
    mask = cv2.fillPoly(np.zeros_like(small), [outline], 1)
    intracranial = _intracranial(picture, small, mask, tissue, bone)
    pixel = scale_x * scale_y
    return Head(
        centre=((x + width / 2) * scale_x, (y + height / 2) * scale_y),
        length=max(width * scale_x, height * scale_y),
        area=float(mask.sum()) * pixel,
        intracranial=intracranial,
        intracranial_area=float(intracranial.sum()) * pixel,
    )


def _disc(diameter: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))


def _outline(small: np.ndarray, tissue: int) -> Optional[np.ndarray]:
    """Convex outline of the largest solid thing; the opening drops the head rest, which is a thin shell."""
    solid = cv2.morphologyEx((small >= tissue).astype(np.uint8), cv2.MORPH_OPEN, _disc(5))
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    if cv2.contourArea(largest) < 0.01 * small.size:
        return None
    return cv2.convexHull(largest)


def _intracranial(
    picture: np.ndarray, small: np.ndarray, head: np.ndarray, tissue_level: int, bone_level: int
) -> np.ndarray:
    """Soft tissue that bone encloses: the skull's holes once its gaps are bridged, less air cells and orbits.

    The narrow bridging is right for nearly all; the others are taken only where they enclose much more.
    """
    # bone is found at full resolution: averaged into the thumbnail, a child's thin skull would fade into gaps
    white = cv2.compare(picture, bone_level, cv2.CMP_GE)
    bone = (cv2.resize(white, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA) >= 0.4 * 255) & (head > 0)
    tissue = (small >= tissue_level) & ~bone & (head > 0)
    narrow = _enclosed(tissue, bone, GAP_CLOSINGS[0])
    for wider in (_enclosed(tissue, bone, GAP_CLOSINGS[1]), _vault(tissue, bone)):
        if wider.sum() > max(1.5 * narrow.sum(), MIN_WIDE_SHARE * head.sum()):
            return wider
    return narrow


def _vault(tissue: np.ndarray, bone: np.ndarray) -> np.ndarray:
    """The convex hull of the bone, where soft tissue fills it as only the vault of the skull is filled.

    Open fontanelles and wide sutures of an infant leave no ring that could be bridged.
    """
    points = cv2.findNonZero(bone.astype(np.uint8))
    if points is None:
        return np.zeros_like(bone)
    hull = cv2.fillConvexPoly(np.zeros(bone.shape, dtype=np.uint8), cv2.convexHull(points), 1) > 0
    inside = cv2.morphologyEx((hull & tissue).astype(np.uint8), cv2.MORPH_OPEN, _disc(5)) > 0
    filled = inside.sum() / max((hull & ~bone).sum(), 1)
    rim = hull & (cv2.erode(hull.astype(np.uint8), _disc(9), borderValue=0) == 0)
    return inside if filled > MIN_VAULT_FILL and bone[rim].mean() > MIN_VAULT_RIM else np.zeros_like(bone)


def _enclosed(tissue: np.ndarray, bone: np.ndarray, gap: int) -> np.ndarray:
    margin = gap + 1
    padded = cv2.copyMakeBorder(bone.astype(np.uint8), margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    outside = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _disc(gap))
    cv2.floodFill(outside, None, (0, 0), 1)
    inside = (1 - outside)[margin:-margin, margin:-margin]
    # what the bridging itself swallowed next to the inner table belongs to the inside again
    inside = cv2.dilate(inside, _disc(3)) & tissue
    inside = cv2.morphologyEx(inside, cv2.MORPH_OPEN, _disc(5))
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    large = statistics[:, cv2.CC_STAT_AREA] >= MIN_PART
    large[0] = False
    return large[labels]
