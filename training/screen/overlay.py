"""What a viewer writes and draws over a CT picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.screen.brush import Box, Brush
from training.screen.looks import Colour

ANNOTATION_COLOURS: tuple[Colour, ...] = ((255, 220, 0), (0, 255, 90), (255, 60, 60), (80, 160, 255))


@dataclass(frozen=True)
class Marks:
    """What a viewer draws over all pictures of one screen.

    Parameters
    ----------
    letters, ruler, cube, crosshair : bool
        Orientation letters, scale with ticks, orientation cube, a crosshair.
    annotation : float
        Share of the pictures with a measurement or an arrow.
    size : float
        Height of capital letters, in pixels of a panel 1080 high.
    step, start : float
        Of the slices' positions, mm.
    """

    letters: bool
    ruler: bool
    cube: bool
    crosshair: bool
    annotation: float
    size: float
    step: float
    start: float


def draw_marks(rng: np.random.Generator, cells: int) -> Marks:
    """Draw which marks a screen has that shows some number of cells."""
    return Marks(
        letters=bool(rng.random() < 0.6),
        ruler=bool(rng.random() < 0.5),
        cube=bool(rng.random() < 0.15),
        crosshair=bool(rng.random() < 0.05),
        annotation=min(2 / cells, 0.5) if rng.random() < 0.1 else 0.0,
        size=float(rng.uniform(9, 14)),
        step=float(rng.choice((2.5, 3.0, 5.0, 5.0, 7.0))),
        start=float(rng.uniform(-60, 40)),
    )


def overlay(brush: Brush, box: Box, marks: Marks, window: tuple[float, float], number: int, total: int) -> None:
    """Write over one picture.

    Parameters
    ----------
    brush : Brush
        Its chance is the cell's own.
    box : tuple of int
        The cell.
    marks : Marks
        Of this screen.
    window : tuple of float
        Width and level.
    number, total : int
        Of the slice in its series, from 0.
    """
    x, y, width, height = box
    size = min(marks.size, max(6.0, height / brush.unit / 26))
    line = int(size * 1.75 * brush.unit)
    lines = _lines(brush, marks, window, number, total, roomy=height > 22 * line)
    pad = max(int(5 * brush.unit), 2)
    colour = brush.look.text
    if brush.look.corners == "band":
        foot = brush.canvas[y + height - int(1.3 * line) : y + height, x : x + width]
        foot[:] = foot // 3 + np.array([12, 26, 36], np.uint8)
    for corner, texts in lines.items():
        for place, text in enumerate(texts):
            down = (place + 1) * line if corner[0] == "t" else height - pad - (len(texts) - 1 - place) * line
            extent = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size * brush.unit / 22, 1)[0][0]
            along = pad if corner[1] == "l" else width - pad - extent
            if corner[1] == "m":
                along = (width - extent) // 2
                _pill(brush, (x + along - pad, y + down - line, extent + 2 * pad, int(line * 1.3)))
            brush.write(text, x + along, y + down, size, colour)
    if marks.letters and brush.look.corners != "none" and height > 8 * line:
        for letter, along, down in (("R", pad, height // 2), ("L", width - 3 * pad, height // 2)):
            brush.write(letter, x + along, y + down, size * 1.2, colour)
        if height > 20 * line:
            brush.write("A", x + width // 2, y + line, size * 1.2, colour)
            brush.write("P", x + width // 2, y + height - pad, size * 1.2, colour)
    if marks.ruler and height > 10 * line:
        _ruler(brush, box, colour)
    if marks.cube and height > 20 * line:
        _cube(brush, x + width - 5 * line, y + height - 8 * line, 3 * line)
    if marks.crosshair:
        at = int(brush.rng.integers(-height // 8, height // 8))
        cv2.line(brush.canvas, (x, y + height // 2 + at), (x + width - 1, y + height // 2 + at), (220, 60, 60), 1)
        cv2.line(brush.canvas, (x + width // 2 + at, y), (x + width // 2 + at, y + height - 1), (60, 200, 60), 1)
    if brush.rng.random() < marks.annotation:
        _annotate(brush, box, size)


def _lines(
    brush: Brush, marks: Marks, window: tuple[float, float], number: int, total: int, roomy: bool
) -> dict[str, list[str]]:
    """What stands in each corner: top or bottom, left, right or middle."""
    who, style = brush.patient, brush.look.corners
    width, level = window
    shown = [f"W {width:.0f}  L {level:.0f}"]
    image = f"Im: {number + 1}/{total}"
    position = f"SL {marks.start + number * marks.step:.2f}"
    if style == "band":
        return {"bl": [f"{image}  {shown[0]}" if roomy else image]}
    if style == "pill":
        return {"bm": [f"{number + 1} of {total}"]}
    if style == "brief" or not roomy:
        return {"tl": [str(number + 1) if style == "brief" else image], "br": shown if roomy else []}
    return {
        "tl": [who.name, who.number, f"{who.born} {who.sex} {who.age:03}Y", image, position],
        "tr": ["CT", f"{who.date}", who.time, "Head plain"],
        "bl": ["120 kV  250 mA", f"T {marks.step:.1f} mm", "FOV 230 mm"],
        "br": [*shown, "Z 1.00"],
    }


def _pill(brush: Brush, box: Box) -> None:
    """Darken a rounded tag under its text."""
    x, y, width, height = box
    radius = height // 2
    for middle in (x + radius, x + width - radius):
        cv2.circle(brush.canvas, (middle, y + radius), radius, (60, 60, 66), -1, cv2.LINE_AA)
    cv2.rectangle(brush.canvas, (x + radius, y), (x + width - radius, y + height), (60, 60, 66), -1)


def _ruler(brush: Brush, box: Box, colour: Colour) -> None:
    """Draw 10 cm with ticks each centimetre at the right or the lower edge."""
    x, y, width, height = box
    step = height / 23.0
    along = brush.rng.random() < 0.3
    for tick in range(11):
        long = int((9 if tick % 5 == 0 else 5) * brush.unit)
        if along:
            at = int(x + width / 2 + (tick - 5) * step)
            cv2.line(brush.canvas, (at, y + height - 4), (at, y + height - 4 - long), colour, 1)
        else:
            at = int(y + height / 2 + (tick - 5) * step)
            cv2.line(brush.canvas, (x + width - 4, at), (x + width - 4 - long, at), colour, 1)
    if along:
        start, end = (int(x + width / 2 - 5 * step), y + height - 4), (int(x + width / 2 + 5 * step), y + height - 4)
    else:
        start, end = (x + width - 4, int(y + height / 2 - 5 * step)), (x + width - 4, int(y + height / 2 + 5 * step))
    cv2.line(brush.canvas, start, end, colour, 1)


def _cube(brush: Brush, x: int, y: int, side: int) -> None:
    slope = side // 3
    top = np.array([[x, y], [x + slope, y - slope], [x + side + slope, y - slope], [x + side, y]])
    flank = np.array(
        [[x + side, y], [x + side + slope, y - slope], [x + side + slope, y + side - slope], [x + side, y + side]]
    )
    cv2.rectangle(brush.canvas, (x, y), (x + side, y + side), (70, 80, 160), -1)
    cv2.fillPoly(brush.canvas, [top], (90, 100, 190))
    cv2.fillPoly(brush.canvas, [flank], (50, 60, 130))
    brush.write("F", x + side // 3, y + side * 3 // 4, 12, (255, 255, 255))


def _annotate(brush: Brush, box: Box, size: float) -> None:
    """Draw a measured length, an ellipse or an arrow over the picture."""
    x, y, width, height = box
    rng = brush.rng
    colour = ANNOTATION_COLOURS[rng.integers(len(ANNOTATION_COLOURS))]
    middle = (
        int(x + width / 2 + rng.uniform(-0.2, 0.2) * height),
        int(y + height / 2 + rng.uniform(-0.2, 0.2) * height),
    )
    end = (int(middle[0] + rng.uniform(-0.15, 0.15) * height), int(middle[1] + rng.uniform(-0.15, 0.15) * height))
    kind = rng.integers(3)
    if kind == 0:
        cv2.line(brush.canvas, middle, end, colour, 1, cv2.LINE_AA)
        brush.write(f"{rng.uniform(5, 60):.1f} mm", end[0] + 5, end[1], size, colour)
    elif kind == 1:
        axes = (max(height // 16, 2), max(height // 20, 2))
        cv2.ellipse(brush.canvas, middle, axes, 0, 0, 360, colour, 1, cv2.LINE_AA)
        brush.write(f"{rng.uniform(20, 70):.1f} HU", middle[0] + height // 14, middle[1], size, colour)
    else:
        cv2.arrowedLine(brush.canvas, end, middle, colour, 2, cv2.LINE_AA, tipLength=0.3)
