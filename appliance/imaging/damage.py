"""Damage that decoding cannot notice: pixel data overwritten, shifted or cut on a scratched disc or a broken transfer.

Overwritten data have no noise, wrong noise, or wrong values; shifted data lie elsewhere than in the slices beside
them; both run
along rows, as pixel data are stored. The traces are looked for in Hounsfield units, where the neighbouring slices
show brain.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import List, Optional, Sequence, Set, Tuple

import cv2
import numpy as np

from appliance.imaging.brain import BrainExtent
from appliance.imaging.head import THUMBNAIL, Head
from appliance.imaging.tensor import head_length
from appliance.reasons import Reason, ReasonCode
from appliance.study import SliceStack

SOFT_HU = (-15, 95)
"""Where noise lies on every pixel; beyond it a window may have clipped."""

FLAT_RUN = 32
"""So many equal pixels side by side do not occur in soft tissue."""

MAX_ROW_JUMP_HU = 90.0
"""Mean step from one row to the next across the head."""

JUMP_HU = (-200, 200)
"""Range to which a step counts."""

CUT_ROWS = 6
"""So many rows of tissue end at once against so many of air where a picture is cut; a thin table does not count."""

MAX_CUT_SHARE = 0.2
"""Columns that end so in one row, over the length of the head."""

IMPULSE_HU = 150
"""How far a damaged pixel stands out of the median of its neighbours."""

MAX_IMPULSES = 24
"""Calcifications, clips and electrodes make some."""

VOID_HU = (-200, 400)
"""Outside lie air and bone, which brain between two slices of brain is not."""

MAX_VOID_SHARE = 0.04
"""Share of the brain that may be air or bone although it is brain in the slices beside it."""

MAX_GRAIN_RATIO = 4.0
"""Finest grain of a patch of brain over that of the whole stack."""

PATCHES = 32
"""Patches of grain to the side of a picture."""

_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)


@dataclass(frozen=True)
class Traces:
    """What was measured in one slice; each limit stands beside it in this module.

    Attributes
    ----------
    flat : bool
        Whether `FLAT_RUN` equal pixels of soft tissue stand side by side.
    row_jump : float
        Largest mean step from one row to the next across the head beyond that of the rows around it, Hounsfield units.
    cut : float
        Largest share of columns in which tissue ends against air in one and the same row.
    impulses : int
        Pixels that stand out of their neighbours.
    void : float
        Share of the brain that is air or bone.
    grain : float
        Median over the slice of the finest grain, Hounsfield units; NaN where there is too little brain.
    coarsest : float
        The same of its coarsest patch.
    """

    flat: bool
    row_jump: float
    cut: float
    impulses: int
    void: float
    grain: float
    coarsest: float


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
    # a damaged slice at either end may have dropped out of the brain's extent, so one more is looked at
    indices = range(max(brain.first - 1, 0), min(brain.last + 2, len(stack)))
    measured = measure(stack.hounsfield, heads, indices)
    usual = float(np.nanmedian([traces.grain for traces in measured])) if len(measured) > 2 else float("nan")
    seen: Set[bytes] = set()
    for index, traces in zip(indices, measured):
        digest = hashlib.blake2b(stack.hounsfield[index].tobytes(), digest_size=16).digest()
        trace = "the same as another" if digest in seen else _named(traces, usual)
        if trace:
            return Reason(ReasonCode.DAMAGED_PIXELS, {"detail": f"slice {index + 1}: {trace}"})
        seen.add(digest)
    return None


def measure(volume: np.ndarray, heads: Sequence[Head], indices: Sequence[int]) -> List[Traces]:
    """Measure the traces of damage in some slices of a volume, int16, shape ``(n, rows, columns)``."""
    length = head_length(heads)
    return [_measure(volume[index], _Place.of(heads, index, length, volume.shape[1:]), length) for index in indices]


def _named(traces: Traces, usual_grain: float) -> Optional[str]:
    if traces.flat:
        return "rows without noise"
    if traces.row_jump > MAX_ROW_JUMP_HU or traces.cut > MAX_CUT_SHARE:
        return "torn rows"
    if traces.impulses > MAX_IMPULSES:
        return "scattered wrong values"
    if traces.void > MAX_VOID_SHARE:
        return "no brain where its neighbours show some"
    if traces.coarsest > MAX_GRAIN_RATIO * usual_grain:
        return "noise unlike that of the others"
    return None


@dataclass(frozen=True)
class _Place:
    """Where a slice must show the head and brain, by the slices beside it: damage may hide both in the slice itself."""

    rows: slice
    columns: slice
    brain: np.ndarray

    @classmethod
    def of(cls, heads: Sequence[Head], index: int, length: float, shape: Sequence[int]) -> _Place:
        below, above = heads[max(index - 1, 0)], heads[min(index + 1, len(heads) - 1)]
        x, y = (below.centre[0] + above.centre[0]) / 2, (below.centre[1] + above.centre[1]) / 2
        half = length / 2
        mask = (below.intracranial & above.intracranial).astype(np.uint8)
        mask = cv2.erode(mask, np.ones((5, 5), np.uint8), borderValue=0)
        return cls(
            slice(max(int(y - half), 0), min(int(y + half) + 1, shape[0])),
            slice(max(int(x - half), 0), min(int(x + half) + 1, shape[1])),
            mask,
        )


def _measure(picture: np.ndarray, place: _Place, length: float) -> Traces:
    head = picture[place.rows, place.columns]
    inside, box = _brain_box(place.brain, picture.shape)
    part = picture[box]
    rows = (_has_flat_run(head), _row_jump(head, length), _cut(head, length))
    if not inside.any():
        return Traces(*rows, 0, 0.0, float("nan"), 0.0)
    shifted = (np.clip(part, -1000, 3000) + np.int16(1000)).astype(np.uint16)
    impulses = (cv2.absdiff(shifted, cv2.medianBlur(shifted, 3)) > IMPULSE_HU) & inside
    void = ((part < VOID_HU[0]) | (part > VOID_HU[1])) & inside
    grain, coarsest = _grain(part, inside, max(picture.shape[0] // PATCHES, 8))
    share = float(void.sum()) / float(inside.sum())
    return Traces(*rows, int(impulses.sum()), share, grain, coarsest)


def _brain_box(mask: np.ndarray, shape: Sequence[int]) -> Tuple[np.ndarray, Tuple[slice, slice]]:
    """The brain's mask at full resolution within its bounding box, and that box."""
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return np.zeros((0, 0), dtype=bool), (slice(0, 0), slice(0, 0))
    top, bottom = y * shape[0] // THUMBNAIL, (y + height) * shape[0] // THUMBNAIL
    left, right = x * shape[1] // THUMBNAIL, (x + width) * shape[1] // THUMBNAIL
    small = mask[y : y + height, x : x + width]
    inside = cv2.resize(small, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST) > 0
    return inside, (slice(top, bottom), slice(left, right))


def _has_flat_run(head: np.ndarray) -> bool:
    if head.shape[1] < FLAT_RUN:
        return False
    equal = (head[:, 1:] == head[:, :-1]) & (head[:, 1:] > SOFT_HU[0]) & (head[:, 1:] < SOFT_HU[1])
    run = cv2.erode(equal.astype(np.uint8), np.ones((1, FLAT_RUN - 1), np.uint8), borderValue=0)
    return bool(run.any())


def _row_jump(head: np.ndarray, length: float) -> float:
    if head.shape[0] < 8:
        return 0.0
    clipped = np.clip(head, *JUMP_HU)
    steps = cv2.absdiff(clipped[1:], clipped[:-1]).sum(axis=1, dtype=np.float32) / np.float32(max(length, 1.0))
    around = cv2.medianBlur(steps.reshape(1, -1), 5).ravel()
    return float((steps - around).max())


def _cut(head: np.ndarray, length: float) -> float:
    if head.shape[0] < 2 * CUT_ROWS:
        return 0.0
    column = np.ones((CUT_ROWS, 1), np.uint8)
    # each true where this row and the `CUT_ROWS - 1` below it are all tissue, all air
    tissue, air = (
        cv2.erode(kind.astype(np.uint8), column, anchor=(0, 0), borderValue=0) for kind in (head > -100, head < -300)
    )
    above, below = slice(None, -CUT_ROWS), slice(CUT_ROWS, None)
    ends = (tissue[above] & air[below]) | (air[above] & tissue[below])
    return float(ends.sum(axis=1).max()) / max(length, 1.0)


def _grain(part: np.ndarray, inside: np.ndarray, side: int) -> Tuple[float, float]:
    """Median and maximum over patches of the mean response to a Laplacian, within soft tissue."""
    soft = np.clip(part, -30, 110).astype(np.float32)
    response = np.abs(cv2.filter2D(soft, -1, _LAPLACIAN))
    # the rim of a calcification is a few strong pixels, damaged noise is many: no pixel counts for more than 8
    response = np.minimum(response, 8 * np.median(response[inside])) * inside
    area = cv2.boxFilter(inside.astype(np.float32), -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    total = cv2.boxFilter(response, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    full = area > 0.7 * side * side
    if not full.any():
        return float("nan"), 0.0
    patches = total[full] / area[full]
    return float(np.median(patches)), float(patches.max())
