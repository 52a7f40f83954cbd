"""The brain window's own black and white, found again in a photograph of a screen.

A screen adds the reflected room to what it shows, a lens takes light from the corners, and a camera chooses exposure
and contrast. A brain-window slice brings its own reference: the air around the head is black and bone is white, by
definition of the window. Light adds up, so the correction is made in linear light: the light of the air is taken away,
the light of bone becomes white, both as smooth fields over the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import List, Sequence

import cv2
import numpy as np

from appliance.reasons import Reason, ReasonCode, Refused

GAMMA = 2.2
"""Of screen and camera alike: what one encodes the other decodes (IEC 61966-2-1 is close to it)."""

FIELD = 128
"""Side of the picture on which the two fields are fitted: they are smooth."""

WHITE_PERCENTILE = 99.0
"""Of all pixels of a picture with a head: bone covers 2 % or more of it, except at the vertex."""

MAX_AIR = 0.12
"""Light of air above the darkest place, over that of bone: reflections vary over a picture, fat shows a little."""

MIN_AIR = 0.04
"""Share of the picture that must be air, connected to its edge, for the black field to be fitted."""

MIN_BONE = 0.004
"""The same for bone and the white field; with less, as at the vertex, the stack's own white is taken."""

CLIPPED = 0.985
"""Light over the brightest, from which a pixel lies on its level; noise spreads what is not clipped."""

MAX_CLIPPED = 0.5
"""Share of bone at the brightest level from which the picture is overexposed."""

FITTED = 1500
"""Places at least, of those that show air or bone, on which a field is fitted."""

MIN_CONTRAST = 0.05
"""Light of bone less that of air over full scale, from which there is a picture at all."""


@dataclass(frozen=True)
class Tone:
    """Black and white in a picture, in linear light of the camera (0 to 1).

    Attributes
    ----------
    black, white : numpy.ndarray
        float32, shape ``(FIELD, FIELD)``: the light of air and of bone, had they lain there.
    bone : float
        Share of the picture on which the white rests.
    clipped : float
        Share of that which lies on one level, the brightest: the camera records no more differences there.
    """

    black: np.ndarray
    white: np.ndarray
    bone: float
    clipped: float = 0.0

    @property
    def overexposed(self) -> bool:
        """Whether bone was too bright for the camera, so that white is darker than it was."""
        return self.clipped > MAX_CLIPPED


@dataclass(frozen=True)
class Restored:
    """Photographed slices with black and white where they belong.

    Attributes
    ----------
    pictures : list of numpy.ndarray
        uint8, shape ``(side, side)`` each: air 0, bone 255, brain between as the viewer's window had it.
    overexposed : bool
        Whether bone was too bright for the camera in most of them: then all that is darker came out too bright, by one
        factor.
    """

    pictures: List[np.ndarray]
    overexposed: bool


def restore(pictures: Sequence[np.ndarray]) -> Restored:
    """Give photographed slices of one head the grey levels of the brain window.

    Parameters
    ----------
    pictures : sequence of numpy.ndarray
        uint8, shape ``(side, side)`` each, of any side: one slice with the air around the head.

    Returns
    -------
    Restored
        In the same shapes.

    Raises
    ------
    Refused
        With ``photo_not_brain_window`` when none of them has air, bone and something between.
    """
    light = [light_of(picture) for picture in pictures]
    tones = [measure(item) for item in light]
    bony = [tone for tone in tones if tone.bone >= MIN_BONE]
    if not bony:
        raise Refused(Reason(ReasonCode.PHOTO_NOT_BRAIN_WINDOW))
    usual = float(np.median([np.median(tone.white - tone.black) for tone in bony]))
    restored = []
    for item, tone in zip(light, tones):
        white = tone.white if tone.bone >= MIN_BONE else tone.black + usual
        restored.append(apply(item, tone.black, white))
    return Restored(restored, float(np.mean([tone.overexposed for tone in bony])) > 0.5)


def light_of(picture: np.ndarray) -> np.ndarray:
    """Turn a camera's grey levels (uint8) into light between 0 and 1: float32, the same shape."""
    return np.asarray(cv2.LUT(picture, np.power(np.arange(256, dtype=np.float32) / 255, GAMMA)))


def measure(light: np.ndarray) -> Tone:
    """Fit the fields of black and white to a picture in linear light.

    Parameters
    ----------
    light : numpy.ndarray
        float32, shape ``(side, side)``, between 0 and 1.

    Returns
    -------
    Tone
        Its `Tone.bone` is 0 where the picture has no contrast.
    """
    small = cv2.resize(light, (FIELD, FIELD), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), 0.8)
    darkest, brightest = (float(level) for level in np.percentile(smooth, (2, WHITE_PERCENTILE)))
    contrast = brightest - darkest
    even = np.full_like(small, darkest)
    if contrast < MIN_CONTRAST:
        return Tone(even, even + max(contrast, 1e-3), 0.0)
    black = even
    for _ in range(3):  # a reflection lifts the air beyond the limit at first
        air = _outside(smooth - black < MAX_AIR * contrast)
        if air.mean() < MIN_AIR:
            break
        black = np.clip(_surface(smooth, air, 2), 0.0, None)
    above = smooth - black
    level = float(np.percentile(above, WHITE_PERCENTILE))
    bone = (above > 0.7 * level) & ~_edge()
    white = even + level
    for _ in range(3):
        share = float(bone.mean())
        if share < MIN_BONE:
            return Tone(black, black + level, share)
        # the brightest of its neighbourhood: noise, thin bone and fat beside it only ever darken it
        crest = bone & (above >= 0.9 * cv2.dilate(above, np.ones((9, 9), np.uint8)))
        # where a tile's border outshines all of it, bone has no crest of its own
        white = np.clip(_surface(above, crest if crest.any() else bone, 1), 0.4 * level, 1.6 * level)
        bone = (above > 0.75 * white) & ~_edge()
    return Tone(black, black + white, float(bone.mean()), _clipped(light, bone))


def _clipped(light: np.ndarray, bone: np.ndarray) -> float:
    """Share of bone, without its edges, on the brightest level."""
    inner = cv2.erode(bone.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0)
    chosen = light[cv2.resize(inner, light.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0]
    return float((chosen >= CLIPPED * np.percentile(chosen, 99)).mean()) if len(chosen) > 20 else 0.0


def _edge() -> np.ndarray:
    """The outermost pixels, where a tile's border may shine in."""
    edge = np.ones((FIELD, FIELD), dtype=bool)
    edge[2:-2, 2:-2] = False
    return edge


def _outside(dark: np.ndarray) -> np.ndarray:
    """What of the dark is connected to the picture's edge; fluid and air within the head are not."""
    padded = cv2.copyMakeBorder(dark.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    cv2.floodFill(padded, None, (0, 0), 2)
    return np.asarray(padded[1:-1, 1:-1] == 2)


def _surface(values: np.ndarray, where: np.ndarray, degree: int) -> np.ndarray:
    """Fit a polynomial over the picture to what lies `where`; outliers lose weight (Tukey's biweight)."""
    terms = _terms(degree)
    places = np.flatnonzero(where)
    # a few thousand places tell as much as all
    places = places[:: max(len(places) // FITTED, 1)]
    chosen, wanted = terms.reshape(-1, terms.shape[-1])[places], values.ravel()[places]
    weights = np.ones(len(wanted), dtype=np.float32)
    fitted = np.zeros(terms.shape[-1], dtype=np.float32)
    for _ in range(4):
        weighted = chosen * weights[:, None]
        # a little pull to an even surface keeps the corners of a short arc of bone in bounds
        normal = weighted.T @ chosen + 1e-3 * len(wanted) * np.diag([0.0] + [1.0] * (terms.shape[-1] - 1))
        fitted = np.linalg.solve(normal, weighted.T @ wanted)
        away = wanted - chosen @ fitted
        scale = max(1.4826 * float(np.median(np.abs(away))), 1e-4) * 4.7
        weights = np.square(np.clip(1 - np.square(away / scale), 0, None)).astype(np.float32)
    return np.asarray((terms @ fitted).astype(np.float32))


@lru_cache(maxsize=2)
def _terms(degree: int) -> np.ndarray:
    """Powers of x and y over the picture, from -1 to 1: float32, shape ``(FIELD, FIELD, terms)``."""
    ys, xs = np.mgrid[-1 : 1 : FIELD * 1j, -1 : 1 : FIELD * 1j].astype(np.float32)
    return np.stack([xs**i * ys**j for i in range(degree + 1) for j in range(degree + 1 - i)], axis=-1)


def apply(light: np.ndarray, black: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Turn light into grey levels: uint8, the same shape, 0 where it is that of air, 255 where it is that of bone."""
    rows, columns = light.shape
    low, high = (cv2.resize(field, (columns, rows), interpolation=cv2.INTER_LINEAR) for field in (black, white))
    share = np.clip((light - low) / np.maximum(high - low, 1e-3), 0, 1)
    return np.asarray(np.rint(cv2.pow(share, 1 / GAMMA) * 255).astype(np.uint8))
