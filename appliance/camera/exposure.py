"""Whether a camera shows the CT too bright: automatic exposure takes a dark console for a dark scene.

Bone is white in a brain window whatever it measures, so nothing is lost where a camera clips it. But it clips all that
is as bright, too: where brain is seen at more than half of the way from air to bone, a bleed is as white as bone.
"""

from __future__ import annotations

from typing import Optional

import cv2
import numpy as np

from appliance.camera.tone import GAMMA, apply, measure
from appliance.imaging.head import BONE, find_head

SIDE = 256
"""Side of the picture that is looked at."""

MIN_BRAIN = 0.3
"""Share of the head from which its brain is seen."""

PERIOD_S = 0.5
"""So often it is looked."""

PATIENCE_S = 8.0
"""So long it is said: some steps of a camera that can be told; then other things are to be said."""

THIN_BONE = 205
"""Grey level of bone that is too thin for a camera to show it white."""

BRIGHTEST_BRAIN = 145.0
"""Median grey level of brain once air is black and bone white: 95 to 135 in windows of 80 to 120, whatever the
exposure, until bone clips. Here a bleed of 85 % of the window shines as bone does."""


def brain_level(picture: np.ndarray) -> Optional[float]:
    """Grey level of brain between air (0) and bone (255), as a camera recorded them.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8, shape ``(side, side)``: a slice as photographed.

    Returns
    -------
    float or None
        None where no brain is seen.
    """
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    light = np.power(small.astype(np.float32) / 255, GAMMA)
    tone = measure(light)
    restored = apply(light, tone.black, tone.white)
    for bone in (BONE, THIN_BONE):
        head = find_head(restored, bone=bone)
        if head.intracranial_area > MIN_BRAIN * head.area:
            inside = cv2.resize(head.intracranial.astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
            return float(np.median(restored[inside > 0]))
    return None


def is_too_bright(picture: np.ndarray) -> bool:
    """Tell whether a slice was photographed so bright that blood cannot be told from bone."""
    level = brain_level(picture)
    return level is not None and level > BRIGHTEST_BRAIN


class Brightness:
    """Looks now and then whether a CT is too bright, and says so for a while: not every camera can be told."""

    def __init__(self) -> None:
        self._bright = False
        self._looked_s = -np.inf
        self._since_s = 0.0

    def complains(self, picture: np.ndarray, now_s: float) -> bool:
        """Tell whether to say that it is too bright.

        Parameters
        ----------
        picture : numpy.ndarray
            uint8, shape ``(side, side)``: a slice of the frame.
        now_s : float
            When that was taken.
        """
        if now_s - self._looked_s >= PERIOD_S:
            bright = is_too_bright(picture)
            self._since_s = self._since_s if bright and self._bright else now_s
            self._bright, self._looked_s = bright, now_s
        return self._bright and now_s - self._since_s < PATIENCE_S
