"""Whether what bone encloses in a stack of pictures is a brain, seen in a brain window.

A photograph or an exported picture has no header that says what it shows. Many things are a light rim around something
grey: an orange, a plate, an egg, the head in a bone window or in a magnet. A brain in a brain window has properties
that those lack:

- fluid is darker than grey matter, and that darker than a bleed, by many times the noise, so its grey levels spread;
- slices that lie next to each other in one head show nearly the same;
- it reaches to the bone, which lies around all of it; in a magnet, bone is black, and what is white lies beyond it;
- it is about as wide as long.
"""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from appliance.imaging.brain import BrainExtent
from appliance.imaging.head import THUMBNAIL, Head
from appliance.imaging.window import look_of, to_usual_window
from appliance.reasons import Reason, ReasonCode
from appliance.study import SliceStack

LENGTH, SIDE = 160, 192
"""Length of the head, and side, of the picture in which insides are compared, in pixels."""

BOX = (120, 150)
"""Width and height to which an inside is brought, in pixels of that picture, before it is compared."""

SMOOTH = 3.0
"""Standard deviation by which it is blurred: about 3 mm, wider than grain and moire, narrower than ventricles."""

WIDE = 0.3
"""Slices count whose intracranial area is at least this share of the widest."""

MIN_PIXELS = 200

MIN_SPREAD = 8.0
"""Interquartile range of the inside in grey levels, at the network's window: 11 at least in those heads, at most 5 in
the vault of a head in a bone window."""

MIN_FLUID = 8.5
"""Grey levels by which the darkest tenth of the inside lies below its middle, 11 at least in heads of CT-ICH and in
their simulated photographs, for fluid is dark; at most 7 in bone windows. Bone that shines in only brightens."""

MIN_ALIKE = 0.25
"""Median correlation of neighbours: 0.6 at least in those heads, 0.5 in their photographs, also where each page was
taken from elsewhere, and about this where only every third slice is shown; at most 0.2 for things that merely look
alike, such as plates."""

DEEP = 20
"""Depth in pixels up to which the mean of what lies as deep is taken away, for light of bone that reaches inward."""

MIN_ROUND = 0.55
"""Width of the inside over its length: 0.76 at least in those heads, and about 0.6 where a child's skull closed too
early; less where a photograph's perspective was misread."""

MIN_BONE = 0.5
"""Share of its surroundings that are bone: 0.62 at least there, at most 0.43 in pictures of a magnet."""

BONE = 200
"""Grey level from which something counts as bone: a photograph's is less white beside fat and air."""

RIM = 0.04
"""Width of the inside's rim, and of its surroundings, over the length of the head."""

MIN_RIM = 0.6
"""Grey level of the rim over that of the middle: 1.1 to 1.4 in those heads, for grey matter lies outside, and bone
shines in; 0.4 where it is a skull in a magnet. Bilateral fluid on the brain stays above half."""

_Inside = Tuple[np.ndarray, np.ndarray]


def check_brain_like(stack: SliceStack, heads: Sequence[Head], brain: BrainExtent) -> Optional[Reason]:
    """Check that the insides of a stack's heads are those of one brain.

    Parameters
    ----------
    stack : SliceStack
        Pictures in order.
    heads : sequence of Head
        What `find_heads` found in them.
    brain : BrainExtent
        What `find_brain` found.

    Returns
    -------
    Reason or None
        ``photo_not_brain_window`` without contrast, ``no_brain`` where neighbours have nothing in common.
    """
    pixels = stack.pixels
    if not stack.photographed:  # those were brought to the network's window before
        looks = [look_of(stack.pixels[index], heads[index]) for index in brain.indices]
        pixels = to_usual_window(stack.pixels, looks)
    spreads: List[Tuple[float, float]] = []
    shells: List[Tuple[float, float, float]] = []
    alike: List[float] = []
    before: Optional[_Inside] = None
    for index in brain.indices:
        wide = heads[index].intracranial_area >= WIDE * brain.largest_area
        now = _inside(pixels[index], heads[index]) if wide else None
        shell = _shell(pixels[index], heads[index]) if wide else None
        shells += [] if shell is None else [shell]
        if now is not None:
            darkest, lower, middle, upper = np.percentile(now[0][now[1]], (10, 25, 50, 75))
            spreads.append((float(upper - lower), float(middle - darkest)))
            now = _stretched(now)
            if before is not None:
                alike.append(_correlation(_uneven(before), _uneven(now)))
        before = now
    if spreads and (np.median(spreads, axis=0) < (MIN_SPREAD, MIN_FLUID)).any():
        return Reason(ReasonCode.PHOTO_NOT_BRAIN_WINDOW)
    if alike and float(np.median(alike)) < MIN_ALIKE:
        return Reason(ReasonCode.NO_BRAIN)
    if shells and (np.median(shells, axis=0) < (MIN_ROUND, MIN_BONE, MIN_RIM)).any():
        return Reason(ReasonCode.NO_BRAIN)
    return None


def _shell(picture: np.ndarray, head: Head) -> Optional[Tuple[float, float, float]]:
    """Roundness of the inside, share of bone around it, and grey level of its rim over that of its middle."""
    small = cv2.resize(picture, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    wide = cv2.copyMakeBorder(head.intracranial.astype(np.uint8), 8, 8, 8, 8, cv2.BORDER_CONSTANT)
    mask = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, _disc(7))[8:-8, 8:-8]
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    across = max(round(RIM * head.length * THUMBNAIL / len(picture)), 1)
    inner = cv2.erode(mask, _disc(2 * across + 1), borderValue=0)
    middle = small[cv2.erode(inner, _disc(2 * across + 1), borderValue=0) > 0]
    if not contours or len(middle) < MIN_PIXELS // 4:
        return None
    sides = cv2.minAreaRect(max(contours, key=cv2.contourArea))[1]
    around = small[(cv2.dilate(mask, _disc(2 * across + 1)) > 0) & (mask == 0)]
    bone = float((around >= BONE).mean()) if len(around) else 0.0
    rim = float(np.median(small[(mask > 0) & (inner == 0)]))
    return min(sides) / max(*sides, 1.0), bone, rim / max(float(np.median(middle)), 1.0)


def _disc(diameter: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))


def _inside(picture: np.ndarray, head: Head) -> Optional[_Inside]:
    """Blurred picture with the head in its middle, and where its inside lies, away from bone."""
    scale = LENGTH / head.length
    shift = SIDE / 2 - scale * np.array(head.centre)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    # pixels are averaged first, for the warp takes only those next to each place
    shrunk = cv2.blur(picture, (int(1 / scale) | 1,) * 2) if scale < 1 else picture
    placed = cv2.GaussianBlur(cv2.warpAffine(shrunk, matrix, (SIDE, SIDE)), (0, 0), SMOOTH)
    mask = cv2.resize(head.intracranial.astype(np.uint8), picture.shape[::-1], interpolation=cv2.INTER_NEAREST)
    mask = cv2.warpAffine(mask, matrix, (SIDE, SIDE), flags=cv2.INTER_NEAREST)
    inside = cv2.erode(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _disc(9)), _disc(9), borderValue=0) > 0
    return (placed.astype(np.float32), inside) if np.count_nonzero(inside) >= MIN_PIXELS else None


def _stretched(inside: _Inside) -> _Inside:
    """Bring an inside to one width and height: pages photographed from elsewhere show one head in other proportions."""
    picture, mask = inside
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    across, down = BOX[0] / width, BOX[1] / height
    centre = x + (width - 1) / 2, y + (height - 1) / 2
    matrix = np.array([[across, 0, SIDE / 2 - across * centre[0]], [0, down, SIDE / 2 - down * centre[1]]])
    stretched = cv2.warpAffine(mask.astype(np.uint8), matrix, (SIDE, SIDE), flags=cv2.INTER_NEAREST)
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE)), stretched > 0


def _uneven(inside: _Inside) -> _Inside:
    """Take away from each place the mean of all that lie as deep."""
    picture, mask = inside
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)[mask]
    level = np.minimum(depth, DEEP).astype(np.intp)
    mean = np.bincount(level, picture[mask]) / np.maximum(np.bincount(level), 1)
    uneven = np.zeros_like(picture)
    uneven[mask] = picture[mask] - mean[level]
    return uneven, mask


def _correlation(first: _Inside, second: _Inside) -> float:
    """Correlation of two pictures where both show the inside."""
    both = first[1] & second[1]
    if np.count_nonzero(both) < MIN_PIXELS:
        return 0.0
    one, other = (part[0][both] - part[0][both].mean() for part in (first, second))
    return float((one * other).sum() / np.sqrt(max(float((one * one).sum() * (other * other).sum()), 1e-6)))
