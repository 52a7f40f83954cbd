"""Files of photographs, read as a camera's frames."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from appliance.camera.picture_size import picture_size
from appliance.reasons import Reason, ReasonCode, Refused

MAX_PIXELS = 64_000_000
"""The cameras of telephones have up to 50 million."""

MIN_SIDE = 64


def decode_frame(data: bytes, name: str) -> np.ndarray:
    """Decode a PNG or JPEG file, turned upright as its camera noted (EXIF orientation).

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        What a refusal calls it.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, blue, green, red.

    Raises
    ------
    Refused
        With ``photo_unreadable`` when it is damaged, too large or too small.
    """
    refused = Refused(Reason(ReasonCode.PHOTO_UNREADABLE, {"name": name}))
    size = picture_size(data)
    if size is None or size[0] * size[1] > MAX_PIXELS or min(size) < MIN_SIDE:
        raise refused
    try:
        picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise refused from error
    if picture is None:
        raise refused
    return np.asarray(picture)


def read_frame(path: Path) -> np.ndarray:
    """Read a file as `decode_frame` does."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Refused(Reason(ReasonCode.PHOTO_UNREADABLE, {"name": path.name})) from error
    return decode_frame(data, path.name)
