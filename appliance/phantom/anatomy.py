"""A head, with or without a bleed, as Hounsfield units on the slices of a scan."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Optional, Sequence, Tuple

import cv2
import numpy as np

from appliance.phantom.blood import bleed_into
from appliance.phantom.brain import make_brain
from appliance.phantom.cranium import make_cranium
from appliance.phantom.fields import ORIGIN_MM, Canvas
from appliance.phantom.head import CENTRE_MM, Bleed, Head
from appliance.phantom.skull import AIR, paint_outside
from appliance.phantom.vessels import paint_vessels


@dataclass(frozen=True)
class Anatomy:
    """A head of scale 1 on the fine grid.

    Attributes
    ----------
    hounsfield : numpy.ndarray
        int16, shape `fields.SHAPE`.
    blood : numpy.ndarray
        float16, same shape: the share of each voxel that is blood.
    """

    hounsfield: np.ndarray
    blood: np.ndarray


@functools.lru_cache(maxsize=2)
def _build(head: Head, bleed: Optional[Bleed]) -> Anatomy:
    rng = np.random.default_rng([head.seed, 1])
    cranium = make_cranium(head, rng)
    brain = make_brain(head, rng, cranium)
    if head.contrast:
        paint_vessels(brain.canvas, brain.cavity)
    blood = np.zeros(brain.cavity.shape, dtype=np.float16)
    if bleed is not None:
        # draws of its own: around the bleed the head is the same as without it
        blood = bleed_into(brain, bleed, np.random.default_rng([head.seed, 3]))
    canvas = brain.canvas if head.brain else Canvas.filled(AIR)
    paint_outside(canvas, head, rng, cranium, brain.cavity)
    np.clip(canvas.hounsfield, -1024, 3071, out=canvas.hounsfield)
    return Anatomy(np.rint(canvas.hounsfield).astype(np.int16), blood)


def _at_scale_one(head: Head, bleed: Optional[Bleed]) -> Anatomy:
    """The anatomy is built once for all scales: the slices are scaled instead, and with them the volume."""
    if bleed is not None:
        bleed = replace(bleed, volume_ml=bleed.volume_ml / head.scale**3)
    return _build(replace(head, scale=1.0), bleed)


def voxelise(
    head: Head,
    bleed: Optional[Bleed],
    positions_mm: Sequence[float],
    rows: int = 512,
    pixel_spacing_mm: float = 240.0 / 512,
    thickness_mm: float = 5.0,
    tilt_deg: float = 0.0,
) -> np.ndarray:
    """Cut a head into slices without noise.

    Parameters
    ----------
    head : Head
        Whose head.
    bleed : Bleed or None
        The bleed, or none.
    positions_mm : sequence of float
        For each slice the z at which it crosses the middle of the table (`CENTRE_MM`); 0 is the
        foramen magnum.
    rows : int
        Rows and columns.
    pixel_spacing_mm, thickness_mm : float
        Size of a pixel, thickness of a slice.
    tilt_deg : float
        Gantry tilt: the normal of the slices leans towards the back of the head.

    Returns
    -------
    numpy.ndarray
        int16, shape ``(n, rows, rows)``, Hounsfield units; rows run to the back, columns to the
        patient's left.
    """
    volume = _at_scale_one(head, bleed).hounsfield
    slices = _cut(volume, head, positions_mm, rows, pixel_spacing_mm, thickness_mm, tilt_deg, AIR)
    slices += _head_rest(rows, pixel_spacing_mm)
    return np.rint(slices).astype(np.int16)


def blood_ml(
    head: Head,
    bleed: Optional[Bleed],
    positions_mm: Sequence[float],
    thickness_mm: float = 5.0,
    tilt_deg: float = 0.0,
) -> np.ndarray:
    """Volume of the blood in each slice in ml: float64, shape ``(n,)``; parameters as in `voxelise`."""
    if bleed is None:
        return np.zeros(len(positions_mm))
    share = blood_share(head, bleed, positions_mm, 240, 1.0, thickness_mm, tilt_deg)
    return share.sum(axis=(1, 2), dtype=np.float64) * thickness_mm / 1000


def blood_share(
    head: Head,
    bleed: Bleed,
    positions_mm: Sequence[float],
    rows: int = 512,
    pixel_spacing_mm: float = 240.0 / 512,
    thickness_mm: float = 5.0,
    tilt_deg: float = 0.0,
) -> np.ndarray:
    """Share of each pixel that is blood: float32, shape ``(n, rows, rows)``; parameters as in `voxelise`."""
    volume = _at_scale_one(head, bleed).blood
    slices = _cut(volume, head, positions_mm, rows, pixel_spacing_mm, thickness_mm, tilt_deg, 0.0)
    return np.clip(slices, 0, 1)


def radiograph(head: Head, bleed: Optional[Bleed]) -> Tuple[np.ndarray, np.ndarray, float, float]:
    """Project the head from the side and from the front, as a scout is.

    Returns
    -------
    tuple
        The two pictures, int16, first row on top; the size of a pixel in mm; the z of the first row.
    """
    volume = _at_scale_one(head, bleed).hounsfield[::-1]
    pictures = []
    for axis in (2, 1):
        attenuation = (volume.astype(np.float32) + 1000).sum(axis=axis) / 1000
        pictures.append(np.clip(attenuation * 8 - 1000, -1000, 2000).astype(np.int16))
    top = (ORIGIN_MM[2] + volume.shape[0] - 1) * head.scale
    return pictures[0], pictures[1], head.scale, top


def _cut(
    volume: np.ndarray,
    head: Head,
    positions_mm: Sequence[float],
    rows: int,
    pixel_spacing_mm: float,
    thickness_mm: float,
    tilt_deg: float,
    outside: float,
) -> np.ndarray:
    """Average a volume over the thickness of each slice and interpolate it in the plane: float32."""
    scale = head.scale
    if tilt_deg:
        volume = _shear(volume, tilt_deg, CENTRE_MM[1] / scale)
    # the integral along z, read at both faces of a slice, averages over any thickness exactly
    half = thickness_mm / scale / 2 / np.cos(np.deg2rad(tilt_deg))
    count = volume.shape[0]
    step = pixel_spacing_mm / scale
    turn = np.deg2rad(2.0 * np.random.default_rng([head.seed, 2]).standard_normal())  # nobody lies quite straight
    turned = step * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array(CENTRE_MM) / scale - ORIGIN_MM[:2] - turned @ np.full(2, (rows - 1) / 2)
    matrix = np.hstack([turned, middle[:, None]])
    slices = np.empty((len(positions_mm), rows, rows), dtype=np.float32)
    edges = np.arange(count + 1) - 0.5
    for index, position in enumerate(positions_mm):
        centre = position / scale - ORIGIN_MM[2]
        low, high = centre - half, centre + half
        weight = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None)
        used = np.flatnonzero(weight)
        if not len(used):
            slices[index] = outside
            continue
        planes = volume[used[0] : used[-1] + 1].astype(np.float32)
        plane = np.tensordot(weight[used].astype(np.float32) / (2 * half), planes, axes=1)
        plane += outside * (1 - weight.sum() / (2 * half))
        slices[index] = cv2.warpAffine(
            plane.astype(np.float32),
            matrix,
            (rows, rows),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=outside,
        )
    return slices


def _shear(volume: np.ndarray, tilt_deg: float, pivot_y: float) -> np.ndarray:
    """Resample so that planes of the first axis lie as tilted slices: the gantry leans, z is the table."""
    tilt = np.deg2rad(tilt_deg)
    start_y = ORIGIN_MM[1]
    # column v and row z of the result lie at y = pivot + (v - pivot) cos, z - (v - pivot) sin of the head
    matrix = np.array(
        [
            [np.cos(tilt), 0.0, (start_y - pivot_y) * np.cos(tilt) + pivot_y - start_y],
            [-np.sin(tilt), 1.0, -(start_y - pivot_y) * np.sin(tilt)],
        ]
    )
    sagittal = np.ascontiguousarray(volume.transpose(2, 0, 1), dtype=np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    tilted = [
        cv2.warpAffine(plane, matrix, plane.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for plane in sagittal
    ]
    return np.stack(tilted).transpose(1, 2, 0)


def _head_rest(rows: int, pixel_spacing_mm: float) -> np.ndarray:
    """What the cradle under the head adds to the air in every slice: float32, shape ``(rows, rows)``."""
    axis = (np.arange(rows, dtype=np.float32) - (rows - 1) / 2) * pixel_spacing_mm
    x, y = axis[None, :] + CENTRE_MM[0], axis[:, None] + CENTRE_MM[1]
    shell = 1.4 - np.abs(((np.abs(x) / 96) ** 2.6 + (np.abs(y + 6) / 113) ** 2.6) ** (1 / 2.6) - 1) * 100
    shell = np.minimum(shell, y - 14)
    return np.clip(shell / pixel_spacing_mm + 0.5, 0, 1) * (180.0 - AIR)
