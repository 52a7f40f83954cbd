"""What a scanner does to anatomy: blur, beam hardening, noise and the clip to 12 bits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Tuple

import cv2
import numpy as np

HU_RANGE = (-1024, 3071)
"""What 12 bits hold with the usual intercept."""


class Kernel(Enum):
    """Reconstruction kernel, valued as its name in the header."""

    SOFT = "SOFT"
    BONE = "BONE"


@dataclass(frozen=True)
class _Response:
    """Sharpness and noise of one kernel."""

    blur_mm: float  # standard deviation of the point spread
    overshoot: float  # share of unsharp masking that follows
    noise_hu: float  # standard deviation in water at 5 mm
    noise_band_mm: Tuple[float, float]  # the noise is a difference of two Gaussians of these standard deviations


_RESPONSE = {
    Kernel.SOFT: _Response(blur_mm=0.55, overshoot=0.0, noise_hu=3.2, noise_band_mm=(0.55, 1.6)),
    Kernel.BONE: _Response(blur_mm=0.30, overshoot=0.9, noise_hu=16.0, noise_band_mm=(0.22, 0.5)),
}


def acquire(anatomy: np.ndarray, kernel: Kernel, pixel_spacing_mm: float, thickness_mm: float, seed: int) -> np.ndarray:
    """Scan a noiseless head.

    Noise falls with the square root of the thickness, as the number of photons demands, and is
    band-limited, as filtered back projection leaves it (Kijewski and Judy, Phys Med Biol 1987).

    Parameters
    ----------
    anatomy : numpy.ndarray
        int16, shape ``(n, rows, columns)``, Hounsfield units.
    kernel : Kernel
        Soft tissue, or bone with overshoot at edges and much more noise.
    pixel_spacing_mm, thickness_mm : float
        Of the slices in `anatomy`.
    seed : int
        Draws the noise.

    Returns
    -------
    numpy.ndarray
        int16, same shape, clipped to `HU_RANGE`.
    """
    response = _RESPONSE[kernel]
    rng = np.random.default_rng([seed, len(anatomy), list(Kernel).index(kernel)])
    rows, columns = anatomy.shape[1:]
    noise = _band_noise(rng, 2 * rows, 2 * columns, response, pixel_spacing_mm)
    noise *= response.noise_hu * np.sqrt(5.0 / thickness_mm)
    scanned = np.empty(anatomy.shape, dtype=np.int16)
    for index, ideal in enumerate(anatomy):
        image = ideal.astype(np.float32)
        image += _hardening(image, rng, pixel_spacing_mm)
        image = _blur(image, response.blur_mm / pixel_spacing_mm)
        if response.overshoot:
            image += response.overshoot * (image - _blur(image, 0.7 / pixel_spacing_mm))
        # A random window, mirrored at random, into one large field: cheap, and new for each slice.
        top, left = rng.integers(0, rows), rng.integers(0, columns)
        patch = noise[top : top + rows, left : left + columns]
        flip = rng.integers(0, 4)
        image += patch[:: 1 - 2 * (flip & 1), :: 1 - (flip & 2)]
        scanned[index] = np.rint(np.clip(image, *HU_RANGE))
    return scanned


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), max(sigma, 0.2))


def _band_noise(
    rng: np.random.Generator, rows: int, columns: int, response: _Response, pixel_spacing_mm: float
) -> np.ndarray:
    """Noise of unit variance between two scales: float32, shape ``(rows, columns)``."""
    white = rng.standard_normal((rows, columns), dtype=np.float32)
    fine, coarse = response.noise_band_mm
    band = _blur(white, fine / pixel_spacing_mm) - 0.8 * _blur(white, coarse / pixel_spacing_mm)
    return band / band.std()


def _hardening(image: np.ndarray, rng: np.random.Generator, pixel_spacing_mm: float) -> np.ndarray:
    """Beam hardening: streaks across dense bone, and brain a little brighter beneath the skull.

    The bone is smeared from side to side, where the petrous bones face each other.
    """
    step = max(1, round(1.9 / pixel_spacing_mm))
    small = cv2.resize(np.maximum(image - 400, 0), None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    if small.max() == 0:
        return np.zeros_like(image)
    mm = step * pixel_spacing_mm
    rim = cv2.GaussianBlur(small, (0, 0), 9 / mm)
    across = cv2.GaussianBlur(small, (0, 0), sigmaX=45 / mm, sigmaY=1.5 / mm)
    beside = cv2.GaussianBlur(across, (0, 0), sigmaX=2, sigmaY=7 / mm)
    streaks = np.clip(across - beside, -80, 80) * -0.07
    shaped = 0.012 * rim + streaks - 0.01 * across
    tissue = cv2.resize((image > -300).astype(np.float32), small.shape[::-1], interpolation=cv2.INTER_AREA)
    return cv2.resize(shaped * tissue, image.shape[::-1], interpolation=cv2.INTER_LINEAR)
