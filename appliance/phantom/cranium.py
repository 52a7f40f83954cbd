"""The shape of the skull: the cavity that holds the brain, the thickness of bone, the skin."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.phantom.fields import axes, capsule, distance, ellipsoid, noise, smooth_min
from appliance.phantom.head import Head


@dataclass(frozen=True)
class Cranium:
    """Signed distances in mm on the coarse grid, positive inside.

    Attributes
    ----------
    cavity : numpy.ndarray
        Inner surface of the skull, vault and base together.
    vault : numpy.ndarray
        Inner surface of the vault as if it had no floor.
    floor : numpy.ndarray
        Above the floor of the skull.
    thickness : numpy.ndarray
        Thickness of the vault's bone.
    skin : numpy.ndarray
        Surface of the head.
    """

    cavity: np.ndarray
    vault: np.ndarray
    floor: np.ndarray
    thickness: np.ndarray
    skin: np.ndarray


def make_cranium(head: Head, rng: np.random.Generator) -> Cranium:
    """Shape the skull of one head."""
    x, y, z = axes(2)
    slow = noise(rng, 18)
    vault = _vault(x, y, z, slow)
    height = floor_height(x[0], y[0])
    slope = np.sqrt(sum(part**2 for part in np.gradient(height, 2.0)) + 1)
    # the slope tells the distance near the floor only; above all that is near, the height does
    peaks = cv2.dilate(height, np.ones((11, 11), np.uint8))
    floor = np.maximum((z - height) / slope, z - peaks).astype(np.float32)
    cavity = smooth_min(vault, floor, 5.0)

    midline = np.exp(-((x / 14) ** 2))
    thickness = 5.6 + 0.7 * noise(rng, 14) + 3.0 * midline * np.exp(-(((y - 82) / 16) ** 2)) * (z < 90)
    thickness += 4.5 * np.exp(-((x / 20) ** 2) - ((y + 84) / 16) ** 2 - ((z - 50) / 14) ** 2)
    thickness += 1.2 * np.exp(-(((y + 84) / 30) ** 2)) - 1.6 * np.exp(
        -(((np.abs(x) - 66) / 14) ** 2 + ((z - 45) / 25) ** 2)
    )
    thickness = np.maximum(thickness, 3.2).astype(np.float32)
    return Cranium(cavity, vault, floor, thickness, _skin(x, y, z, vault, thickness, slow))


def _vault(x: np.ndarray, y: np.ndarray, z: np.ndarray, slow: np.ndarray) -> np.ndarray:
    """Egg-shaped, wider behind, higher than deep."""
    across = np.abs(x) / (68.5 * (1 + 0.0012 * y - 0.000006 * y**2))
    along = np.abs(y - 1) / 84.5
    rise = z - 50 - 0.06 * y
    up = np.where(rise > 0, rise / 80, -rise / 78)
    level = across**2.25 + along**2.2 + up**2.35
    level = level ** (1 / 2.25) * (1 + 0.008 * slow)
    return distance(1 - level).astype(np.float32)


def floor_height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height z of the floor of the skull in mm over x and y: three fossae, their ridges, sella and clivus.

    The foramen magnum is a shaft through it.
    """
    side = np.abs(x) + 0 * y
    depth = y + 0 * x
    front = 42 - 0.10 * (depth + 55) + 6 * np.exp(-(((side - 28) / 16) ** 2) - ((depth + 58) / 22) ** 2)
    front = front - 9 * np.exp(-((side / 6) ** 2) - ((depth + 60) / 18) ** 2)
    middle = 13 + 0.012 * (side - 38) ** 2 + 12 * np.clip((20 - side) / 10, 0, 1.8) + 0.008 * (depth + 12) ** 2
    behind = 3 + 22 * (np.hypot(side / 58, (depth - 36) / 48)) ** 3
    wing = -27 - 0.42 * (side - 10)  # the sphenoid ridge
    ridge = -5 + 0.50 * side  # the petrous ridge
    height = np.where(depth < wing, front, np.where(depth < ridge, middle, behind))
    petrous = 41 - 1.5 * np.abs(depth - ridge) * 0.9 - 0.05 * np.maximum(side - 40, 0) ** 1.5
    height = np.where(side > 9, np.maximum(height, petrous), height)
    sella = 41 - 8 * np.exp(-((side / 8) ** 2) - ((depth + 14) / 5) ** 2)
    clivus = np.minimum(sella, 41 - 3.6 * (depth + 4))
    height = np.where((side < 13) & (depth > wing - 4) & (depth < 12), np.maximum(clivus, behind), height)
    height = cv2.GaussianBlur(height.astype(np.float32), (0, 0), 1.3)
    shaft = np.hypot(side / 15, (depth - 24) / 18) < 1
    return cv2.GaussianBlur(np.where(shaft, -60, height).astype(np.float32), (0, 0), 0.6)


def _skin(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, vault: np.ndarray, thickness: np.ndarray, slow: np.ndarray
) -> np.ndarray:
    side = np.abs(x)
    scalp = 7.0 + 0.6 * slow + 7 * np.exp(-(((y + 32) / 22) ** 2) - ((z - 28) / 24) ** 2 - ((side - 66) / 16) ** 2)
    head = vault + thickness + scalp
    level = (side / 72) ** 2.4 + (np.abs(y + 6) / 89) ** 2.4 + np.where(z > -8, (z + 8) / 74, 0) ** 2.4
    face = distance(1 - level ** (1 / 2.4) * (1 + 0.012 * slow))
    neck = distance(1 - np.hypot(side / 62, (y - 24) / 68) - np.maximum(z - 5, 0) / 60)
    nose = capsule(x, y, z, ((0, -84, 30), (0, -100, -6)), (7.0, 11.0))
    brow = ellipsoid(x, y, z, (0, -72, 40), (52, 24, 14))
    skin = -smooth_min(-head, -face, 10)
    for part in (neck, nose, brow):
        skin = -smooth_min(-skin, -part, 8)
    return skin.astype(np.float32)
