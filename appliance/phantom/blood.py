"""Blood where its kind runs, as much as was asked for, and the room it takes."""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np

from appliance.phantom.brain import Brain
from appliance.phantom.fields import SHAPE, axes, noise, refine
from appliance.phantom.head import Bleed, BleedKind

VOXEL_ML = 0.001

FORBIDDEN = -1e4
"""Value of a field where its kind of blood never is."""


def bleed_into(brain: Brain, bleed: Bleed, rng: np.random.Generator) -> np.ndarray:
    """Paint a bleed into a brain.

    Each kind is a field that falls with distance from where the blood starts, measured as that kind spreads;
    blood fills the field from its top until the volume is reached.

    Parameters
    ----------
    brain : Brain
        Its canvas is painted in place.
    bleed : Bleed
        Kind, side and volume.
    rng : numpy.random.Generator
        Draws edge and texture.

    Returns
    -------
    numpy.ndarray
        float16, shape `fields.SHAPE`: the share of each voxel that is blood.
    """
    rough = noise(rng, 5)
    field = _FIELDS[bleed.kind](brain, bleed.side.value, rough)
    level, share = _fill(field, np.clip(brain.cavity + 0.5, 0, 1), bleed.volume_ml / VOXEL_ML)
    canvas = brain.canvas
    if bleed.kind in (BleedKind.EPIDURAL, BleedKind.SUBDURAL, BleedKind.INTRAPARENCHYMAL):
        _push(brain, share, bleed.side.value, 0.9 * np.sqrt(bleed.volume_ml))
    if bleed.kind is BleedKind.INTRAPARENCHYMAL:
        rim = np.clip((field - level) / 3.0 + 1.3, 0, 1)  # oedema and serum around the clot
        canvas.hounsfield += 0.85 * rim * (18.0 - canvas.hounsfield)
    mottled = bleed.hounsfield + refine(2.0 * rough) + refine(1.5 * noise(rng, 2.5))
    canvas.hounsfield += share * (mottled - canvas.hounsfield)
    return share.astype(np.float16)


def _fill(field: np.ndarray, room: np.ndarray, voxels: float) -> Tuple[float, np.ndarray]:
    """Find the level above which a field, in mm, holds so many voxels; return it and each voxel's share."""
    usable = field[field > FORBIDDEN]
    count = int(min(max(voxels, 1), 0.98 * len(usable)))
    level = float(np.partition(usable, len(usable) - count)[len(usable) - count])
    for _ in range(4):  # soft edges and the skull's take a little: move the level until the shares sum up
        share = np.clip(field - level + 0.5, 0, 1) * room
        edge = int(np.count_nonzero((share > 0) & (share < 1)))
        level += 0.8 * float(share.sum(dtype=np.float64) - count) / max(edge, 1)
    return level, np.clip(field - level + 0.5, 0, 1) * room


def _along(side: int, y0: float, z0: float) -> np.ndarray:
    """Square of the distance in mm from a place on the inner table of one side, nearly along the surface."""
    x, y, z = axes(1)
    return (np.abs(x * side - 64) * 0.6) ** 2 + (y - y0) ** 2 + (z - z0) ** 2


def _lens(brain: Brain, side: int, rough: np.ndarray) -> np.ndarray:
    """Between skull and dura, a lens over the temporal and parietal lobe."""
    thick = brain.cavity + _along(side, 0, 72) / 75 + refine(0.25 * rough)
    return np.where(brain.cavity > -0.5, -thick * 0.8, FORBIDDEN).astype(np.float32)


def _crescent(brain: Brain, side: int, rough: np.ndarray) -> np.ndarray:
    """Between dura and arachnoid, a crescent over one hemisphere that stops at the midline and the floor."""
    x, y, z = axes(1)
    far = (y - 2) ** 2 / 800 + np.maximum(z - 88, 0) ** 2 / 120 + np.maximum(64 - z, 0) ** 2 / 60
    thick = brain.cavity + far + refine(0.5 * rough)
    own = np.minimum(x * side - 4, z - 44) + 0 * brain.cavity
    base = (np.hypot(x / 69, (y - 1) / 84) < 0.72) & (z < 85)  # sphenoid and petrous ridges are no place for it
    allowed = (brain.cavity > -0.5) & ~base
    return np.where(allowed, np.minimum(-thick, 2 * (own - 12)), FORBIDDEN).astype(np.float32)


def _in_fluid(brain: Brain, side: int, rough: np.ndarray) -> np.ndarray:
    """In the basal cisterns, one sylvian fissure and the sulci near them."""
    x, y, z = axes(1)
    away = np.sqrt((x * side - 9) ** 2 / 2.5 + (y + 14) ** 2 / 1.5 + (z - 50) ** 2)
    field = np.minimum(brain.fluid * 4, 3) - 0.12 * away + refine(0.5 * rough)
    dry = (brain.cavity < 0.3) | (brain.ventricles > -1.5)
    return np.where(dry, -1e4, field).astype(np.float32)


def _clot(brain: Brain, side: int, rough: np.ndarray) -> np.ndarray:
    """A lobed clot that starts in the putamen."""
    x, y, z = axes(1)
    away = np.sqrt(((x * side - 28) / 0.85) ** 2 + ((y + 2) / 1.25) ** 2 + (z - 70) ** 2)
    field = -away + refine(2.6 * rough)
    return np.where(brain.cavity > 2, field, FORBIDDEN).astype(np.float32)


def _in_ventricles(brain: Brain, side: int, rough: np.ndarray) -> np.ndarray:
    """In the ventricles from their lowest point in a patient who lies on the back; more of it on one side."""
    x, y, z = axes(1)
    deep = 0.10 * (y - 40) + np.clip(0.05 * x * side, -0.6, 0.6) + 0 * z
    return np.where(z > 40, deep + np.minimum(4 * brain.ventricles, 2.0), FORBIDDEN).astype(np.float32)


_FIELDS = {
    BleedKind.EPIDURAL: _lens,
    BleedKind.SUBDURAL: _crescent,
    BleedKind.SUBARACHNOID: _in_fluid,
    BleedKind.INTRAPARENCHYMAL: _clot,
    BleedKind.INTRAVENTRICULAR: _in_ventricles,
}


def _push(brain: Brain, share: np.ndarray, side: int, most_mm: float) -> None:
    """Move the brain away from the blood along x: most beside it, none at the skull."""
    weight = share.sum(axis=(1, 2))
    if weight.sum() == 0:
        return
    x, y, z = (axis.reshape(-1) for axis in axes(1))
    centre_y = float((share.sum(axis=(0, 2)) * y).sum() / weight.sum())
    centre_z = float((weight * z).sum() / weight.sum())
    hounsfield = brain.canvas.hounsfield
    columns = np.arange(SHAPE[2], dtype=np.float32)[None, :]
    rows = np.repeat(np.arange(SHAPE[1], dtype=np.float32)[:, None], SHAPE[2], axis=1)
    amount = min(most_mm, 9.0)
    for index in range(SHAPE[0]):
        fall = np.exp(-(((z[index] - centre_z) / 32) ** 2) - ((y[:, None] - centre_y) / 42) ** 2)
        if amount * fall.max() < 0.3:
            continue
        free = np.clip(brain.cavity[index] / 22, 0, 1)
        reach = np.exp(-((np.minimum(x * side - 8, 0) / 26) ** 2))[None, :]
        shift = (amount * side * fall * reach * free * (2 - free)).astype(np.float32)
        hounsfield[index] = cv2.remap(
            hounsfield[index], columns + shift, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
