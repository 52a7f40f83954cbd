"""The head in a single picture of unknown origin: in whatever window, perhaps faded, perhaps cut off.

A stack comes from one scan, shows the whole head and has a known window. A picture by itself is brought to that first:
without its frame, on a black square. Then a short list of readings is tried, which differ in the grey level of bone and
in whether the picture's edge stands for the skull where it cuts the head; the first that shows brain is taken. The
outline, by which the network's input is framed, is the same for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterator, Optional, Tuple

import cv2
import numpy as np

from appliance.imaging.checks import grain
from appliance.imaging.frame import on_black, without_frame
from appliance.imaging.head import BONE, THUMBNAIL, TISSUE, Head, find_head
from appliance.reasons import Reason, ReasonCode

MIN_SLICE_SHARE = 0.06
"""Intracranial share of the head from which a single picture counts as one of the brain."""

BONE_SHARES = (0.96, 0.87, 0.77)
"""Grey levels of bone over the brightest, tried in turn: a wide window or a thin skull shows it less white."""

BRIGHTEST = 98
"""Percentile of the grey levels of tissue that is bone in every whole head; burned-in text covers less."""

BRAIN_GREY = (20.0, 220.0)
"""Median grey level of brain; 40 to 180 in 1000 pictures of windows from 60 to 300 wide."""

MIN_CONTRAST = 4.0
"""Interquartile range of brain in grey levels; 6 at window width 300, at most 3 in a bone window."""

MAX_PLAIN_CONTRAST = 40.0
"""The same where no bone is around it, so that nothing else tells a cut-out of the brain from a landscape."""

MIN_PLAIN_SHARE = 0.6
"""So much of such a cut-out is brain."""

MIN_BONE_RIM = 0.2
"""Share of the surroundings of the intracranial space from which bone is around it."""

SATURATED = 8
"""Grey levels within which bone lies, for it is beyond any brain window; the bright parts of a photograph vary."""

MIN_SATURATED = 0.4
"""Share of bone that does so."""

MAX_GRAIN = 45.0
"""Standard deviation of the finest-grained noise in grey levels; 6 at most in 1000 pictures, 85 in pure noise."""


@dataclass(frozen=True)
class SinglePicture:
    """A picture without what surrounds the slice, and the head in it.

    Attributes
    ----------
    pixels : numpy.ndarray
        uint8, shape ``(side, side)``: the picture without its frame, on a black square.
    offset : tuple of int
        ``(x, y)`` of this square's first pixel in the picture as it was given.
    head : Head
        The head in `pixels`.
    refusal : Reason or None
        Why it cannot be judged: ``no_brain``, or ``photo_not_brain_window`` where brain is nearly black, nearly white
        or without contrast.
    """

    pixels: np.ndarray
    offset: Tuple[int, int]
    head: Head
    refusal: Optional[Reason]


def open_picture(picture: np.ndarray) -> SinglePicture:
    """Find the head in a single picture.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8, shape ``(rows, columns)``, any brain window.

    Returns
    -------
    SinglePicture
        Its head has length 0 where nothing is found.
    """
    content, (x, y) = without_frame(picture)
    content = on_black(content)
    rows, columns = content.shape
    side = max(rows, columns)
    top, left = (side - rows) // 2, (side - columns) // 2
    square = np.zeros((side, side), dtype=np.uint8)
    square[top : top + rows, left : left + columns] = content
    tissue = _tissue_level(content)
    head = find_head(square, tissue)
    refusal: Optional[Reason] = Reason(ReasonCode.NO_BRAIN)
    if head.area:
        for bone, shown in _readings(square, (left, top, columns, rows), tissue):
            read = find_head(shown, tissue, bone)
            area = min(read.intracranial_area, head.area)
            candidate = replace(head, intracranial=read.intracranial, intracranial_area=area)
            found = _unsuitable(square, candidate, bone)
            if found is None:
                return SinglePicture(square, (x - left, y - top), candidate, None)
            if found.code is not ReasonCode.NO_BRAIN:
                refusal = found
    return SinglePicture(square, (x - left, y - top), head, refusal)


def _tissue_level(content: np.ndarray) -> int:
    """Grey level that parts tissue from air and fat: the usual one, or lower where the window shows brain dark."""
    smooth = cv2.blur(content, (5, 5))
    between = smooth[(smooth > 8) & (smooth < 200)]
    return int(min(TISSUE, max(float(np.median(between)) / 2, 8.0))) if len(between) else TISSUE


def _readings(square: np.ndarray, content: Tuple[int, int, int, int], tissue: int) -> Iterator[Tuple[int, np.ndarray]]:
    """Yield levels of bone with the picture: first as it is, then with its edge as skull where it cuts tissue.

    The last is for dark brain in a narrow window, which noise tears to pieces.
    """
    brightest = float(np.percentile(square[square >= tissue], BRIGHTEST)) if (square >= tissue).any() else 0.0
    levels = [BONE, *(level for level in (int(share * brightest) for share in BONE_SHARES) if level < BONE)]
    for bone in levels:
        yield bone, square
    walled = _walled(square, content, tissue)
    for bone in levels:
        yield bone, walled
    yield BONE, cv2.medianBlur(walled, 5)


def _walled(square: np.ndarray, content: Tuple[int, int, int, int], tissue: int) -> np.ndarray:
    """Paint the content's edge white where tissue lies on it, some two pixels of the thumbnail wide."""
    x, y, width, height = content
    rim = np.zeros_like(square)
    cv2.rectangle(rim, (x, y), (x + width - 1, y + height - 1), 255, 2 * (2 * len(square) // THUMBNAIL + 1))
    rim[(cv2.blur(square, (5, 5)) < tissue) | (square == 0)] = 0
    return np.asarray(cv2.max(square, rim))


def _unsuitable(square: np.ndarray, head: Head, bone: int) -> Optional[Reason]:
    """Say why what was enclosed is not brain, or cannot be judged."""
    if head.intracranial_area < MIN_SLICE_SHARE * head.area:
        return Reason(ReasonCode.NO_BRAIN)
    mask = head.intracranial.astype(np.uint8)
    inner = cv2.erode(mask, np.ones((5, 5), np.uint8), borderValue=0)
    inner = inner if cv2.countNonZero(inner) else mask
    small = cv2.resize(square, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    lower, middle, upper = (float(level) for level in np.percentile(small[inner > 0], (25, 50, 75)))
    if not BRAIN_GREY[0] <= middle <= BRAIN_GREY[1] or upper - lower < MIN_CONTRAST:
        return Reason(ReasonCode.PHOTO_NOT_BRAIN_WINDOW)
    around = (cv2.dilate(mask, np.ones((9, 9), np.uint8)) > 0) & (mask == 0)
    bright = square[square >= bone]
    saturated = len(bright) and float((bright >= np.percentile(bright, 90) - SATURATED).mean()) >= MIN_SATURATED
    bounded = saturated and around.any() and float((small[around] >= bone).mean()) >= MIN_BONE_RIM
    plain = upper - lower <= MAX_PLAIN_CONTRAST and head.intracranial_area >= MIN_PLAIN_SHARE * head.area
    if not bounded and not plain:
        return Reason(ReasonCode.NO_BRAIN)
    inside = cv2.resize(inner, square.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return Reason(ReasonCode.NO_BRAIN) if grain(square, inside) > MAX_GRAIN else None
