"""Pictures of an unknown window, brought near to that of the network's input.

What a viewer's window was cannot be read off a picture, but brain is the same everywhere: its grey level tells the
window's level, and how much it varies tells something of its width. Both are taken from the darker half, which blood
leaves alone.
"""

from __future__ import annotations

from typing import NamedTuple, Optional, Sequence

import cv2
import numpy as np

from appliance.imaging.head import Head

BRAIN = 111.0
"""Grey level below which a third of brain lies, at window width 120, level 40."""

SPREAD = 14.0
"""Interquartile range of smoothed brain in grey levels, at the same window."""

GAIN = (0.7, 1.6)
"""How far contrast is changed at most. Its root is taken, since brains vary by themselves."""

BLACK, WHITE = 3, 250
"""Air and bone keep their grey level."""


class Look(NamedTuple):
    """How brain looks in a picture.

    Attributes
    ----------
    level : float
        Grey level below which a third of it lies.
    spread : float
        Interquartile range of the smoothed brain in grey levels.
    """

    level: float
    spread: float


def look_of(picture: np.ndarray, head: Head) -> Optional[Look]:
    """Measure how brain looks in a picture.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8, shape ``(side, side)``.
    head : Head
        The head in it.

    Returns
    -------
    Look or None
        None where there is no intracranial space.
    """
    inner = cv2.erode(head.intracranial.astype(np.uint8), np.ones((3, 3), np.uint8))
    inside = cv2.resize(inner, picture.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    if not inside.any():
        return None
    smooth = cv2.GaussianBlur(picture, (0, 0), max(head.length / 120, 0.5))
    lower, upper = np.percentile(smooth[inside], (25, 75))
    return Look(float(np.percentile(picture[inside], 35)), float(upper - lower))


def to_usual_window(pictures: np.ndarray, looks: Sequence[Optional[Look]], keeps_black: bool = False) -> np.ndarray:
    """Shift and stretch the grey levels of pictures so that their brain looks as in the network's window.

    All are changed alike, for those of one head were shown in one window; a single one is a stack of itself.

    Parameters
    ----------
    pictures : numpy.ndarray
        uint8, shape ``(n, side, side)``.
    looks : sequence of Look or None
        How brain looks in those that show some.
    keeps_black : bool
        Whether grey levels are wrong by one factor, as in an overexposed photograph, and not by a window.

    Returns
    -------
    numpy.ndarray
        uint8, same shape; `pictures` itself where no brain was seen.
    """
    seen = [look for look in looks if look is not None]
    if not seen:
        return pictures
    level, spread = (float(value) for value in np.median(np.array(seen), axis=0))
    gain = BRAIN / max(level, 1.0) if keeps_black else float(np.clip(np.sqrt(SPREAD / max(spread, 1.0)), *GAIN))
    values = np.arange(256)
    table = np.rint(np.clip(BRAIN + gain * (values - level), 0, 255)).astype(np.uint8)
    table[values <= BLACK], table[values >= WHITE] = 0, 255
    return np.asarray(table[pictures])
