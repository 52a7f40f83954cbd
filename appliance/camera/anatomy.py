"""Which end of a series of photographed slices is the base of the skull, and whether both ends lie beyond the brain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence

import cv2
import numpy as np

from appliance.imaging.brain import find_brain
from appliance.imaging.head import Head, find_head
from appliance.study import SliceStack

MIN_SLICES = 8
"""With fewer slices nothing is said."""

_TISSUE, _BONE = 50, 205
"""Grey levels from which a pixel is neither air nor fat, and is bone, once black and white are set. A photograph's
tones lie elsewhere than the console's."""

_WHITE = 99.0
"""Percentile of a slice that is bone."""

_CENTRE, _OUTSIDE = 0.05, 0.05
"""What counts as much for the direction: how far the brain's middle lies from the series', as a share of it, and how
much more of the picture is head without brain at one end than at the other."""

_END_SHARE = 0.15
"""A series ends beyond the brain where its last slice shows no more than this share of the widest."""


@dataclass(frozen=True)
class Coverage:
    """What of the head a series shows.

    Attributes
    ----------
    upward : bool
        Whether it runs from the base to the vertex as it lies.
    base, vertex : bool
        Whether it reaches beyond the brain there.
    """

    upward: bool
    base: bool
    vertex: bool


def levelled(pictures: Sequence[np.ndarray]) -> List[np.ndarray]:
    """Set black and white of photographed slices: air to 0 and bone to 255, the same for all.

    Parameters
    ----------
    pictures : sequence of numpy.ndarray
        uint8, square.
    """
    black = float(np.median([np.percentile(picture, 5) for picture in pictures]))
    white = float(np.median([np.percentile(picture, _WHITE) for picture in pictures]))
    gain = 255 / max(white - black, 1.0)
    table = np.clip((np.arange(256) - black) * gain, 0, 255).astype(np.uint8)
    return [cv2.LUT(picture, table) for picture in pictures]


def find_heads(pictures: Sequence[np.ndarray]) -> List[Head]:
    """Find the head in each of some photographed slices."""
    return [find_head(picture, _TISSUE, _BONE) for picture in levelled(pictures)]


def coverage(pictures: Sequence[np.ndarray]) -> Coverage:
    """Tell what a series covers.

    Parameters
    ----------
    pictures : sequence of numpy.ndarray
        uint8, square, in order from either end.
    """
    heads = find_heads(pictures)
    upward = _upward(heads)
    heads = heads if upward else heads[::-1]
    stack = SliceStack(np.zeros((len(heads), 1, 1), np.uint8), tuple(str(index) for index in range(len(heads))))
    brain = find_brain(stack, heads)
    base = brain.first > 0 or brain.first_share <= _END_SHARE
    vertex = brain.last < len(heads) - 1 or brain.last_share <= _END_SHARE
    seen = len(heads) >= MIN_SLICES and brain.largest_area > 0
    return Coverage(upward, seen and base, seen and vertex)


def _upward(heads: Sequence[Head]) -> bool:
    """Tell whether slices run upward: the lowest show face and neck, and the brain is nearer to the vertex."""
    area = np.array([head.area for head in heads])
    brain = np.array([head.intracranial_area for head in heads])
    if len(heads) < 2 or not brain.any():
        return True
    middle = float((brain * np.linspace(0, 1, len(heads))).sum() / brain.sum()) - 0.5
    outside = (area - brain) / max(float(area.max()), 1.0)
    third = max(len(heads) // 3, 1)
    more = float(outside[:third].mean() - outside[-third:].mean())
    return middle / _CENTRE + more / _OUTSIDE >= 0
