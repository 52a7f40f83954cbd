"""The room: what stands around the monitor, what its glass reflects, and what lies on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

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
        What is reflected: kinds of `_REFLECTIONS`.
    strength : float
        Light of the brightest reflection as a share of the panel's white.
    dust : int
        Number of specks.
    fingerprints : int
        Number of them.
    things : tuple of str
        What stands around: kinds of `_THINGS`.
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
        float32 ``(rows, columns, 3)``: three panels wide and high, the monitor in the middle, one pixel to `SURROUNDINGS_SCALE` of the panel's.
    reflection : numpy.ndarray
        float32 ``(rows, columns, 3)``: what the panel's glass adds, one pixel to `REFLECTION_SCALE`.
    surface : numpy.ndarray
        float32 ``(rows, columns, 2)``: transmission, and share of the light around that dirt scatters; one pixel to `SURFACE_SCALE`.
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
    return Layers(
        surroundings=_surroundings(room, panel, rng),
        reflection=_reflection(room, panel, rng),
        surface=_surface(room, panel, rng),
        room=room,
    )


def _surroundings(room: Room, panel: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    width, height = (3 * side // SURROUNDINGS_SCALE for side in panel)
    light = room.ambient * tint(room.warmth)
    wall = rng.uniform(0.3, 0.85) * (1 + rng.uniform(-0.06, 0.06, 3))
    canvas = np.empty((height, width, 3), np.float32)
    shade = np.linspace(1.15, 0.7, height)[:, None, None] * np.linspace(*rng.uniform(0.7, 1.2, 2), width)[None, :, None]
    canvas[:] = shade * wall
    desk = int(height * rng.uniform(0.7, 0.78))
    canvas[desk:] = rng.uniform(0.1, 0.6) * np.array([1, rng.uniform(0.75, 1), rng.uniform(0.5, 1)])
    for thing in room.things:
        _THINGS[thing](canvas, desk, rng)
    grain = rng.normal(1, 0.03, (height // 2 + 1, width // 2 + 1)).astype(np.float32)
    canvas *= cv2.resize(grain, (width, height))[:, :, None]
    return cv2.GaussianBlur(canvas, (0, 0), 0.8) * light


def _monitor(canvas: np.ndarray, desk: int, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    side = width // 3
    x = int(rng.choice([-0.05, 2.06]) * side + rng.normal(0, 4))
    top = int(height * rng.uniform(0.3, 0.36))
    cv2.rectangle(canvas, (x - 3, top - 3), (x + side + 3, desk - 8), (0.02, 0.02, 0.02), -1)
    glow = rng.uniform(0.5, 3.0)
    kind = rng.integers(3)
    colour = [(0.1, 0.12, 0.2), (0.8, 0.85, 0.9), (0.03, 0.03, 0.03)][kind]
    cv2.rectangle(canvas, (x, top), (x + side, desk - 11), tuple(glow * c for c in colour), -1)
    for _ in range(rng.integers(2, 9)):
        left, y = int(x + rng.uniform(0, 0.7) * side), int(rng.uniform(top, desk - 40))
        shade = float(rng.uniform(0, 0.8) * glow)
        cv2.rectangle(
            canvas,
            (left, y),
            (left + int(side * rng.uniform(0.1, 0.3)), y + int(rng.integers(4, 60))),
            (shade,) * 3,
            -1,
        )


def _keyboard(canvas: np.ndarray, desk: int, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    x, y = int(width * rng.uniform(0.33, 0.45)), desk + int((height - desk) * rng.uniform(0.1, 0.3))
    body, key = (0.03, 0.06) if rng.random() < 0.7 else (0.6, 0.8)
    across, down = int(width * 0.2), int((height - desk) * 0.5)
    cv2.rectangle(canvas, (x, y), (x + across, y + down), (body,) * 3, -1)
    for row in range(5):
        for column in range(16):
            left, top = x + 3 + column * (across - 4) // 16, y + 2 + row * (down - 3) // 5
            cv2.rectangle(canvas, (left, top), (left + across // 16 - 3, top + down // 5 - 3), (key,) * 3, -1)


def _papers(canvas: np.ndarray, desk: int, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    for _ in range(rng.integers(1, 4)):
        x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(desk + 5, height)
        if rng.random() < 0.4:
            x, y = rng.choice([0.28, 0.72]) * width, rng.uniform(0.25, 0.6) * height
        box = cv2.boxPoints(
            ((x, y), (float(rng.uniform(25, 70)), float(rng.uniform(20, 60))), float(rng.uniform(-20, 20)))
        )
        cv2.fillPoly(canvas, [box.astype(np.int32)], (0.85, 0.85, 0.82))


def _window(canvas: np.ndarray, desk: int, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    x, span = int(rng.choice([0.02, 0.7]) * width), int(rng.uniform(0.15, 0.28) * width)
    y, down = int(rng.uniform(0, 0.2) * height), int(rng.uniform(0.3, 0.45) * height)
    cv2.rectangle(
        canvas, (x, y), (x + span, y + down), tuple(float(v) for v in rng.uniform(4, 9) * np.array([0.9, 1, 1.1])), -1
    )
    for part in (1, 2):
        cv2.line(canvas, (x + part * span // 3, y), (x + part * span // 3, y + down), (0.5, 0.5, 0.5), 3)


def _shelf(canvas: np.ndarray, desk: int, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    y, x = int(rng.uniform(0.1, 0.25) * height), int(rng.uniform(0, 0.3) * width)
    while x < width * rng.uniform(0.5, 1):
        across, up = int(rng.integers(6, 20)), int(rng.uniform(0.06, 0.12) * height)
        cv2.rectangle(canvas, (x, y - up), (x + across, y), tuple(float(v) for v in rng.uniform(0.05, 0.7, 3)), -1)
        x += across + 1


_THINGS = {"monitor": _monitor, "keyboard": _keyboard, "papers": _papers, "window": _window, "shelf": _shelf}


def _reflection(room: Room, panel: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    width, height = (side // REFLECTION_SCALE + 2 for side in panel)
    canvas = np.zeros((height, width, 3), np.float32)
    for kind in room.reflections:
        _REFLECTIONS[kind](canvas, rng)
    colour = tint(room.warmth)
    sigma = max(room.gloss * width, 0.4)
    haze = cv2.GaussianBlur(canvas, (0, 0), sigma)
    return room.strength * haze * colour + room.veil * room.ambient * colour


def _lamp(canvas: np.ndarray, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    middle = (int(rng.uniform(0, 1) * width), int(rng.uniform(-0.1, 0.8) * height))
    cv2.circle(canvas, middle, int(width * rng.uniform(0.015, 0.05)), (1.0, 0.95, 0.85), -1)


def _tubes(canvas: np.ndarray, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    x, y = rng.uniform(0, 0.8) * width, rng.uniform(0, 0.5) * height
    for number in range(rng.integers(1, 4)):
        top = y + number * height * 0.12
        slant = rng.uniform(-0.05, 0.05) * width
        corners = np.array(
            [
                [x, top],
                [x + 0.4 * width, top + slant],
                [x + 0.4 * width, top + slant + 0.02 * height],
                [x, top + 0.02 * height],
            ]
        )
        cv2.fillPoly(canvas, [corners.astype(np.int32)], (0.9, 1.0, 1.0))


def _bright_window(canvas: np.ndarray, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    x, y = rng.uniform(-0.1, 0.8) * width, rng.uniform(-0.2, 0.5) * height
    across, down, lean = width * rng.uniform(0.15, 0.35), height * rng.uniform(0.3, 0.6), rng.uniform(-0.1, 0.1) * width
    corners = np.array([[x, y], [x + across, y], [x + across + lean, y + down], [x + lean, y + down]])
    cv2.fillPoly(canvas, [corners.astype(np.int32)], (0.55, 0.6, 0.7))
    cv2.line(
        canvas,
        tuple(int(v) for v in (corners[0] + corners[1]) / 2),
        tuple(int(v) for v in (corners[2] + corners[3]) / 2),
        (0.05,) * 3,
        2,
    )


def _person(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Draw who takes the photo: a body lit from the screen before the room, the telephone held up."""
    height, width = canvas.shape[:2]
    canvas += np.float32(rng.uniform(0.05, 0.15))
    x, y = int(rng.uniform(0.3, 0.7) * width), int(rng.uniform(0.35, 0.6) * height)
    head, shirt = int(height * rng.uniform(0.09, 0.15)), float(rng.uniform(0.01, 0.3))
    cv2.ellipse(
        canvas, (x, y + int(4.2 * head)), (int(2.4 * head), int(3 * head)), 0, 0, 360, (shirt, shirt, shirt * 1.05), -1
    )
    cv2.ellipse(canvas, (x, y), (int(head * 0.8), head), 0, 0, 360, (0.09, 0.06, 0.05), -1)
    cv2.ellipse(canvas, (x, y - head // 3), (int(head * 0.85), int(head * 0.75)), 0, 180, 360, (0.01, 0.01, 0.01), -1)
    if rng.random() < 0.6:
        cv2.rectangle(
            canvas, (x + head // 2, y - head // 3), (x + head // 2 + int(0.6 * head), y + head), (0.005,) * 3, -1
        )


def _blinds(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Draw daylight through venetian blinds: many thin bright bars."""
    height, width = canvas.shape[:2]
    x, across = rng.uniform(-0.1, 0.6) * width, rng.uniform(0.2, 0.5) * width
    for number in range(rng.integers(8, 18)):
        y = number * height * 0.05 + rng.uniform(0, 2)
        cv2.line(
            canvas,
            (int(x), int(y)),
            (int(x + across), int(y + 0.05 * across)),
            (0.7, 0.75, 0.8),
            max(int(height * 0.02), 1),
        )


def _downlights(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a grid of small ceiling lights."""
    height, width = canvas.shape[:2]
    for row in range(3):
        for column in range(5):
            middle = (int((column + 0.5 + 0.1 * row) * width / 5), int((0.06 + 0.14 * row) * height))
            cv2.circle(canvas, middle, max(int(width * 0.008), 1), (1.0, 0.9, 0.75), -1)


def _other_screen(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Draw the reflection of a lit screen across the room, with windows on it."""
    height, width = canvas.shape[:2]
    x, y = int(rng.uniform(0, 0.6) * width), int(rng.uniform(0.1, 0.6) * height)
    cv2.rectangle(canvas, (x, y), (x + int(0.3 * width), y + int(0.3 * height)), (0.3, 0.4, 0.6), -1)
    cv2.rectangle(
        canvas,
        (x + int(0.03 * width), y + int(0.05 * height)),
        (x + int(0.17 * width), y + int(0.25 * height)),
        (0.9, 0.9, 0.9),
        -1,
    )


_REFLECTIONS = {
    "lamp": _lamp,
    "tubes": _tubes,
    "window": _bright_window,
    "person": _person,
    "blinds": _blinds,
    "downlights": _downlights,
    "other_screen": _other_screen,
}


def _surface(room: Room, panel: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    width, height = (side // SURFACE_SCALE + 2 for side in panel)
    through, haze = np.ones((height, width), np.float32), np.zeros((height, width), np.float32)
    for x, y, size in zip(
        rng.uniform(0, width, room.dust), rng.uniform(0, height, room.dust), rng.exponential(0.7, room.dust)
    ):
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
