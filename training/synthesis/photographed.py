"""What is left of a screen's photograph once the appliance has found, flattened and restored it, drawn in milliseconds.

The whole way, from panel to restored slice, is simulated in `training.screen`, and is too slow to be gone for every
sample. This draws its remains on any slice, also on one with a simulated bleed: fields of black and white that did not
fit, a tone curve, reflections, moire, blur, grain and compression.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.synthesis.display import compressed
from training.synthesis.head_slice import blur, grid, smooth_noise

GAMMA = 2.2
"""From grey levels to light, in which reflections add up."""


def as_photographed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the remains of a photograph on a slice.

    Parameters
    ----------
    picture : numpy.ndarray
        float32, shape ``(side, side)``, grey levels between 0 and 1.
    rng : numpy.random.Generator
        Source of all randomness.

    Returns
    -------
    numpy.ndarray
        float32, same shape, between 0 and 1.
    """
    strength = float(rng.uniform(0.2, 1.0))
    picture = _toned(picture, rng, strength)
    if rng.random() < 0.8:
        picture = _lit(picture, rng, strength)
    if rng.random() < 0.7:
        picture = _blurred(picture, rng, strength)
    if rng.random() < 0.6:
        picture = picture + _moire(len(picture), rng) * (strength * rng.uniform(0.01, 0.06)) * (0.3 + picture)
    picture = picture + _grain(len(picture), rng) * strength * rng.uniform(0, 0.04) * (0.4 + picture)
    if rng.random() < 0.4:
        picture = picture + rng.uniform(0.2, 1.0) * (picture - blur(picture, rng.uniform(0.7, 1.6)))
    grey = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:
        grey = compressed(grey, int(rng.integers(30, 95)))
    return grey.astype(np.float32) / 255


def _toned(picture: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """A tone curve: a power and an S, which leave black and white where they are."""
    picture = picture ** float(np.exp(rng.normal(0, 0.15 * strength)))
    share = strength * rng.uniform(-0.2, 0.5)
    return np.asarray((1 - share) * picture + share * picture * picture * (3 - 2 * picture), dtype=np.float32)


def _lit(picture: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Uneven light that the fitted fields left over, and now and then a lamp."""
    side = len(picture)
    light = picture**GAMMA * (1 + 0.08 * strength * smooth_noise(rng, side, 3))
    light = light + 0.012 * strength * smooth_noise(rng, side, 4)
    if rng.random() < 0.3:
        ys, xs = grid(side)
        x, y = rng.uniform(0.1, 0.9, 2) * side
        across, along = np.exp(rng.uniform(np.log(0.04), np.log(0.3), 2)) * side
        turn = rng.uniform(0, np.pi)
        dx, dy = xs - x, ys - y
        lamp = ((np.cos(turn) * dx + np.sin(turn) * dy) / across) ** 2
        lamp = lamp + ((np.cos(turn) * dy - np.sin(turn) * dx) / along) ** 2
        light = light + strength * rng.uniform(0, 0.12) * np.exp(-0.5 * lamp)
    return np.asarray(np.clip(light, 0, 1) ** (1 / GAMMA), dtype=np.float32)


def _blurred(picture: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Out of focus, and moved along a line."""
    picture = blur(picture, max(0.3, strength * rng.uniform(0.3, 1.5)))
    if rng.random() < 0.3:
        length = int(rng.integers(2, 5))
        kernel = np.zeros((length * 2 + 1, length * 2 + 1), np.float32)
        turn = rng.uniform(0, np.pi)
        end = (round(length + length / 2 * np.cos(turn)), round(length + length / 2 * np.sin(turn)))
        cv2.line(kernel, (2 * length - end[0], 2 * length - end[1]), end, 1.0, 1)
        picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    return picture


def _moire(side: int, rng: np.random.Generator) -> np.ndarray:
    """Gratings that bend, with periods of 2.5 to 50 pixels: the beat of two grids, seen through a lens."""
    ys, xs = grid(side)
    bend = smooth_noise(rng, side, 3) * rng.uniform(0, 12)
    pattern = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        period = float(np.exp(rng.uniform(np.log(2.5), np.log(50))))
        turn = rng.uniform(0, np.pi)
        phase = (np.cos(turn) * xs + np.sin(turn) * ys + bend) / period + rng.random()
        pattern += np.sin(2 * np.pi * phase).astype(np.float32) * (
            0.5 + 0.5 * np.clip(smooth_noise(rng, side, 3), -1, 1)
        )
    return pattern


def _grain(side: int, rng: np.random.Generator) -> np.ndarray:
    """Sensor noise of a variance of 1, fine or smeared by demosaicing and noise reduction."""
    noise = rng.standard_normal((side, side), dtype=np.float32)
    if rng.random() < 0.6:
        noise = blur(noise, rng.uniform(0.4, 1.2))
        noise /= noise.std()
    return noise
