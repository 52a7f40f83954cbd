"""What headers leave open, asked of the pixels: is this a whole brain, without contrast, for soft tissue, undamaged?

Every check answers with a reason to refuse or with None. Those that need Hounsfield units are skipped for pictures.
"""

from __future__ import annotations

from typing import List, Optional, Sequence

import cv2
import numpy as np

from appliance.imaging.brain import BrainExtent
from appliance.imaging.head import Head
from appliance.reasons import Reason, ReasonCode
from appliance.study import SliceStack

MIN_BRAIN_SHARE = 0.45
"""Intracranial share of the head in its widest slices, in the median; at least 0.66 in 74 heads of CT-ICH."""

MIN_BRAIN_SLICES = 8
"""Slabs of brain that 8 zones need."""

MIN_BRAIN_MM = 70.0
"""A newborn's brain is about 85 mm high."""

MAX_BRAIN_MM = 220.0
"""No brain is higher, tilted or not."""

MAX_END_SHARE = 0.3
"""A stack that ends where the brain is wider than this share of its widest is cut off; at most 0.24 in CT-ICH."""

MAX_CUT_SLICES = 1
"""Slices in which the brain may reach the picture's border: bone lies between in all slices of the 75 heads of CT-ICH;
where a camera's frame or a field of view cuts the head, it does not."""

AIR_HU = 0
"""What surrounds the head lies below this in Hounsfield units, even where a narrow window has clipped it."""

CLEAR_AIR_HU = -800
"""So low must air be where values are not clipped by a window."""

BRAIN_HU = (20, 50)
"""Median of the intracranial space; 22 (a newborn) to 46 in 75 heads. A wrong Rescale Intercept would hide blood."""

ENHANCED_HU = (100, 500)
"""Vessels filled with contrast agent; blood, even clotted, stays below."""

MAX_ENHANCED_ML = 6.0
"""Calcified choroid, pineal gland and falx together stay below this volume."""

MAX_GRAIN_HU = 4.0
"""Standard deviation of the finest-grained noise; below 1 for soft tissue, whose kernels blur it away, in 75 heads."""


def check_brain(stack: SliceStack, heads: Sequence[Head], brain: BrainExtent) -> List[Reason]:
    """Check that the stack shows a whole brain.

    Parameters
    ----------
    stack : SliceStack
        The slices.
    heads : sequence of Head
        What `find_heads` found in them.
    brain : BrainExtent
        What `find_brain` found.

    Returns
    -------
    list of Reason
        ``no_brain``, ``too_few_slices`` or ``partial_brain``; empty when all is well.
    """
    if brain.brain_share < MIN_BRAIN_SHARE:
        return [Reason(ReasonCode.NO_BRAIN)]
    count = len(brain.indices)
    in_mm = stack.positions_mm is not None
    if in_mm and not MIN_BRAIN_MM <= brain.length <= MAX_BRAIN_MM:
        return [Reason(ReasonCode.PARTIAL_BRAIN if brain.length < MIN_BRAIN_MM else ReasonCode.NO_BRAIN)]
    if count < MIN_BRAIN_SLICES:
        return [Reason(ReasonCode.TOO_FEW_SLICES, {"count": count})]
    ends = [brain.first_share if brain.first == 0 else 0.0, brain.last_share if brain.last == len(stack) - 1 else 0.0]
    if max(ends) > MAX_END_SHARE or is_cut(heads, brain):
        return [Reason(ReasonCode.PARTIAL_BRAIN)]
    return []


def is_cut(heads: Sequence[Head], brain: BrainExtent) -> bool:
    """Tell whether the brain reaches the border of the pictures, so that part of it may lie beyond.

    Parameters
    ----------
    heads, brain
        As for `check_brain`.
    """
    return sum(heads[index].is_cut for index in brain.indices) > MAX_CUT_SLICES


def check_window(stack: SliceStack, heads: Sequence[Head], brain: BrainExtent) -> Optional[Reason]:
    """Check that pictures are in a brain window: black around the head, brain in the middle of the scale."""
    middle = (brain.first + brain.last) // 2
    inside = _inside(heads[middle], stack.pixels.shape[1:], 0)
    values = stack.pixels[middle][inside]
    brightness = float(np.median(values)) if len(values) else 0.0
    return None if 50 <= brightness <= 190 else Reason(ReasonCode.PHOTO_NOT_BRAIN_WINDOW)


def check_hounsfield(stack: SliceStack) -> Optional[Reason]:
    """Check that the picture's border is air in Hounsfield units."""
    if stack.hounsfield is None:
        return None
    volume = stack.hounsfield[::4]
    border = np.concatenate([volume[:, :4].ravel(), volume[:, :, :4].ravel(), volume[:, :, -4:].ravel()])
    clipped = int(volume.min()) > -100
    highest = AIR_HU if clipped else CLEAR_AIR_HU
    return Reason(ReasonCode.NOT_HOUNSFIELD) if np.percentile(border, 20) > highest else None


def check_tissue(stack: SliceStack, heads: Sequence[Head], brain: BrainExtent) -> Optional[Reason]:
    """Check Hounsfield units within the brain: those of brain, no contrast agent, no kernel for bone."""
    if stack.hounsfield is None or stack.thickness_mm is None or stack.pixel_spacing_mm is None:
        return None
    enhanced_ml = 0.0
    noise, tissue = [], []
    for index in brain.indices:
        inside = _inside(heads[index], stack.hounsfield.shape[1:], 7)
        if not inside.any():
            continue
        picture = stack.hounsfield[index]
        values = picture[inside]
        voxel_ml = stack.pixel_spacing_mm**2 * stack.thickness_mm[index] / 1000
        enhanced_ml += float(((values > ENHANCED_HU[0]) & (values < ENHANCED_HU[1])).sum()) * voxel_ml
        if index % 3 == 0:  # a median of a third of the slices is as good
            noise.append(grain(picture, inside))
            tissue.append(values)
    if noise and float(np.median(noise)) > MAX_GRAIN_HU:
        return Reason(ReasonCode.BONE_KERNEL_ONLY)
    if tissue and not BRAIN_HU[0] <= float(np.median(np.concatenate(tissue))) <= BRAIN_HU[1]:
        return Reason(ReasonCode.NOT_HOUNSFIELD)
    return Reason(ReasonCode.CONTRAST) if enhanced_ml > MAX_ENHANCED_ML else None


def grain(picture: np.ndarray, inside: np.ndarray) -> float:
    """Estimate the standard deviation of the finest-grained noise (Immerkaer 1996, doi:10.1006/cviu.1996.0060).

    Parameters
    ----------
    picture : numpy.ndarray
        Shape ``(rows, columns)``: Hounsfield units or grey levels.
    inside : numpy.ndarray
        bool, same shape: where to look.

    Returns
    -------
    float
        In the picture's units. The median takes the place of the mean, so that edges do not count as noise.
    """
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    response = cv2.filter2D(picture.astype(np.float32), -1, mask)
    return float(np.median(np.abs(response[inside])) / 0.6745 / 6)


def _inside(head: Head, shape: Sequence[int], margin: int) -> np.ndarray:
    """The intracranial space with its holes filled (vessels and calcifications are as white as bone), less a margin."""
    mask = head.intracranial.astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc)
    if margin:
        mask = cv2.erode(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (margin, margin)), borderValue=0)
    if not mask.any():
        return np.zeros(tuple(shape), dtype=bool)
    return cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST) > 0
