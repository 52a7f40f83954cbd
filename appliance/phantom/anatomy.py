"""Stub: replaced soon."""

from __future__ import annotations

from typing import Optional, Sequence

import numpy as np

from appliance.phantom.head import Bleed, Head


def voxelise(
    head: Head,
    bleed: Optional[Bleed],
    positions_mm: Sequence[float],
    rows: int = 512,
    pixel_spacing_mm: Optional[float] = None,
    thickness_mm: float = 5.0,
    tilt_deg: float = 0.0,
) -> np.ndarray:
    """Stub."""
    spacing = pixel_spacing_mm or 240.0 / rows
    axis = (np.arange(rows) - (rows - 1) / 2) * spacing
    x, y = axis[None, :], axis[:, None]
    out = np.full((len(positions_mm), rows, rows), -1000, np.int16)
    rng = np.random.default_rng(head.seed)
    for k, z in enumerate(positions_mm):
        h = 1 - ((z - 55) / 84) ** 2
        if h <= 0:
            continue
        r = np.sqrt((x / 66) ** 2 + (y / 84) ** 2) / np.sqrt(h)
        r = r + 0 * rng.random()
        image = np.select(
            [r < 0.05, r < 0.95, r < 1.0, r < 1.09, r < 1.16], [8, 33, 8, 1100, 20], -1000
        ).astype(np.float32)
        if bleed is not None:
            radius = (bleed.volume_ml * 1000 * 0.75 / np.pi) ** (1 / 3)
            d2 = (x - 25 * bleed.side.value) ** 2 + y**2 + (z - 68) ** 2
            image[d2 < radius**2] = bleed.hounsfield
        out[k] = image
    return out


def blood_ml(
    head: Head, bleed: Optional[Bleed], positions_mm: Sequence[float], thickness_mm: float = 5.0, tilt_deg: float = 0.0
) -> np.ndarray:
    """Stub."""
    if bleed is None:
        return np.zeros(len(positions_mm))
    radius = (bleed.volume_ml * 1000 * 0.75 / np.pi) ** (1 / 3)
    z = np.asarray(positions_mm) - 68
    return np.clip(radius**2 - z**2, 0, None) * np.pi * thickness_mm / 1000
