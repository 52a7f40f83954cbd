"""How large a picture file says it is, before any of it is decoded: a few bytes can ask for gigabytes."""

from __future__ import annotations

import struct
from typing import Optional, Tuple

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG frame headers (ITU-T T.81, table B.1)."""


def picture_size(data: bytes) -> Optional[Tuple[int, int]]:
    """Return columns and rows of a PNG or JPEG file, as its header says.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    tuple of int, or None
        None where it is neither, or ends before it says so.
    """
    if data.startswith(_PNG) and len(data) >= 24:
        columns, rows = struct.unpack(">II", data[16:24])
        return columns, rows
    if not data.startswith(_JPEG):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            rows, columns = struct.unpack(">HH", data[at + 5 : at + 9])
            return columns, rows
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # without content
            at += 2
            continue
        at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    return None
