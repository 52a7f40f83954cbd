"""Looks of viewers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Look:
    """How a viewer looks."""

    name: str
    face: Colour
    ink: Colour
    pane: Colour
    empty: Colour
    line: Colour | None
    gap: int
    text: Colour


def furniture(
    canvas: np.ndarray, look: Look, rng: np.random.Generator, pictures: np.ndarray, window: tuple[float, float]
) -> tuple[int, int, int, int]:
    """Draw all around the pane and return the pane."""
    height, width = canvas.shape[:2]
    canvas[:] = look.face
    bar, side = int(height * 0.06), int(width * 0.12)
    for number in range(14):
        x = 10 + number * bar
        cv2.rectangle(canvas, (x, 6), (x + bar - 12, bar - 8), tuple(int(v) for v in rng.integers(60, 200, 3)), -1)
    cv2.putText(canvas, "SUZUKI TARO  ID 0012345  M 67Y", (side + 10, bar + 18), 0, 0.5, look.ink, 1, cv2.LINE_AA)
    for number in range(5):
        y = bar + 10 + number * (side + 10)
        if y + side < height and len(pictures):
            canvas[y : y + side - 20, 10 : side - 10] = cv2.resize(
                pictures[number % len(pictures)], (side - 20, side - 20)
            )[:, :, None]
    return side, bar + 28, width - side - 6, height - bar - 34


def overlay(
    canvas: np.ndarray,
    box: tuple[int, int, int, int],
    look: Look,
    rng: np.random.Generator,
    window: tuple[float, float],
    number: int,
    total: int,
    grid: tuple[int, int],
    place: int,
) -> None:
    """Write into a cell's corners."""
    x, y, width, height = box
    scale = max(height / 900, 0.3)
    for line, text in enumerate((f"Im: {number + 1}/{total}", f"W {window[0]:.0f} L {window[1]:.0f}")):
        cv2.putText(canvas, text, (x + 4, y + int((line + 1) * 30 * scale)), 0, scale, look.text, 1, cv2.LINE_AA)


LOOKS = {
    "workstation": Look(
        "workstation", (40, 42, 46), (200, 200, 200), (0, 0, 0), (0, 0, 0), (70, 70, 70), 2, (230, 230, 230)
    ),
    "windows": Look("windows", (236, 233, 216), (0, 0, 0), (0, 0, 0), (0, 0, 0), (160, 160, 160), 2, (255, 255, 255)),
}
"""Viewers by name."""
