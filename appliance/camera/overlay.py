"""Text, rulers and marks are kept out of a photographed CT picture."""

from __future__ import annotations

from typing import Optional

import cv2
import numpy as np

WORKED = 128
"""Side of the picture on which the head is sought."""

TISSUE = 0.25
"""Grey level of tissue, from the darkest of a picture to its bone."""

MARGIN = 0.02
"""Width of the rim around the head that is left alone, over the picture's side."""

BROAD = 0.07
"""What is brighter than its surroundings and narrower than this share of the side is writing, a ruler or a mark."""

NOISE = 12
"""Grey levels above the air around it from which a pixel outside the head belongs to something drawn."""

COLOURED = 45
"""How far the differences between the colour channels of a mark lie from those of most of the picture."""

MAX_MARKED = 0.06
"""Share of the head that marks may cover; more colour than that is the photograph's own."""


def without_overlays(picture: np.ndarray) -> np.ndarray:
    """Make a grey CT picture of a photographed one: what the console wrote around the head is gone.

    Within the head pixels stay as they are, but for small coloured marks, which are filled from around them. Outside it
    the air stays, with all light that the room throws on it.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8, shape ``(side, side, 3)``, BGR: one CT picture, flat.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(side, side)``.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    head = _head(grey)
    if head is None:
        return grey
    side = len(grey)
    near = cv2.dilate(head, _disc(2 * MARGIN * side))
    air = _air(grey, near)
    drawn = (near == 0) & (grey > air.astype(np.int16) + NOISE)
    drawn = (cv2.dilate(drawn.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & (near == 0)
    cleaned = np.where(drawn, air, grey)
    marks = _marks(picture) & (near > 0)
    if 0 < marks.sum() <= MAX_MARKED * near.sum():
        wide = cv2.dilate(marks.astype(np.uint8), np.ones((5, 5), np.uint8))
        cleaned = cv2.inpaint(cleaned, wide, 3, cv2.INPAINT_TELEA)
    return np.asarray(cleaned)


def _disc(diameter: float) -> np.ndarray:
    width = int(round(diameter)) | 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))


def _head(grey: np.ndarray) -> Optional[np.ndarray]:
    """Convex outline of the largest solid thing around the middle, filled with 1: uint8, the picture's shape."""
    small = cv2.resize(grey, (WORKED, WORKED), interpolation=cv2.INTER_AREA)
    dark, bright = (float(level) for level in np.percentile(small, (10, 98)))
    solid = (small > dark + TISSUE * (bright - dark)).astype(np.uint8)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, _disc(5))
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contours = [contour for contour in contours if cv2.contourArea(contour) > 0.01 * solid.size]
    if not contours:
        return None
    largest = max(contours, key=lambda contour: cv2.contourArea(cv2.convexHull(contour)))
    hull = (cv2.convexHull(largest).astype(np.float64) + 0.5) * len(grey) / WORKED - 0.5
    return cv2.fillPoly(np.zeros_like(grey), [np.rint(hull).astype(np.int32)], 1)


def _air(grey: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Grey level of the air at each place: what is left where narrow bright things and the head are taken away."""
    small = cv2.resize(cv2.GaussianBlur(grey, (0, 0), 1.0), (WORKED, WORKED), interpolation=cv2.INTER_AREA)
    hidden = cv2.resize(near, (WORKED, WORKED), interpolation=cv2.INTER_NEAREST) > 0
    if hidden.all():
        return grey
    # the head counts as brighter than anything, so that the darkest around a place is always air
    small = np.where(hidden, np.uint8(255), small)
    low = cv2.morphologyEx(small, cv2.MORPH_OPEN, _disc(BROAD * WORKED), borderType=cv2.BORDER_REPLICATE)
    low = np.minimum(low, np.percentile(small[~hidden], 75)).astype(np.float32)
    seen = (~hidden).astype(np.float32)
    weight = cv2.GaussianBlur(seen, (0, 0), 4)
    smooth = cv2.GaussianBlur(low * seen, (0, 0), 4) / np.maximum(weight, 1e-3)
    smooth = np.where(weight > 1e-3, smooth, np.median(low[~hidden]))
    size = grey.shape[::-1]
    return np.rint(cv2.resize(smooth.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)).astype(np.uint8)


def _marks(picture: np.ndarray) -> np.ndarray:
    """Where something coloured is drawn; the screen's tint and the sensor's colour noise are not."""
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.int16)
    blue, green, red = smooth[..., 0], smooth[..., 1], smooth[..., 2]
    away = [np.abs(tint - np.median(tint)) for tint in (blue - green, red - green)]
    return np.asarray(np.maximum(away[0], away[1]) > COLOURED)
