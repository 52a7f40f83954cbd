"""The sides of a screen to a fraction of a pixel: a line through the steepest rise of light along each."""

from __future__ import annotations

import cv2
import numpy as np

SAMPLES = 64
"""Profiles along each side."""

REACH = 0.012
"""How far from its first place a side is searched, over the screen's width."""


def refine(frame: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Move the corners of a quadrilateral to where its sides' edges are.

    Parameters
    ----------
    frame : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``.
    corners : numpy.ndarray
        float64, shape ``(4, 2)``, clockwise from the top left.

    Returns
    -------
    numpy.ndarray
        float64, shape ``(4, 2)``.
    """
    light = np.log1p(frame.max(axis=2).astype(np.float32) / 12)
    width = float(np.linalg.norm(corners[1] - corners[0]))
    lines = [_side(light, corners[i], corners[(i + 1) % 4], REACH * width) for i in range(4)]
    found = np.array([np.cross(lines[i - 1], lines[i]) for i in range(4)])
    return found[:, :2] / found[:, 2:]


def _side(light: np.ndarray, start: np.ndarray, end: np.ndarray, reach: float) -> np.ndarray:
    """Line (a, b, c) of one side; the inside lies to the right of its direction."""
    along = (end - start) / np.linalg.norm(end - start)
    inward = np.array([-along[1], along[0]])
    share = np.linspace(0.03, 0.97, SAMPLES)[:, None]
    offsets = np.arange(-reach, reach + 0.25, 0.5)
    base = start * (1 - share) + end * share
    points = base[:, None] + offsets[None, :, None] * inward
    # averaged along the side, a little on both sides of each sample
    step = np.linalg.norm(end - start) / SAMPLES / 3
    profile = sum(
        cv2.remap(light, (points + k * step * along).astype(np.float32), None, cv2.INTER_LINEAR) for k in (-1, 0, 1)
    )
    rise = np.gradient(cv2.GaussianBlur(profile, (0, 0), 1.2, sigmaY=0.1), axis=1)
    rise = np.maximum(rise, 0)
    # the offset line that gathers most of the rise: a straight ridge through (sample, offset)
    inside = (base[:, 0] >= 0) & (base[:, 0] < light.shape[1]) & (base[:, 1] >= 0) & (base[:, 1] < light.shape[0])
    if inside.sum() < SAMPLES // 4:
        return np.cross([*start, 1.0], [*end, 1.0])
    strength = np.minimum(rise, np.quantile(rise[inside], 0.97) + 1e-6)[inside]
    position = share[inside, 0] - 0.5
    best, chosen = -1.0, (0.0, 0.0)
    index = np.arange(len(position))
    for tilt in np.linspace(-reach * 0.7, reach * 0.7, 15):
        shift = np.rint((tilt * position) / 0.5).astype(int)
        columns = np.clip(np.arange(len(offsets))[:, None] + shift, 0, len(offsets) - 1)
        total = strength[index, columns].sum(axis=1)
        total *= 1 - 0.3 * np.abs(offsets) / reach
        if total.max() > best:
            best, chosen = float(total.max()), (float(offsets[total.argmax()]), tilt)
    near = chosen[0] + chosen[1] * position
    for spread in (2.0, 1.2, 1.2):
        weight = strength * np.exp(-0.5 * ((offsets - near[:, None]) / spread) ** 2)
        mass = weight.sum(axis=1)
        peak = (weight * offsets).sum(axis=1) / np.maximum(mass, 1e-9)
        good = mass > 0.2 * np.median(mass)
        fit = np.polyfit(position[good], peak[good], 1, w=np.sqrt(mass[good]))
        near = np.polyval(fit, position)
    ends = np.polyval(fit, [-0.5, 0.5])
    return np.cross([*(start + ends[0] * inward), 1.0], [*(end + ends[1] * inward), 1.0])
