"""What stands around a monitor: wall, desk, stand, and things on them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Draw = Callable[[np.ndarray, int, float, np.random.Generator], None]
"""Draws into a canvas that is three monitors wide and high, the monitor in its middle; the desk begins at a row;
light that a white wall sends
back; chance."""


def draw_surroundings(
    size: tuple[int, int], ambient: np.ndarray, things: tuple[str, ...], rng: np.random.Generator
) -> np.ndarray:
    """Draw what lies behind and below a monitor, as linear light.

    Parameters
    ----------
    size : tuple of int
        Width and height of the canvas; the monitor is its middle third both ways.
    ambient : numpy.ndarray
        Red, green and blue of the light that a white wall sends back.
    things : tuple of str
        Kinds of `THINGS`.
    rng : numpy.random.Generator
        Of all that is drawn.

    Returns
    -------
    numpy.ndarray
        float32 ``(height, width, 3)``.
    """
    width, height = size
    wall = rng.uniform(0.3, 0.85) * (1 + rng.uniform(-0.06, 0.06, 3))
    left, right = rng.uniform(0.6, 1.2, 2)
    shade = np.linspace(1.15, 0.7, height)[:, None, None] * np.linspace(left, right, width)[None, :, None]
    canvas = (shade * wall).astype(np.float32)
    desk = int(height * rng.uniform(0.7, 0.78))
    _desk(canvas, desk, rng)
    light = float(ambient.mean())
    for thing in things:
        THINGS[thing](canvas, desk, light, rng)
    grain = rng.normal(1, 0.02, (height // 2 + 1, width // 2 + 1)).astype(np.float32)
    canvas *= cv2.resize(grain, (width, height))[:, :, None]
    return cv2.GaussianBlur(canvas, (0, 0), 0.8) * ambient


def _box(
    canvas: np.ndarray, x: float, y: float, width: float, height: float, colour: tuple[float, float, float]
) -> None:
    cv2.rectangle(canvas, (int(x), int(y)), (int(x + width), int(y + height)), colour, -1)


def _desk(canvas: np.ndarray, desk: int, rng: np.random.Generator) -> None:
    """Desk with grain, the monitor's stand on it, and the shadow of both."""
    height, width = canvas.shape[:2]
    colour = rng.uniform(0.1, 0.6) * np.array([1, rng.uniform(0.75, 1), rng.uniform(0.5, 1)])
    grain = cv2.GaussianBlur(rng.normal(0, 1, (height - desk, width)).astype(np.float32), (0, 0), sigmaX=25, sigmaY=0.7)
    canvas[desk:] = colour * (1 + 0.4 * grain[:, :, None]) * np.linspace(0.75, 1.2, height - desk)[:, None, None]
    dark = float(rng.choice((0.02, 0.05, 0.4)))
    foot, neck = width * rng.uniform(0.06, 0.12), width * rng.uniform(0.02, 0.05)
    low = desk + int(height * 0.03)
    shadow = np.zeros((height, width), np.float32)
    cv2.ellipse(shadow, (width // 2, low), (int(foot * 1.4), int(height * 0.03)), 0, 0, 360, 0.6, -1)
    canvas *= 1 - cv2.GaussianBlur(shadow, (0, 0), 6)[:, :, None]
    _box(canvas, width / 2 - neck, height * 0.6, 2 * neck, low - height * 0.6, (dark, dark, dark))
    cv2.ellipse(canvas, (width // 2, low), (int(foot), int(height * 0.018)), 0, 0, 360, (1.4 * dark,) * 3, -1)


def _monitor(canvas: np.ndarray, desk: int, light: float, rng: np.random.Generator) -> None:
    """Another monitor beside this one, lit: a work list, a report, or black."""
    height, width = canvas.shape[:2]
    side = width // 3
    x = int(rng.choice([-0.05, 2.06]) * side + rng.normal(0, 4))
    top = int(height * rng.uniform(0.3, 0.36))
    _box(canvas, x - 3, top - 3, side + 6, desk - 5 - top, (0.02, 0.02, 0.02))
    glow = float(rng.uniform(0.3, 1.0)) / max(light, 1e-3)  # its light does not come from the room
    paper = ((0.1, 0.12, 0.2), (0.8, 0.85, 0.9), (0.03, 0.03, 0.03))[rng.integers(3)]
    _box(canvas, x, top, side, desk - 11 - top, (glow * paper[0], glow * paper[1], glow * paper[2]))
    for _ in range(rng.integers(2, 9)):
        shade = float(rng.uniform(0, 0.8) * glow)
        left, y = x + rng.uniform(0, 0.7) * side, rng.uniform(top, max(desk - 80, top + 1))
        _box(canvas, left, y, side * rng.uniform(0.1, 0.3), rng.uniform(4, 60), (shade, shade, shade))


def _keyboard(canvas: np.ndarray, desk: int, light: float, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    x, y = width * rng.uniform(0.33, 0.45), desk + (height - desk) * rng.uniform(0.12, 0.3)
    body, key = (0.03, 0.06) if rng.random() < 0.7 else (0.6, 0.8)
    across, down = width * 0.2, (height - desk) * 0.5
    _box(canvas, x, y, across, down, (body, body, body))
    for row in range(5):
        for column in range(16):
            left, top = x + 3 + column * (across - 4) / 16, y + 2 + row * (down - 3) / 5
            _box(canvas, left, top, across / 16 - 3, down / 5 - 3, (key, key, key))
    mouse = (int(x + across * 1.15), int(y + down / 2))
    cv2.ellipse(canvas, mouse, (int(width * 0.012), int(width * 0.02)), 0, 0, 360, (body, body, body), -1)


def _papers(canvas: np.ndarray, desk: int, light: float, rng: np.random.Generator) -> None:
    """Sheets on the desk, notes and a poster on the wall, with lines of writing."""
    height, width = canvas.shape[:2]
    for _ in range(rng.integers(1, 5)):
        x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(desk + 5, height)
        across, down, turn = float(rng.uniform(25, 70)), float(rng.uniform(20, 60)), float(rng.uniform(-20, 20))
        if rng.random() < 0.5:
            x, y, turn = rng.choice([0.25, 0.3, 0.7, 0.76]) * width, rng.uniform(0.2, 0.6) * height, turn / 5
        shade = rng.uniform(0.6, 0.95)
        paper = (shade, shade, shade * float(rng.choice((1.0, 0.95, 0.4))))
        cv2.fillPoly(canvas, [cv2.boxPoints(((x, y), (across, down), turn)).astype(np.int32)], paper)
        for line in range(int(down / 7)):
            at = int(y - down / 2 + 6 + 6 * line)
            cv2.line(
                canvas,
                (int(x - across * 0.38), at),
                (int(x + across * rng.uniform(0.0, 0.38)), at),
                (0.2, 0.2, 0.22),
                1,
            )


def _window(canvas: np.ndarray, desk: int, light: float, rng: np.random.Generator) -> None:
    """A bright window in view, behind the monitor."""
    height, width = canvas.shape[:2]
    x, span = int(rng.choice([0.02, 0.7]) * width), int(rng.uniform(0.15, 0.28) * width)
    y, down = int(rng.uniform(0, 0.2) * height), int(rng.uniform(0.3, 0.45) * height)
    bright = float(rng.uniform(3, 8))
    _box(canvas, x, y, span, down, (0.9 * bright, bright, 1.1 * bright))
    for part in (1, 2):
        cv2.line(canvas, (x + part * span // 3, y), (x + part * span // 3, y + down), (0.5, 0.5, 0.5), 3)


def _shelf(canvas: np.ndarray, desk: int, light: float, rng: np.random.Generator) -> None:
    """Boards with binders of many colours."""
    height, width = canvas.shape[:2]
    for board in range(rng.integers(1, 4)):
        y, x = height * (0.2 + 0.15 * board), width * rng.uniform(0, 0.2)
        end = width * rng.uniform(0.6, 1)
        _box(canvas, x, y, end - x, 4, (0.25, 0.18, 0.1))
        while x < end:
            across, up = float(rng.integers(6, 20)), rng.uniform(0.06, 0.12) * height
            red, green, blue = (float(value) for value in rng.uniform(0.05, 0.5) * rng.uniform(0.5, 1, 3))
            _box(canvas, x, y - up, across, up, (red, green, blue))
            x += across + 1


def _gantry(canvas: np.ndarray, desk: int, light: float, rng: np.random.Generator) -> None:
    """The control room's pane, and the scanner behind it."""
    height, width = canvas.shape[:2]
    top, bottom = int(height * rng.uniform(0.05, 0.15)), int(height * rng.uniform(0.5, 0.6))
    _box(canvas, width * 0.02, top, width * 0.96, bottom - top, (1.2, 1.25, 1.3))
    middle, radius = (int(width * rng.choice([0.2, 0.8])), (top + bottom) // 2), int((bottom - top) * 0.4)
    cv2.circle(canvas, middle, radius, (0.85, 0.87, 0.9), -1)
    cv2.circle(canvas, middle, radius // 2, (0.12, 0.12, 0.13), -1)
    cv2.rectangle(canvas, (int(width * 0.02), top), (int(width * 0.98), bottom), (0.3, 0.3, 0.3), 5)


def _clutter(canvas: np.ndarray, desk: int, light: float, rng: np.random.Generator) -> None:
    """Whatever else stands or hangs there: boxes, frames, discs and cables of any colour, some of them lit."""
    height, width = canvas.shape[:2]
    for _ in range(rng.integers(1, 9)):
        # what shines does not take its light from the room
        lit = float(rng.uniform(0.3, 1.0)) / max(light, 1e-3) if rng.random() < 0.1 else 1.0
        red, green, blue = (float(value) * lit for value in rng.uniform(0.02, 0.95) * rng.uniform(0.4, 1, 3))
        x, y = rng.uniform(-0.05, 1.05) * width, rng.uniform(0, 1) * height
        across, down = rng.uniform(0.01, 0.3) * width, rng.uniform(0.01, 0.3) * height
        kind = rng.integers(4)
        if kind == 0:
            _box(canvas, x, y, across, down, (red, green, blue))
        elif kind == 1:
            edge = (int(x), int(y)), (int(x + across), int(y + down))
            cv2.rectangle(canvas, *edge, (red, green, blue), int(rng.integers(1, 12)))
        elif kind == 2:
            axes = (int(across / 2), int(down / 2))
            cv2.ellipse(canvas, (int(x), int(y)), axes, rng.uniform(0, 180), 0, 360, (red, green, blue), -1)
        else:
            bends = (np.array([x, y]) + np.cumsum(rng.normal(0, 0.04 * width, (12, 2)), axis=0)).astype(np.int32)
            cv2.polylines(canvas, [bends], False, (red, green, blue), int(rng.integers(1, 5)))


def _curtain(canvas: np.ndarray, desk: int, light: float, rng: np.random.Generator) -> None:
    """A curtain in folds, before a part of the wall or all of it."""
    width = canvas.shape[1]
    start, end = sorted(int(at) for at in rng.uniform(-0.1, 1.1, 2) * width)
    columns = slice(max(start, 0), max(end, 1))
    folds = np.arange(width)[columns] / rng.uniform(12, 40)
    colour = rng.uniform(0.2, 0.8) * rng.uniform(0.5, 1, 3)
    canvas[:desk, columns] = ((1 + 0.4 * np.sin(folds + np.sin(0.3 * folds)))[:, None] * colour)[None]


def _whiteboard(canvas: np.ndarray, desk: int, light: float, rng: np.random.Generator) -> None:
    """A white board with writing in a few colours."""
    height, width = canvas.shape[:2]
    x, y = rng.uniform(0, 0.5) * width, rng.uniform(0.02, 0.2) * height
    across, down = rng.uniform(0.25, 0.5) * width, rng.uniform(0.2, 0.35) * height
    _box(canvas, x - 4, y - 4, across + 8, down + 8, (0.45, 0.45, 0.47))
    _box(canvas, x, y, across, down, (0.92, 0.93, 0.95))
    for line in range(int(down / 14)):
        ink = ((0.05, 0.05, 0.4), (0.5, 0.05, 0.05), (0.05, 0.3, 0.1))[rng.integers(3)]
        steps = int(rng.integers(4, 30))
        bends = np.array([x + 10, y + 12 + 14 * line]) + np.stack(
            [np.arange(steps) * across / 34, rng.uniform(-5, 5, steps)], axis=1
        )
        cv2.polylines(canvas, [bends.astype(np.int32)], False, ink, 2)


THINGS: dict[str, Draw] = {
    "monitor": _monitor,
    "keyboard": _keyboard,
    "papers": _papers,
    "window": _window,
    "clutter": _clutter,
    "shelf": _shelf,
    "gantry": _gantry,
    "curtain": _curtain,
    "whiteboard": _whiteboard,
}
"""Kinds of things; those further off stand first in a family."""
