"""One photograph of a console: the CT pictures on it, in reading order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import cv2
import numpy as np

from appliance.camera.colour import COLOURED, colour_share
from appliance.camera.flatten import crop, flatten
from appliance.camera.lattice import straightened
from appliance.camera.layout import Box, Tiles, find_tiles
from appliance.camera.overlay import without_overlays
from appliance.camera.screen import Screen, find_screen
from appliance.camera.tone import MIN_BONE, apply, light_of, measure
from appliance.imaging.head import find_head
from appliance.reasons import Reason, ReasonCode, Refused

SIDE = 256
"""Pixels of a picture's side, where the photograph has them."""

ENLARGED = 1.5
"""At most so many pixels are made of one of the photograph."""

STRIP = 0.08
"""Height of the strip at the top of the screen, over its height: there viewers name the patient."""

CORNER = (0.5, 0.22)
"""Width and height of the first picture's corners, over its side: there consoles name the patient."""


@dataclass(frozen=True)
class Photograph:
    """What a photograph of a console shows.

    Attributes
    ----------
    pictures : tuple of numpy.ndarray
        The CT pictures in reading order: uint8, shape ``(side, side)`` each, without the console's writing, in the
        photograph's own tones.
    screen : Screen
        Where the screen lies in the photograph.
    tiles : Tiles
        Where the pictures lie on the flattened screen.
    header : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, BGR: where the console names the patient, for a person to compare. It holds
        identity and is kept as a name is.
    """

    pictures: Tuple[np.ndarray, ...]
    screen: Screen
    tiles: Tiles
    header: np.ndarray


def read_photograph(frame: np.ndarray) -> Photograph:
    """Read the CT pictures off a photograph of a console, a screenshot or a bare slice.

    Parameters
    ----------
    frame : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, BGR.

    Returns
    -------
    Photograph
        With at least one picture.

    Raises
    ------
    Refused
        With ``photo_no_screen`` or ``photo_no_slices``, ``photo_not_brain_window`` where most pictures are coloured, or
        ``photo_incomplete`` where a picture is cut, or was not read.
    """
    screen = find_screen(frame)
    if screen is None:
        raise Refused(Reason(ReasonCode.PHOTO_NO_SCREEN))
    screen = straightened(frame, screen)
    flat = flatten(frame, screen)
    tiles = find_tiles(flat)
    if tiles is None:
        raise Refused(Reason(ReasonCode.PHOTO_NO_SLICES))
    if not tiles.whole:
        raise Refused(Reason(ReasonCode.PHOTO_INCOMPLETE))
    boxes = [box for box in tiles.boxes if box is not None]
    shown = [crop(frame, screen, box, SIDE, ENLARGED) for box in boxes]
    if np.median([colour_share(picture) for picture in shown]) > COLOURED:
        raise Refused(Reason(ReasonCode.PHOTO_NOT_BRAIN_WINDOW))
    pictures = tuple(map(without_overlays, shown))
    if any(map(_shows_part_of_a_brain, pictures)):
        raise Refused(Reason(ReasonCode.PHOTO_INCOMPLETE))
    return Photograph(pictures, screen, tiles, _header(flat, boxes[0]))


def _shows_part_of_a_brain(picture: np.ndarray) -> bool:
    light = light_of(picture)
    tone = measure(light)
    return tone.bone >= MIN_BONE and find_head(apply(light, tone.black, tone.white)).is_cut


def _header(flat: np.ndarray, first: Box) -> np.ndarray:
    """The screen's top, and below it the top corners of the first picture."""
    rows, columns = flat.shape[:2]
    strip = flat[: max(int(STRIP * rows), 1)]
    x, y, side, _ = first
    height, width = int(CORNER[1] * side), int(CORNER[0] * side)
    y, ends = max(y, 0), (max(x, 0), max(min(x + side, columns) - width, 0))
    corners = np.hstack([flat[y : y + height, end : end + width] for end in ends])
    across = max(strip.shape[1], corners.shape[1])
    parts = [
        cv2.copyMakeBorder(part, 0, 0, 0, across - part.shape[1], cv2.BORDER_CONSTANT) for part in (strip, corners)
    ]
    return np.vstack(parts)
