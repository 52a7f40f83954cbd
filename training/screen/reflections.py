"""What a screen reflects: lamps, windows, people."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np


def draw_reflections(
    size: tuple[int, int], kinds: tuple[str, ...], gloss: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw what is seen in a screen as in a mirror, blurred by its surface.

    Parameters
    ----------
    size : tuple of int
        Width and height of the canvas, which is the screen.
    kinds : tuple of str
        Kinds of `REFLECTIONS`.
    gloss : float
        Standard deviation of the blur as a share of the width: 0.002 a glossy screen, 0.05 a matte one.
    rng : numpy.random.Generator
        Of all that is drawn.

    Returns
    -------
    numpy.ndarray
        float32 ``(height, width, 3)``; 1 is the brightest lamp.
    """
    width, height = size
    canvas = np.zeros((height, width, 3), np.float32)
    for kind in kinds:
        REFLECTIONS[kind](canvas, rng)
    return cv2.GaussianBlur(canvas, (0, 0), max(gloss * width, 0.4))


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


def _ceiling(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a ceiling of square panels, one or two of them lit."""
    height, width = canvas.shape[:2]
    side = width * rng.uniform(0.18, 0.3)
    x, y = rng.uniform(-0.1, 0.6) * width, rng.uniform(-0.2, 0.3) * height
    for number in range(rng.integers(1, 3)):
        left, top = int(x + 1.5 * number * side), int(y)
        cv2.rectangle(canvas, (left, top), (left + int(side), top + int(0.8 * side)), (0.5, 0.52, 0.55), -1)
        for part in (1, 2):
            at = left + int(part * side / 3)
            cv2.line(canvas, (at, top), (at, top + int(0.8 * side)), (0.2, 0.2, 0.22), 3)


def _door(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a door that stands open onto a lit corridor, and somebody in it."""
    height, width = canvas.shape[:2]
    x, across = rng.uniform(0.05, 0.8) * width, rng.uniform(0.06, 0.16) * width
    top, bottom = rng.uniform(0.0, 0.25) * height, rng.uniform(0.8, 1.05) * height
    corners = [[x, top], [x + across, top + 0.05 * height], [x + across, bottom - 0.06 * height], [x, bottom]]
    cv2.fillPoly(canvas, [np.array(corners).astype(np.int32)], (0.6, 0.55, 0.45))
    middle = (int(x + across / 2), int(0.55 * (top + bottom)))
    cv2.ellipse(canvas, middle, (int(0.25 * across), int(0.3 * (bottom - top))), 0, 0, 360, (0.05, 0.05, 0.06), -1)


def _coats(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Draw colleagues in white who look over one's shoulder."""
    height, width = canvas.shape[:2]
    for _ in range(rng.integers(1, 4)):
        x, y = int(rng.uniform(0, 1) * width), int(rng.uniform(0.3, 0.5) * height)
        head, light = int(height * rng.uniform(0.07, 0.11)), float(rng.uniform(0.15, 0.4))
        shoulders = np.array(
            [[x - 2 * head, height], [x - head, y + head], [x + head, y + head], [x + 2 * head, height]]
        )
        cv2.fillPoly(canvas, [shoulders.astype(np.int32)], (light, light, 1.05 * light))
        cv2.ellipse(canvas, (x, y), (int(0.75 * head), head), 0, 0, 360, (0.12, 0.08, 0.06), -1)


REFLECTIONS: dict[str, Callable[[np.ndarray, np.random.Generator], None]] = {
    "lamp": _lamp,
    "tubes": _tubes,
    "window": _bright_window,
    "person": _person,
    "blinds": _blinds,
    "downlights": _downlights,
    "other_screen": _other_screen,
    "ceiling": _ceiling,
    "door": _door,
    "coats": _coats,
}
"""Kinds of what is reflected."""
