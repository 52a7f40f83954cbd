"""One slice of a head in Hounsfield units, on which bleeds and their look-alikes are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

WINDOW_LOW, WINDOW_HIGH = -20.0, 100.0
"""Hounsfield units beyond which a prepared slice is clipped: width 120, level 40."""

HEAD_MM = 190.0
"""Length of an adult's head from forehead to occiput with the scalp; a prepared slice is 1.08 of it wide."""


@dataclass(frozen=True)
class HeadSlice:
    """A slice as training draws on it.

    Attributes
    ----------
    hounsfield : numpy.ndarray
        float32, shape ``(side, side)``, clipped to the window's range.
    depth : numpy.ndarray
        float32, same shape: millimetres to the inner table of the skull, 0 outside the intracranial space.
    blood : numpy.ndarray
        float32, same shape: share of each pixel that is simulated blood.
    """

    hounsfield: np.ndarray
    depth: np.ndarray
    blood: np.ndarray

    @classmethod
    def of(cls, picture: np.ndarray, depth: np.ndarray) -> HeadSlice:
        """Make one from a prepared slice and its depth, both uint8, shape ``(side, side)``, the depth in pixels."""
        hounsfield = picture.astype(np.float32) * ((WINDOW_HIGH - WINDOW_LOW) / 255) + WINDOW_LOW
        return cls(hounsfield, depth.astype(np.float32) * pixel_mm(len(picture)), np.zeros_like(hounsfield))

    @property
    def side(self) -> int:
        """Side in pixels."""
        return len(self.hounsfield)

    @property
    def mm(self) -> float:
        """Side of a pixel in millimetres, if the head is of an adult's usual length."""
        return pixel_mm(self.side)

    @property
    def brain(self) -> np.ndarray:
        """Whether each pixel lies within the skull."""
        return self.depth > 0

    def centre(self) -> tuple[float, float]:
        """Return x and y, in pixels, of the middle of the intracranial space."""
        ys, xs = np.nonzero(self.brain)
        return float(xs.mean()), float((ys.min() + ys.max()) / 2)


def pixel_mm(side: int) -> float:
    """Side of a pixel, in millimetres, of a prepared slice so many pixels wide."""
    return 1.08 * HEAD_MM / side


@cache
def grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of every pixel: two float32 arrays of shape ``(side, side)``; not to be changed."""
    ys, xs = np.mgrid[:side, :side].astype(np.float32)
    ys.flags.writeable = xs.flags.writeable = False
    return ys, xs


def smooth_noise(rng: np.random.Generator, side: int, cells: int) -> np.ndarray:
    """Noise with a variance of about 0.75 that changes over a few cells a side: float32, shape ``(side, side)``."""
    coarse = rng.standard_normal((cells, cells), dtype=np.float32)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)


def soft_step(distance: np.ndarray, width: float = 0.7) -> np.ndarray:
    """Share of a pixel that lies inside an edge, by its distance to it in mm: 0 far outside, 1 far inside."""
    return 1 / (1 + np.exp(np.clip(-distance / width, -30, 30)))


def blur(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur, sigma in pixels."""
    return cv2.GaussianBlur(picture, (0, 0), sigma)
