"""Another position of the head, another scanner, kernel and dose: changes that leave the label of a slice true."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from appliance.imaging.tensor import MARGIN
from training.synthesis.head_slice import WINDOW_HIGH, WINDOW_LOW, HeadSlice, blur, grid, smooth_noise

ANY_ANGLE = 0.15
"""Share of slices that are turned by any angle; the others by a few degrees, as heads lie on a table."""


def place(head: HeadSlice, rng: np.random.Generator) -> HeadSlice:
    """Mirror, turn, scale, stretch, shift and bend a slice, and its blood and depth with it."""
    side = head.side
    angle = rng.uniform(-180, 180) if rng.random() < ANY_ANGLE else rng.normal(0, 8)
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), angle, rng.uniform(0.85, 1.15))
    stretch = rng.uniform(0.92, 1.08)
    flips = [rng.random() < 0.5, rng.random() < 0.08]
    shape = np.diag([stretch * (-1 if flips[0] else 1), (-1 if flips[1] else 1) / stretch])
    linear = matrix[:, :2] @ shape
    offset = np.array([side / 2, side / 2]) - linear @ [side / 2, side / 2] + rng.normal(0, 0.03, 2) * side
    inverse = np.linalg.inv(linear)
    ys, xs = grid(side)
    source_x = inverse[0, 0] * (xs - offset[0]) + inverse[0, 1] * (ys - offset[1])
    source_y = inverse[1, 0] * (xs - offset[0]) + inverse[1, 1] * (ys - offset[1])
    if rng.random() < 0.3:
        source_x = source_x + 1.6 * smooth_noise(rng, side, 5)
        source_y = source_y + 1.6 * smooth_noise(rng, side, 5)
    return _remapped(head, source_x, source_y)


def _remapped(head: HeadSlice, source_x: np.ndarray, source_y: np.ndarray) -> HeadSlice:
    maps = source_x.astype(np.float32), source_y.astype(np.float32)
    return HeadSlice(
        hounsfield=cv2.remap(head.hounsfield, *maps, cv2.INTER_LINEAR, borderValue=WINDOW_LOW),
        depth=cv2.remap(head.depth, *maps, cv2.INTER_LINEAR),
        blood=cv2.remap(head.blood, *maps, cv2.INTER_LINEAR),
    )


def crop(head: HeadSlice, rng: np.random.Generator) -> HeadSlice:
    """Cut out a rectangle and frame it as the appliance frames a head: a picture that someone cropped."""
    side = head.side
    width, height = rng.uniform(0.45, 0.85, 2) * side
    middle_x, middle_y = side / 2 + rng.normal(0, 0.06, 2) * side
    scale = side / MARGIN / max(width, height)
    ys, xs = grid(side)
    source_x, source_y = (xs - side / 2) / scale + middle_x, (ys - side / 2) / scale + middle_y
    kept = (np.abs(source_x - middle_x) < width / 2) & (np.abs(source_y - middle_y) < height / 2)
    cut = _remapped(head, source_x, source_y)
    return HeadSlice(np.where(kept, cut.hounsfield, WINDOW_LOW), cut.depth * kept, cut.blood * kept)


def scan(head: HeadSlice, rng: np.random.Generator) -> HeadSlice:
    """Give a slice another sharpness, resolution, noise and calibration."""
    picture = head.hounsfield
    if rng.random() < 0.35:
        picture = blur(picture, rng.uniform(0.3, 1.5) / head.mm)
    elif rng.random() < 0.3:
        picture = picture + rng.uniform(0.2, 1.5) * (picture - blur(picture, rng.uniform(0.6, 1.5)))
    if rng.random() < 0.2:
        small = round(head.side * rng.uniform(0.4, 0.9))
        picture = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(
            picture, (head.side, head.side), interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])
        )
    if rng.random() < 0.65:
        picture = picture + _noise(head, rng) * ((picture > WINDOW_LOW + 3) & (picture < WINDOW_HIGH - 3))
    soft = (picture > WINDOW_LOW + 1) & (picture < WINDOW_HIGH - 1)
    gain, offset = math.exp(rng.normal(0, 0.06)), rng.normal(0, 2.0)
    picture = np.where(soft, (picture - 35) * gain + 35 + offset, picture)
    return replace(head, hounsfield=picture.astype(np.float32))


def _noise(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """Quantum noise, correlated over a distance that the kernel decides."""
    noise = rng.standard_normal((head.side, head.side), dtype=np.float32)
    if rng.random() < 0.7:
        noise = blur(noise, rng.uniform(0.4, 1.3))
        noise /= noise.std()
    return noise * float(min(rng.exponential(2.5), 10.0))
