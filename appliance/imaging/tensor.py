"""From slices to the network's input: the head centred and scaled by its outline."""

from __future__ import annotations

from typing import Sequence

import cv2
import numpy as np

from appliance.imaging.head import Head
from appliance.study import SliceStack

MARGIN = 1.08
"""Side of the square that is cut out, over the length of the head."""


def head_length(heads: Sequence[Head]) -> float:
    """Return the length of the head in a stack, in pixels: the same for all its slices.

    One scale for the whole stack keeps the vertex small, as it is, where a scale for each slice would blow it up.
    The 90th percentile withstands a slice in which hands or a tube lengthen the outline.
    """
    return float(np.percentile([head.length for head in heads], 90))


def to_tensor(stack: SliceStack, heads: Sequence[Head], size: int, indices: Sequence[int]) -> np.ndarray:
    """Cut the head out of slices and scale it to the network's input.

    Parameters
    ----------
    stack : SliceStack
        Brain-window slices.
    heads : sequence of Head
        What `find_heads` found in all of them.
    size : int
        Side of the network's input in pixels.
    indices : sequence of int
        The slices wanted.

    Returns
    -------
    numpy.ndarray
        float32, shape ``(len(indices), 1, size, size)``, grey levels between 0 and 1; air (0) beyond the picture's
        edge.
    """
    scale = size / (MARGIN * max(head_length(heads), 1.0))
    tensor = np.empty((len(indices), 1, size, size), dtype=np.float32)
    for row, index in enumerate(indices):
        tensor[row, 0] = _cut(stack.pixels[index], heads[index], scale, size)
    tensor /= 255.0
    return tensor


def _cut(picture: np.ndarray, head: Head, scale: float, size: int) -> np.ndarray:
    """Scale about the head's centre. Shrinking goes through an area average first, so that no thin layer of blood
    aliases.
    """
    if scale < 1.0:
        rows, columns = picture.shape
        shape = (max(1, round(columns * scale)), max(1, round(rows * scale)))
        picture = cv2.resize(picture, shape, interpolation=cv2.INTER_AREA)
        factor_x, factor_y, zoom = shape[0] / columns, shape[1] / rows, 1.0
    else:
        factor_x = factor_y = 1.0
        zoom = scale
    centre_x, centre_y = head.centre[0] * factor_x, head.centre[1] * factor_y
    matrix = np.array([[zoom, 0, size / 2 - zoom * centre_x], [0, zoom, size / 2 - zoom * centre_y]])
    return cv2.warpAffine(
        picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0
    )
