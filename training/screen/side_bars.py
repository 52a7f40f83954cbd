"""Bars beside the pictures: series, trees, buttons, forms, reports."""

from __future__ import annotations

import cv2
import numpy as np

from training.screen.brush import Box, Brush, draw_icon, shaded

BUTTONS = (
    "Window",
    "Zoom",
    "Pan",
    "Reset",
    "Cine",
    "Invert",
    "Measure",
    "Film",
    "Next",
    "Prev",
    "MPR",
    "Close",
    "Save",
)
WORDS = (
    "Head",
    "CT",
    "plain",
    "Brain",
    "5.0mm",
    "H30s",
    "Scout",
    "Bone",
    "1.25",
    "Axial",
    "ER",
    "routine",
    "Thorax",
    "MR",
)


def discs(brush: Brush, box: Box) -> None:
    """Round coloured buttons."""
    x, y, width, height = box
    radius = int(width * 0.36)
    for number in range(min(7, height // (3 * radius))):
        middle = (x + width // 2, y + int((number + 0.8) * 3 * radius))
        cv2.circle(brush.canvas, middle, radius, brush.look.accent if number == 0 else (110, 60, 140), -1, cv2.LINE_AA)
        draw_icon(brush, middle[0] - radius // 2, middle[1] - radius // 2, radius)


def thumbnails(brush: Brush, box: Box) -> None:
    """Series as small pictures with captions, along the bar."""
    x, y, width, height = box
    brush.fill(box, shaded(brush.look.face, 0.8, 0), True)
    upright, caption = height > width, int(16 * brush.unit)
    side = int(min(width, height) - 12 - caption)
    step, count = side + caption + 10, int(brush.rng.integers(2, 8))
    for number in range(min(count, (height if upright else width) // step)):
        left, top = (x + (width - side) // 2, y + 6 + number * step) if upright else (x + 8 + number * step, y + 5)
        place = brush.canvas[top : top + side, left : left + side]
        place[:] = 0
        if len(brush.pictures):
            chosen = brush.pictures[int(brush.rng.integers(len(brush.pictures)))]
            place[:] = cv2.resize(chosen, (side, side), interpolation=cv2.INTER_AREA)[:, :, None]
        colour = brush.look.accent if number == 0 else shaded(brush.look.ink, 0.5, 0)
        cv2.rectangle(brush.canvas, (left - 1, top - 1), (left + side, top + side), colour, 2 if number == 0 else 1)
        brush.write(
            f"S{number + 1} {brush.rng.choice(WORDS)} {brush.rng.integers(1, 60)}", left, top + side + caption - 4, 9
        )


def tree(brush: Brush, box: Box) -> None:
    """A tree of patients, studies and series."""
    x, y, width, height = box
    brush.fill(box, brush.look.face if brush.look.face[0] < 90 else (255, 255, 255), True)
    line = int(22 * brush.unit)
    for number in range(int((height - line) / line * brush.rng.uniform(0.3, 1))):
        indent = int(brush.rng.integers(0, 3) * 14 * brush.unit)
        if number == 3:
            brush.fill((x + 2, y + 4 + number * line, width - 4, line), brush.look.accent)
        words = " ".join(brush.rng.choice(WORDS, brush.rng.integers(1, 4)))
        room = int((width - indent - 20) / (9 * brush.unit))
        brush.write(words[: max(room, 1)], x + 8 + indent, y + int((number + 0.9) * line), 10)


def buttons(brush: Brush, box: Box) -> None:
    """A field of large buttons."""
    x, y, width, height = box
    brush.fill(box, brush.look.face, False)
    columns = 2 if width > 150 * brush.unit else 1
    across, down = width // columns, int(brush.rng.uniform(36, 60) * brush.unit)
    for number in range(int(height / down * brush.rng.uniform(0.4, 1)) * columns):
        left, top = x + (number % columns) * across, y + (number // columns) * down
        colour = brush.look.accent if brush.rng.random() < 0.07 else brush.look.face
        brush.fill((left + 3, top + 3, across - 6, down - 6), colour, False)
        brush.write(str(brush.rng.choice(BUTTONS)), left + 10, top + int(down * 0.6), 11)


def icons(brush: Brush, box: Box) -> None:
    """A column of signs."""
    x, y, width, height = box
    brush.fill(box, shaded(brush.look.face, 1, 8))
    for number in range(int(height / width * brush.rng.uniform(0.4, 0.9))):
        draw_icon(brush, x + width // 4, y + number * width + width // 4, width // 2)


def form(brush: Brush, box: Box) -> None:
    """Labels and values of the scan, some with sliders."""
    x, y, width, height = box
    brush.fill(box, brush.look.face, True)
    line = int(34 * brush.unit)
    names = ("kV", "mA", "Time", "Thick", "FOV", "Tilt", "WW", "WL", "Zoom", "Kernel", "Pitch", "Table")
    for number, name in enumerate(names[: int(height / line * brush.rng.uniform(0.3, 1))]):
        top = y + 8 + number * line
        brush.write(name, x + 6, top + int(line * 0.55), 10)
        brush.fill((x + width // 2, top, width // 2 - 6, line - 10), (250, 250, 240), True)
        brush.write(f"{brush.rng.integers(1, 400)}", x + width // 2 + 5, top + int(line * 0.55), 10, (0, 0, 0))


def report(brush: Brush, box: Box) -> None:
    """A reporting window beside the pictures: a white page full of lines."""
    x, y, width, height = box
    brush.fill(box, (252, 252, 250))
    brush.write("CT REPORT", x + 20, y + int(40 * brush.unit), 18, brush.look.accent)
    line = int(26 * brush.unit)
    for number in range(int((height - 3 * line) / line * brush.rng.uniform(0.4, 0.9))):
        words = " ".join(brush.rng.choice(WORDS, brush.rng.integers(2, 12)))
        brush.write(words[: int(width / (8.5 * brush.unit)) - 4], x + 20, y + int((number + 3.2) * line), 11)


def wedge(brush: Brush, box: Box) -> None:
    """The window's grey wedge with values beside it, between two fields of numbers."""
    x, y, width, height = box
    brush.fill(box, shaded(brush.look.face, 0.8, 0))
    top, tall = y + height // 5, height * 3 // 5
    grey = np.linspace(255, 0, tall).astype(np.uint8)[:, None, None]
    brush.canvas[top : top + tall, x + width // 8 : x + width // 2] = grey
    for number in range(9):
        brush.write(f"{120 - 20 * number}", x + width * 5 // 9, top + 6 + number * (tall - 8) // 8, 9)
    for number, word in enumerate(("W", "L", "Z")):
        at = y + int((24 + 26 * number) * brush.unit)
        brush.write(f"{word} {brush.rng.integers(1, 200)}", x + 6, at, 11)
        brush.write(f"{word} {brush.rng.integers(1, 200)}", x + 6, y + height - at + y, 11)


def chat(brush: Brush, box: Box) -> None:
    """Messages of colleagues in rounded fields, left and right in turn."""
    x, y, width, height = box
    brush.fill(box, shaded(brush.look.face, 0.9, 12))
    top = y + 12
    while top < y + height * brush.rng.uniform(0.5, 0.95):
        down, across = int(brush.rng.uniform(40, 110) * brush.unit), int(width * brush.rng.uniform(0.5, 0.8))
        mine = brush.rng.random() < 0.5
        left = x + width - across - 8 if mine else x + 8
        colour = brush.look.accent if mine else shaded(brush.look.face, 1.1, 30)
        cv2.rectangle(brush.canvas, (left + 10, top), (left + across - 10, top + down), colour, -1)
        cv2.rectangle(brush.canvas, (left, top + 10), (left + across, top + down - 10), colour, -1)
        words = " ".join(brush.rng.choice(WORDS, brush.rng.integers(2, 6)))
        brush.write(words[: int(across / (9 * brush.unit))], left + 12, top + down // 2 + 4, 10)
        top += down + int(14 * brush.unit)


def scroll(brush: Brush, box: Box) -> None:
    """A scroll bar whose knob stands where the viewer does."""
    x, y, width, height = box
    brush.fill(box, shaded(brush.look.face, 0.9, 10), True)
    knob = int(height * brush.rng.uniform(0.05, 0.3))
    top = y + width + int(brush.progress * max(height - knob - 2 * width, 1))
    brush.fill((x + 2, top, width - 4, knob), shaded(brush.look.face, 0.7, 60), False)
