"""Damage that decoding cannot notice: pixel data overwritten, shifted or cut on a scratched disc or a broken transfer.

Damage runs along rows, as pixel data are stored; anatomy and noise do not. Each trace is looked for in Hounsfield units within
the head.
"""

from __future__ import annotations

from typing import Optional, Sequence

import cv2
import numpy as np

from appliance.imaging.brain import BrainExtent
from appliance.imaging.head import Head
from appliance.study import SliceStack
from appliance.verdict import Reason, ReasonCode

SOFT_HU = (-15, 95)
"""Where noise lies on every pixel; beyond it a window may have clipped."""

FLAT_RUN = 32
"""So many equal pixels side by side do not occur in soft tissue."""

MAX_ROW_JUMP_HU = 75.0
"""Mean absolute step from one row to the next across the head, Hounsfield units clipped to `JUMP_HU`."""

JUMP_HU = (-200, 200)

IMPULSE_HU = 150
"""How far a damaged pixel stands out of its neighbours."""

MAX_IMPULSES = 24
"""Calcifications, clips and electrodes make some."""


def check_damage(stack: SliceStack, heads: Sequence[Head], brain: BrainExtent) -> Optional[Reason]:
    """Look for traces of damage in every slice of the brain.

    Parameters
    ----------
    stack : SliceStack
        The slices; pictures, which have no Hounsfield units, are not looked at.
    heads : sequence of Head
        What `find_heads` found in them.
    brain : BrainExtent
        What `find_brain` found.

    Returns
    -------
    Reason or None
        ``damaged_pixels`` with the first slice that shows a trace.
    """
    if stack.hounsfield is None:
        return None
    for index in brain.indices:
        picture, head = stack.hounsfield[index], heads[index]
        trace = None
        if index and np.array_equal(picture, stack.hounsfield[index - 1]):
            trace = "equal to the one before"
        elif head.length:
            trace = _trace(picture, head)
        if trace:
            return Reason(ReasonCode.DAMAGED_PIXELS, {"detail": f"slice {index + 1}: {trace}"})
    return None


def _trace(picture: np.ndarray, head: Head) -> Optional[str]:
    rows, columns = picture.shape
    half = head.length / 2
    top, bottom = max(int(head.centre[1] - half), 0), min(int(head.centre[1] + half) + 1, rows)
    left, right = max(int(head.centre[0] - half), 0), min(int(head.centre[0] + half) + 1, columns)
    part = picture[top:bottom, left:right]
    if part.shape[0] < 8 or part.shape[1] < FLAT_RUN:
        return None
    if has_flat_run(part):
        return "rows without noise"
    if row_jump(part) > MAX_ROW_JUMP_HU:
        return "torn rows"
    if impulses(picture, head) > MAX_IMPULSES:
        return "scattered wrong values"
    return None


def has_flat_run(part: np.ndarray) -> bool:
    """Tell whether `FLAT_RUN` equal pixels of soft tissue stand side by side; `part` is int16, shape ``(rows, columns)``."""
    equal = (part[:, 1:] == part[:, :-1]) & (part[:, 1:] > SOFT_HU[0]) & (part[:, 1:] < SOFT_HU[1])
    run = cv2.erode(equal.astype(np.uint8), np.ones((1, FLAT_RUN - 1), np.uint8), borderValue=0)
    return bool(run.any())


def row_jump(part: np.ndarray) -> float:
    """Return the largest mean step between neighbouring rows, beyond that of the rows around it, in Hounsfield units."""
    clipped = np.clip(part, *JUMP_HU).astype(np.float32)
    steps = cv2.absdiff(clipped[1:], clipped[:-1]).mean(axis=1)
    around = cv2.medianBlur(steps.reshape(1, -1).astype(np.float32), 5).ravel()
    return float((steps - around).max())


def impulses(picture: np.ndarray, head: Head) -> int:
    """Count pixels within the brain that stand out of the median of their neighbours."""
    mask = cv2.erode(head.intracranial.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0)
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return 0
    rows, columns = picture.shape
    side = mask.shape[0]
    top, bottom = y * rows // side, (y + height) * rows // side
    left, right = x * columns // side, (x + width) * columns // side
    part = (np.clip(picture[top:bottom, left:right], -1000, 3000).astype(np.int32) + 1000).astype(np.uint16)
    inside = cv2.resize(mask[y : y + height, x : x + width], (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
    out = cv2.absdiff(part, cv2.medianBlur(part, 3)) > IMPULSE_HU
    return int((out & (inside > 0)).sum())
