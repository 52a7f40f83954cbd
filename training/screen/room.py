"""The room: what stands around the monitor, what its glass reflects, and what lies on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.screen.reflections import draw_reflections
from training.screen.surroundings import draw_surroundings

SURROUNDINGS_SCALE, REFLECTION_SCALE, SURFACE_SCALE = 6, 8, 2
"""Panel pixels to a pixel of each canvas."""


@dataclass(frozen=True)
class Room:
    """One room, as drawn from a family.

    Parameters
    ----------
    ambient : float
        Light of a white wall as a share of the panel's white.
    warmth : float
        Of the room's light: above 0 warm, below cold.
    bezel : tuple of float
        Reflectance of red, green and blue of the monitor's frame.
    bezel_width : float
        As a share of the panel's width.
    gloss : float
        Width of the reflections' blur as a share of the panel's width: 0.002 a glossy screen, 0.05 a matte one.
    veil : float
        Share of the room's light that the screen scatters everywhere.
    reflections : tuple of str
        What is reflected: kinds of `training.screen.reflections.REFLECTIONS`.
    strength : float
        Light of the brightest reflection as a share of the panel's white.
    dust : int
        Number of specks.
    fingerprints : int
        Number of them.
    things : tuple of str
        What stands around: kinds of `training.screen.surroundings.THINGS`.
    """

    ambient: float
    warmth: float
    bezel: tuple[float, float, float]
    bezel_width: float
    gloss: float
    veil: float
    reflections: tuple[str, ...]
    strength: float
    dust: int
    fingerprints: int
    things: tuple[str, ...]


@dataclass(frozen=True)
class Layers:
    """A room drawn in the plane of a panel, in linear light.

    Parameters
    ----------
    surroundings : numpy.ndarray
        float32 ``(rows, columns, 3)``: three panels wide and high, the monitor in the middle, one pixel to
        `SURROUNDINGS_SCALE` of the panel's.
    reflection : numpy.ndarray
        float32 ``(rows, columns, 3)``: what the panel's glass adds, one pixel to `REFLECTION_SCALE`.
    surface : numpy.ndarray
        float32 ``(rows, columns, 2)``: transmission, and share of the light around that dirt scatters; one pixel to
        `SURFACE_SCALE`.
    room : Room
        What was drawn.
    """

    surroundings: np.ndarray
    reflection: np.ndarray
    surface: np.ndarray
    room: Room


def tint(warmth: float) -> np.ndarray:
    """Red, green and blue of the room's light."""
    return np.array([1 + warmth, 1.0, 1 - warmth], np.float32)


def furnish(room: Room, panel: tuple[int, int], rng: np.random.Generator) -> Layers:
    """Draw a room around a panel of some width and height in pixels."""
    width, height = panel
    colour = tint(room.warmth)
    around = (3 * width // SURROUNDINGS_SCALE, 3 * height // SURROUNDINGS_SCALE)
    mirror = (width // REFLECTION_SCALE + 2, height // REFLECTION_SCALE + 2)
    seen = draw_reflections(mirror, room.reflections, room.gloss, rng)
    return Layers(
        surroundings=draw_surroundings(around, room.ambient * colour, room.things, rng),
        reflection=(room.strength * seen + room.veil * room.ambient) * colour,
        surface=_surface(room, panel, rng),
        room=room,
    )


def _surface(room: Room, panel: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    width, height = (side // SURFACE_SCALE + 2 for side in panel)
    through, haze = np.ones((height, width), np.float32), np.zeros((height, width), np.float32)
    places = rng.random((room.dust, 2)) * (width, height)
    for (x, y), size in zip(places, rng.exponential(0.7, room.dust), strict=True):
        cv2.circle(through, (int(x), int(y)), int(size), float(rng.uniform(0.55, 0.9)), -1)
        cv2.circle(haze, (int(x), int(y)), int(size), float(rng.uniform(0.02, 0.1)), -1)
    for _ in range(room.fingerprints):
        _fingerprint(haze, rng)
    return np.dstack([cv2.GaussianBlur(through, (0, 0), 0.7), cv2.GaussianBlur(haze, (0, 0), 0.7)])


def _fingerprint(haze: np.ndarray, rng: np.random.Generator) -> None:
    size = int(haze.shape[1] * rng.uniform(0.02, 0.035))
    y, x = np.mgrid[-size : size + 1, -size : size + 1].astype(np.float32)
    oval = np.clip(1.2 - np.hypot(x / 0.75, y) / size, 0, 1)
    ridges = 0.5 + 0.5 * np.sin(2 * np.pi * np.hypot(x, y - 0.4 * size) / max(size / 7, 3))
    print_ = (oval * ridges * rng.uniform(0.02, 0.08)).astype(np.float32)
    top, left = (int(rng.integers(0, max(side - 2 * size - 1, 1))) for side in haze.shape)
    place = haze[top : top + 2 * size + 1, left : left + 2 * size + 1]
    place += print_[: place.shape[0], : place.shape[1]]
