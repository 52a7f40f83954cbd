"""Skulls on a flat picture of a screen: bright closed rings, each on black."""

from __future__ import annotations

from typing import List

import cv2
import numpy as np

LEVELS = (
    *((share, 0.0) for share in (0.15, 0.22, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.88)),
    *((share, gap) for share in (0.15, 0.25, 0.4) for gap in (0.005, 0.012, 0.03)),
)
"""Levels tried for tissue and for bone, between the darkest and the brightest of the screen, each with the gap that is
bridged, over the screen's longer side: below the brain fat parts the tissue.
"""

MIN_SIDE = 0.025
"""Smallest skull over the screen's longer side."""

MAX_ASPECT = 1.9
"""Longer over shorter side of a skull's box."""

FILL = (0.5, 0.9)
"""Area within the outline over its box: an ellipse fills 0.79, a button or a window more, writing less."""

MIN_SOLID = 0.8
"""Area within the outline over its convex hull."""

DARK = 0.3
"""Most of a skull's surroundings is below this level, between the darkest and the brightest."""


def find_skulls(grey: np.ndarray) -> np.ndarray:
    """Find skulls.

    Parameters
    ----------
    grey : numpy.ndarray
        uint8, shape ``(rows, columns)``.

    Returns
    -------
    numpy.ndarray
        float64, shape ``(n, 4)``: centre x, centre y, width, height in pixels.
    """
    dark, bright = (float(v) for v in np.percentile(grey, (5, 99.5)))
    least = MIN_SIDE * max(grey.shape)
    found: List[np.ndarray] = []
    quality: List[float] = []
    for share, gap in LEVELS:
        mask = (grey > dark + share * (bright - dark)).astype(np.uint8)
        if gap:
            width = int(round(gap * max(grey.shape))) | 1
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
            mask = cv2.morphologyEx(cv2.copyMakeBorder(mask, *[width] * 4, cv2.BORDER_CONSTANT), cv2.MORPH_CLOSE, disc)
            mask = np.ascontiguousarray(mask[width:-width, width:-width])
        contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        for index, contour in enumerate(contours):
            if tree[0][index][3] >= 0:
                continue
            x, y, width, height = cv2.boundingRect(contour)
            if min(width, height) < least or max(width, height) > MAX_ASPECT * min(width, height):
                continue
            area, hull = cv2.contourArea(contour), cv2.contourArea(cv2.convexHull(contour))
            if not FILL[0] * width * height < area < FILL[1] * width * height or area < MIN_SOLID * hull:
                continue
            around = _surroundings(grey, (x, y, width, height))
            if around > dark + DARK * (bright - dark):
                continue
            found.append(np.array([x + (width - 1) / 2, y + (height - 1) / 2, width, height]))
            quality.append(area)
    kept: List[np.ndarray] = []
    for index in np.argsort(quality)[::-1]:
        one = found[index]
        apart = (np.abs(one[:2] - other[:2]).max() > 0.5 * max(other[2:]) for other in kept)
        if all(apart):
            kept.append(one)
    return np.array(kept).reshape(-1, 4)


def _surroundings(grey: np.ndarray, box: "tuple[int, int, int, int]") -> float:
    """Median grey level along an ellipse well outside the scalp."""
    x, y, width, height = box
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    reach = 0.5 * max(width, height) * 0.14
    px = np.rint(x + width / 2 + (width / 2 + reach) * np.cos(angle)).astype(int)
    py = np.rint(y + height / 2 + (height / 2 + reach) * np.sin(angle)).astype(int)
    within = (px >= 0) & (py >= 0) & (px < grey.shape[1]) & (py < grey.shape[0])
    return float(np.median(grey[py[within], px[within]])) if within.sum() > 20 else 255.0
