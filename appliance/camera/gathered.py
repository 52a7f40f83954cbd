"""What a camera gathered off a screen, on its way to the judgement: a folder of flat slices.

``000001.png`` and so on are the slices from the base up, ``header.png`` is the strip of the screen that names the
patient, ``capture.json`` says how they came.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence, Tuple

import cv2
import numpy as np

from appliance.camera.anatomy import coverage
from appliance.reasons import Reason, ReasonCode, Refused

_ABOUT = "capture.json"
_HEADER = "header.png"
_SIDE = 256
"""Side of the picture in which head and brain are found."""


@dataclass(frozen=True)
class Gathered:
    """Slices off a screen.

    Attributes
    ----------
    pictures : tuple of numpy.ndarray
        uint8, shape ``(side, side)`` each: flat grey slices, from the base up.
    way : str
        ``scroll`` or ``tiles``.
    frames : int
        How many frames were looked at.
    header : numpy.ndarray or None
        uint8, shape ``(rows, columns, 3)``, blue, green, red: the strip of the screen with the patient's text.
    gaps : int
        Between how many neighbours slices may have passed unseen.
    """

    pictures: Tuple[np.ndarray, ...]
    way: str
    frames: int
    header: Optional[np.ndarray] = None
    gaps: int = 0


def from_the_base(pictures: Sequence[np.ndarray]) -> Tuple[np.ndarray, ...]:
    """Return slices in reading order, or turned round where that runs from the vertex down.

    Parameters
    ----------
    pictures : sequence of numpy.ndarray
        uint8, shape ``(side, side)`` each, as neighbours lie next to each other in the head.
    """
    small = [cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for picture in pictures]
    return tuple(pictures) if not small or coverage(small).upward else tuple(pictures[::-1])


def write_gathered(folder: Path, gathered: Gathered) -> None:
    """Write slices into an empty folder."""
    for number, picture in enumerate(gathered.pictures, start=1):
        (folder / f"{number:06d}.png").write_bytes(_png(picture))
    if gathered.header is not None:
        (folder / _HEADER).write_bytes(_png(gathered.header))
    about = {
        "kind": "slices",
        "way": gathered.way,
        "frames": gathered.frames,
        "slices": len(gathered.pictures),
        "gaps": gathered.gaps,
    }
    (folder / _ABOUT).write_text(json.dumps(about), "ascii")


def is_gathered(folder: Path) -> bool:
    """Tell whether a folder is what `write_gathered` wrote."""
    return (folder / _ABOUT).is_file()


def read_gathered(folder: Path) -> Gathered:
    """Read what `write_gathered` wrote.

    Raises
    ------
    Refused
        With ``photo_unreadable`` when a slice is missing or damaged.
    """
    about = json.loads((folder / _ABOUT).read_text("ascii"))
    names = [f"{number:06d}.png" for number in range(1, about["slices"] + 1)]
    pictures = tuple(_read(folder / name, cv2.IMREAD_GRAYSCALE) for name in names)
    header = folder / _HEADER
    strip = _read(header, cv2.IMREAD_COLOR) if header.is_file() else None
    return Gathered(pictures, about["way"], about["frames"], strip, about["gaps"])


def _read(path: Path, flags: int) -> np.ndarray:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise Refused(Reason(ReasonCode.PHOTO_UNREADABLE, {"name": path.name}))
    return np.asarray(picture)


def _png(picture: np.ndarray) -> bytes:
    encoded, data = cv2.imencode(".png", picture)
    if not encoded:
        raise ValueError(f"no PNG can be made of shape {picture.shape} and type {picture.dtype}")
    return bytes(data.tobytes())
