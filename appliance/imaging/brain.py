"""Which slices show brain, and whether they are enough to judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np

from appliance.imaging.head import Head
from appliance.study import SliceStack

MIN_SHARE = 0.08
"""A slice belongs to the brain when its intracranial space is at least this share of the largest in the stack."""

WIDE = 0.8
"""Intracranial space of slices that are nearly as wide as the widest, over its own."""


@dataclass(frozen=True)
class BrainExtent:
    """The slices between the lowest and the highest that show brain.

    Attributes
    ----------
    first, last : int
        Indices into the stack, both included.
    lower, upper : float
        Edges of the extent along the normal, in mm, or in slices where mm are unknown.
    largest_area : float
        Intracranial area of the widest slice, in pixels.
    brain_share : float
        Intracranial share of the head's outline: the median of the slices that are nearly as wide, for on one of them
        a photograph's crop may hold a viewer's white bar, which is taken for bone.
    first_share, last_share : float
        Intracranial area of the first and the last slice of the extent, over the largest.
    """

    first: int
    last: int
    lower: float
    upper: float
    largest_area: float
    brain_share: float
    first_share: float
    last_share: float

    @property
    def indices(self) -> range:
        """Indices of the slices within the brain."""
        return range(self.first, self.last + 1)

    @property
    def length(self) -> float:
        """Extent along the normal, in mm, or in slices where mm are unknown."""
        return self.upper - self.lower


def find_brain(stack: SliceStack, heads: Sequence[Head]) -> BrainExtent:
    """Find the brain's extent: the unbroken run of brain slices around the widest one.

    Parameters
    ----------
    stack : SliceStack
        The slices.
    heads : sequence of Head
        What `find_heads` found in them.

    Returns
    -------
    BrainExtent
        With ``largest_area`` 0 where no slice shows an intracranial space.
    """
    area = np.array([head.intracranial_area for head in heads])
    widest = int(area.argmax())
    first, last = _run_around(area >= max(MIN_SHARE * area[widest], 1.0), widest)
    edges = stack.edges
    largest = float(area[widest])
    wide = [head for head in heads[first : last + 1] if head.area and head.intracranial_area >= WIDE * largest]
    shares = [head.intracranial_area / head.area for head in wide]
    return BrainExtent(
        first=first,
        last=last,
        lower=float(edges[first, 0]),
        upper=float(edges[last, 1]),
        largest_area=largest,
        brain_share=float(np.median(shares)) if shares else 0.0,
        first_share=float(area[first]) / largest if largest else 0.0,
        last_share=float(area[last]) / largest if largest else 0.0,
    )


def _run_around(brain: np.ndarray, widest: int) -> Tuple[int, int]:
    """Grow from the widest slice; a single slice that was not recognised does not end the run."""
    first = last = widest
    for index in range(widest - 1, -1, -1):
        if brain[index]:
            first = index
        elif first - index > 1:
            break
    for index in range(widest + 1, len(brain)):
        if brain[index]:
            last = index
        elif index - last > 1:
            break
    return first, last
