"""QR codes (ISO/IEC 18004) as the path of an SVG: part of the page, so that no policy has to allow a picture more."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import segno

_QUIET = 4
"""Modules of the quiet zone, without which readers do not find the code (ISO/IEC 18004 section 5.3.8)."""


@dataclass(frozen=True)
class QrCode:
    """A picture of square modules.

    Attributes
    ----------
    size : int
        Modules on each side, the quiet zone included.
    path : str
        The dark modules as SVG path data, a module being one unit.
    """

    size: int
    path: str


def qr_code(text: str) -> QrCode:
    """Return the QR code of a text, at the lowest level of correction: fewer modules are read best from a screen.

    Raises
    ------
    ValueError
        When it is too long for a QR code.
    """
    matrix = segno.make_qr(text, error="l").matrix
    strokes = []
    for row, modules in enumerate(matrix, start=_QUIET):
        column = _QUIET
        for dark, run in groupby(modules):
            width = len(list(run))
            if dark:
                strokes.append(f"M{column} {row}h{width}v1h-{width}z")
            column += width
    return QrCode(len(matrix) + 2 * _QUIET, "".join(strokes))
