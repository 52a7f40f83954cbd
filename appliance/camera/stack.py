"""Photographed slices as a `SliceStack`, in the grey levels that the network knows."""

from __future__ import annotations

from typing import Sequence

import cv2
import numpy as np

from appliance.camera.tone import restore
from appliance.imaging.head import find_heads
from appliance.imaging.window import look_of, to_usual_window
from appliance.study import SliceStack

SIDE = 512
"""Side of every slice of the stack in pixels, as most CT pictures have it; photographs show them larger or smaller."""


def photographed_stack(pictures: Sequence[np.ndarray], sources: Sequence[str]) -> SliceStack:
    """Make a stack of photographed slices.

    Parameters
    ----------
    pictures : sequence of numpy.ndarray
        uint8, shape ``(side, side)`` each: slices from the base up, flat, with the air around the head, without marks.
    sources : sequence of str
        Where each was seen.

    Returns
    -------
    SliceStack
        Its slices have `SIDE` pixels a side.

    Raises
    ------
    Refused
        With ``photo_not_brain_window`` when they have no black, white and grey.
    """
    restored = restore([_sized(picture) for picture in pictures])
    stack = SliceStack(np.stack(restored.pictures), tuple(sources), photographed=True)
    looks = [look_of(picture, head) for picture, head in zip(stack.pixels, find_heads(stack))]
    pixels = to_usual_window(stack.pixels, looks, keeps_black=restored.overexposed)
    return SliceStack(pixels, stack.sources, photographed=True)


def _sized(picture: np.ndarray) -> np.ndarray:
    method = cv2.INTER_AREA if len(picture) > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=method))
