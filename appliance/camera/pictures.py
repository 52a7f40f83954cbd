"""Brain-window pictures (PNG, JPEG) in a folder: the researcher's way in, and the one the camera will take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Sequence

import cv2
import numpy as np

from appliance.camera.colour import is_coloured
from appliance.errors import NoPictureError
from appliance.reasons import Reason, ReasonCode, Refused
from appliance.study import SliceStack

ENDINGS = (".png", ".jpg", ".jpeg")

MAX_SIDE = 4096
"""Larger pictures are no slices."""

MARK_CHROMA = 40
"""How far the differences between the colour channels of a coloured mark lie from those of most of the picture."""

MAX_MARKED = 0.08
"""Share of a picture that marks may cover; one with more colour is left as it is."""

MAX_COLOURED = 0.3
"""Share of a picture from which it is a colour photograph."""


def find_pictures(folder: Path) -> List[Path]:
    """List the pictures of a folder in the order of their names, numbers by value.

    Raises
    ------
    NoPictureError
        When there is none.
    """
    found = (
        [path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.is_file()]
        if folder.is_dir()
        else []
    )
    if not found:
        raise NoPictureError(f"The folder {folder} holds no PNG or JPEG picture.")
    return sorted(found, key=_natural)


def _natural(path: Path) -> List[object]:
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", path.name)]


def read_picture(path: Path) -> np.ndarray:
    """Read one picture as grey levels: what is transparent is black, and coloured marks are painted over.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(rows, columns)``.

    Raises
    ------
    Refused
        With ``photo_unreadable`` when it cannot be read, ``photo_not_brain_window`` when it is a colour photograph.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    except (OSError, cv2.error) as error:
        raise Refused(Reason(ReasonCode.PHOTO_UNREADABLE, {"name": path.name})) from error
    if picture is None or max(picture.shape[:2]) > MAX_SIDE or min(picture.shape[:2]) < 64:
        raise Refused(Reason(ReasonCode.PHOTO_UNREADABLE, {"name": path.name}))
    if picture.dtype != np.uint8:
        picture = cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX, dtype=cv2.CV_8U)
    return picture if picture.ndim == 2 else _grey(picture)


def _grey(picture: np.ndarray) -> np.ndarray:
    """Grey levels of a BGR or BGRA picture."""
    colour = np.ascontiguousarray(picture[:, :, :3])
    if picture.shape[2] == 4:
        colour[picture[:, :, 3] < 128] = 0
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    blue, green, red = (channel.astype(np.int16) for channel in cv2.split(colour))
    # a monitor's tint is in every pixel and is no mark
    away = [np.abs(tint - np.median(tint)) for tint in (blue - green, red - green)]
    marked = (np.maximum(*away) > MARK_CHROMA).astype(np.uint8)
    share = float(marked.mean())
    if share > MAX_COLOURED or is_coloured(colour):
        raise Refused(Reason(ReasonCode.PHOTO_NOT_BRAIN_WINDOW))
    if 0 < share <= MAX_MARKED:
        grey = cv2.inpaint(grey, cv2.dilate(marked, np.ones((5, 5), np.uint8)), 3, cv2.INPAINT_TELEA)
    return np.asarray(grey)


def read_stack(paths: Sequence[Path]) -> SliceStack:
    """Read pictures as the slices of one head, from the base up.

    Raises
    ------
    Refused
        With ``photo_unreadable`` when one cannot be read or differs in size.
    """
    pictures = [read_picture(path) for path in paths]
    for path, picture in zip(paths, pictures):
        if picture.shape != pictures[0].shape:
            raise Refused(Reason(ReasonCode.PHOTO_UNREADABLE, {"name": path.name}))
    return SliceStack(pixels=np.stack(pictures), sources=tuple(path.name for path in paths))
