"""How good a photograph of slices is, in numbers that a judgement can rest on and a person can act on."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any, List, Mapping, Optional, Sequence, Tuple

import cv2
import numpy as np

from appliance.camera.tone import FIELD, GAMMA, Tone, apply, measure
from appliance.imaging.head import Head, find_head
from appliance.reasons import Reason, ReasonCode

WORKED = 160
"""Pixels along a head at which disturbances are measured: what the network sees."""

WHITE = 250
"""Grey level of bone, and of what the camera shows as bright as bone."""

MIDDLE = 0.27
"""Radius, over the length of the head, about its middle, within which there is brain in most slices."""


@dataclass(frozen=True)
class Quality:
    """Properties of one photographed slice.

    Attributes
    ----------
    pixels : float
        Logarithm (base 2) of the length of the head in pixels of the photograph.
    contrast : float
        Light of bone less that of air, over full scale.
    veil : float
        Light that lies on the air, over that of bone: the room's reflection.
    glare : float
        By how much that varies over the head, over the light of bone.
    bright : float
        Grey level of brain once air is black and bone white, in parts of 100. Where bone was too bright for the camera,
        all else comes out too bright, and thin blood beside bone is lost in it.
    saturated : float
        Share of the middle of the head that is as bright as bone, times the share of bone on the brightest level that
        the camera records: at the vertex the middle is bone in a good photograph as well.
    edge : float
        Width of the skull's outer edge over the length of the head, in hundredths.
    fine, middle, coarse : float
        Logarithm of what varies within the brain, in grey levels, in three bands: grain, fine and wide patterns.
    bone : float
        Variation of grey within bone, which is plain white on the screen, over white.
    """

    pixels: float
    contrast: float
    veil: float
    glare: float
    bright: float
    saturated: float
    edge: float
    fine: float
    middle: float
    coarse: float
    bone: float


NAMES: Tuple[str, ...] = tuple(field.name for field in fields(Quality))

MIN_CONTRAST = 0.06
"""Contrast below which bone does not become white again: less than in any good photograph that a gate was fitted to.
Such dark ones are too few there to weigh in a regression."""

AS_SHARP = 4.0
"""Width of the skull's edge in pixels of the photograph, up to which this is as sharp as its pixels can show. Of
simulated photographs 106 of 109 small ones in focus and held still lie below, and 17 of 18 of the others above."""

REASONS = {
    "pixels": ReasonCode.PHOTO_TOO_SMALL,
    "contrast": ReasonCode.PHOTO_TOO_DARK,
    "veil": ReasonCode.PHOTO_GLARE,
    "glare": ReasonCode.PHOTO_GLARE,
    "bright": ReasonCode.PHOTO_OVEREXPOSED,
    "saturated": ReasonCode.PHOTO_OVEREXPOSED,
    "edge": ReasonCode.PHOTO_BLURRED,
    "fine": ReasonCode.PHOTO_NOISY,
    "middle": ReasonCode.PHOTO_PATTERN,
    "coarse": ReasonCode.PHOTO_PATTERN,
    "bone": ReasonCode.PHOTO_PATTERN,
}
"""What to say of the property that speaks most against a photograph."""

WORSE = {name: -1.0 if name in ("pixels", "contrast") else 1.0 for name in NAMES}
"""Which way each property grows worse."""


@dataclass(frozen=True)
class Gate:
    """Tells photographs that the network would misjudge from those that it can judge.

    A logistic regression on the properties of a photograph's slices, none of which can make it better by being worse.
    It is fitted where the truth is known: to how far the network's scores of simulated photographs lie from those of
    the slices that they show.

    Attributes
    ----------
    weights : mapping of str to float
        For each of `NAMES`, 0 or more, for a property that grows by 1 to the worse.
    usual : mapping of str to float
        Each property of a usual photograph.
    offset : float
        Log-odds that a usual photograph is too bad.
    highest : float
        Log-odds from which a photograph is refused.
    """

    weights: Mapping[str, float]
    usual: Mapping[str, float]
    offset: float
    highest: float

    def check(self, pictures: Sequence[np.ndarray]) -> Optional[Reason]:
        """Return why photographed slices cannot be judged: uint8, as `measure_quality` takes each of them."""
        return self.refusal([measure_quality(picture) for picture in pictures])

    def refusal(self, qualities: Sequence[Quality]) -> Optional[Reason]:
        """Return why slices of which this was measured cannot be judged; None where they can.

        Parameters
        ----------
        qualities : sequence of Quality
            Of those that show a head; where none does, there is nothing to say.
        """
        seen = [quality for quality in qualities if quality.pixels]
        if not seen:
            return None
        middle = np.median(features(seen), axis=0)
        if middle[NAMES.index("contrast")] < MIN_CONTRAST:
            return Reason(ReasonCode.PHOTO_TOO_DARK)
        against = {name: self._against(name, float(value)) for name, value in zip(NAMES, middle)}
        if self.offset + sum(against.values()) < self.highest:
            return None
        edge = middle[NAMES.index("edge")] / 100 * 2 ** middle[NAMES.index("pixels")]
        if edge <= AS_SHARP:  # whoever waits for the focus waits in vain: nearer, or fewer at once, is what helps
            against["pixels"] += against.pop("edge")
        return Reason(REASONS[max(against, key=lambda name: against[name])])

    def _against(self, name: str, value: float) -> float:
        return self.weights[name] * WORSE[name] * (value - self.usual[name])


def gate_of(document: Optional[Mapping[str, Any]]) -> Optional[Gate]:
    """Return the gate that a manifest holds; None where it holds none."""
    return None if document is None else Gate(**document)


def measure_quality(picture: np.ndarray) -> Quality:
    """Measure one photographed slice.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8, shape ``(side, side)``: the slice as photographed, flat, before its tone is restored.

    Returns
    -------
    Quality
        Its `Quality.pixels` is 0 where no head is seen.
    """
    light = np.power(picture.astype(np.float32) / 255, GAMMA)
    tone = measure(light)
    restored = apply(light, tone.black, tone.white)
    head = find_head(restored)
    contrast = float(np.median(tone.white - tone.black))
    if not head.length:
        return Quality(0.0, contrast, *[0.0] * (len(NAMES) - 2))
    box = _box(head, len(picture))
    dark = tone.black[box]
    factor = min(WORKED / head.length, 1.0)
    small = cv2.resize(restored, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.float32)
    brain = _inside(head, small.shape)
    return Quality(
        pixels=float(np.log2(head.length)),
        contrast=contrast,
        veil=float(np.median(dark)) / max(contrast, 1e-3),
        glare=float(np.ptp(dark)) / max(contrast, 1e-3),
        bright=float(np.median(small[brain])) / 100 if brain.any() else 0.0,
        saturated=float((small[_middle(head, factor, small.shape)] >= WHITE).mean()) * tone.clipped,
        edge=100 * _edge_width(light, tone, head),
        **dict(zip(("fine", "middle", "coarse"), _bands(small, brain))),
        bone=_bone(restored),
    )


def features(qualities: Sequence[Quality]) -> np.ndarray:
    """Qualities as a table: float64, shape ``(n, len(NAMES))``."""
    return np.array([astuple(quality) for quality in qualities], dtype=np.float64).reshape(-1, len(NAMES))


def _box(head: Head, side: int) -> Tuple[slice, slice]:
    """The head's square on the fields of a tone."""
    scale = FIELD / side
    x, y = head.centre[0] * scale, head.centre[1] * scale
    half = max(head.length * scale / 2, 2)
    return (
        slice(max(int(y - half), 0), max(int(y + half), 2)),
        slice(max(int(x - half), 0), max(int(x + half), 2)),
    )


def _middle(head: Head, factor: float, shape: Sequence[int]) -> np.ndarray:
    disc = np.zeros(tuple(shape), dtype=np.uint8)
    centre = (round(head.centre[0] * factor), round(head.centre[1] * factor))
    cv2.circle(disc, centre, max(round(MIDDLE * head.length * factor), 1), 1, -1)
    return np.asarray(disc > 0)


def _inside(head: Head, shape: Sequence[int]) -> np.ndarray:
    mask = cv2.erode(head.intracranial.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0)
    return np.asarray(cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST) > 0)


def _bands(picture: np.ndarray, brain: np.ndarray) -> List[float]:
    """Robust spread of what varies within the brain, in bands an octave and a half wide, as natural logarithms."""
    blurred = [picture, *(cv2.GaussianBlur(picture, (0, 0), sigma) for sigma in (0.8, 2.2, 6.0))]
    spreads = []
    for sharper, softer in zip(blurred, blurred[1:]):
        values = (sharper - softer)[brain]
        # quartiles: a bleed or a ventricle has edges too, but few
        spread = float(np.subtract(*np.percentile(values, (75, 25)))) / 1.349 if len(values) else 0.0
        spreads.append(float(np.log(spread + 0.3)))
    return spreads


def _bone(restored: np.ndarray) -> float:
    inner = cv2.erode((restored > 200).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return float(np.std(restored[inner].astype(np.float32))) / 255 if np.count_nonzero(inner) > 50 else 0.0


def _edge_width(light: np.ndarray, tone: Tone, head: Head) -> float:
    """Width from black to white at the head's outer edge where it is steepest, over the length of the head."""
    black = cv2.resize(tone.black, light.shape[::-1])
    white = cv2.resize(tone.white, light.shape[::-1])
    share = (light - black) / np.maximum(white - black, 1e-3)
    # a little smoothing, so that grain is not taken for edges; its own width is small beside that of a head
    share = cv2.GaussianBlur(np.clip(share, -0.2, 1.2), (0, 0), max(head.length / 400, 0.5))
    slope = np.hypot(cv2.Sobel(share, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(share, cv2.CV_32F, 0, 1, scale=1 / 8))
    around = np.zeros(light.shape, dtype=np.uint8)
    centre = (int(head.centre[0]), int(head.centre[1]))
    cv2.circle(around, centre, int(0.6 * head.length), 1, -1)
    steepest = float(np.percentile(slope[around > 0], 98.5))
    return float(min(1 / max(steepest, 1e-3), head.length) / head.length)
