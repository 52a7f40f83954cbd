"""Brain-window pictures (PNG, JPEG) in a folder: the researcher's way in, and the one the camera will take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Sequence

import cv2
import numpy as np

from appliance.errors import NoPictureError
from appliance.study import SliceStack
from appliance.verdict import Reason, ReasonCode, Refused

ENDINGS = (".png", ".jpg", ".jpeg")

MAX_SIDE = 4096
"""Larger pictures are no slices."""


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
    """Read one picture as grey levels.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(rows, columns)``.

    Raises
    ------
    Refused
        With ``photo_unreadable`` when it cannot be read.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
    except (OSError, cv2.error) as error:
        raise Refused(Reason(ReasonCode.PHOTO_UNREADABLE, {"name": path.name})) from error
    if picture is None or max(picture.shape) > MAX_SIDE or min(picture.shape) < 64:
        raise Refused(Reason(ReasonCode.PHOTO_UNREADABLE, {"name": path.name}))
    return np.asarray(picture)


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
