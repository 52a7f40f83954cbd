"""What a viewer draws around the CT pictures: bars docked at the screen's edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from training.screen.looks import Colour, Look

Box = tuple[int, int, int, int]
"""x, y, width, height."""

FAMILY_NAMES = ("SUZUKI", "TANAKA", "SATO", "YAMADA", "ITO", "KOBAYASHI", "MORI", "ABE", "HAYASHI", "OGAWA")
GIVEN_NAMES = ("TARO", "HANAKO", "KENJI", "YOKO", "ICHIRO", "SACHIKO", "MASAO", "AKIKO", "HIROSHI", "EMI")
MENUS = ("File", "Edit", "View", "Image", "Tools", "Series", "Layout", "Window", "Help")
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


@dataclass(frozen=True)
class Patient:
    """Invented details that a viewer writes."""

    name: str
    number: str
    born: str
    sex: str
    age: int
    date: str
    time: str


def invent(rng: np.random.Generator) -> Patient:
    """Invent a patient."""
    age = int(rng.integers(18, 96))
    return Patient(
        name=f"{rng.choice(FAMILY_NAMES)} {rng.choice(GIVEN_NAMES)}",
        number=f"{rng.integers(10**7, 10**8)}",
        born=f"{2019 - age}/{rng.integers(1, 13):02}/{rng.integers(1, 29):02}",
        sex=str(rng.choice(("M", "F"))),
        age=age,
        date=f"2019/{rng.integers(1, 13):02}/{rng.integers(1, 29):02}",
        time=f"{rng.integers(24):02}:{rng.integers(60):02}:{rng.integers(60):02}",
    )


@dataclass(frozen=True)
class Brush:
    """What every bar draws with.

    Parameters
    ----------
    canvas : numpy.ndarray
        The panel's picture, uint8 RGB.
    look : Look
        The viewer's.
    rng : numpy.random.Generator
        Of what is drawn at random.
    pictures : numpy.ndarray
        The series, as windowed.
    patient : Patient
        Whose it is said to be.
    unit : float
        Pixels to one of a panel 1080 high.
    progress : float
        Where in the series the viewer stands, 0 to 1.
    """

    canvas: np.ndarray
    look: Look
    rng: np.random.Generator
    pictures: np.ndarray
    patient: Patient
    unit: float
    progress: float

    def fill(self, box: Box, colour: Colour, sunken: bool | None = None) -> None:
        """Fill a box; with lit and shaded edges where the look has them and ``sunken`` says which way."""
        x, y, width, height = box
        cv2.rectangle(self.canvas, (x, y), (x + width - 1, y + height - 1), colour, -1)
        if self.look.bevelled and sunken is not None and width > 4 and height > 4:
            lit, shade = (tuple(min(int(v * f) + a, 255) for v in colour) for f, a in ((1.25, 25), (0.6, 0)))
            first, last = (shade, lit) if sunken else (lit, shade)
            cv2.polylines(self.canvas, [np.array([[x, y + height - 1], [x, y], [x + width - 1, y]])], False, first)
            end = np.array([[x, y + height - 1], [x + width - 1, y + height - 1], [x + width - 1, y]])
            cv2.polylines(self.canvas, [end], False, last)

    def write(self, text: str, x: int, y: int, size: float, colour: Colour | None = None) -> None:
        """Write with the left end of the base line at x, y; capital letters ``size`` pixels high at a panel 1080 high."""
        scale = size * self.unit / 22
        thick = 2 if size * self.unit > 24 else 1
        cv2.putText(
            self.canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, colour or self.look.ink, thick, cv2.LINE_AA
        )


def furnish_screen(brush: Brush) -> Box:
    """Draw all bars of a look and return the box that remains for the pane."""
    height, width = brush.canvas.shape[:2]
    brush.canvas[:] = brush.look.face
    x, y = 0, 0
    for edge, kind in brush.look.bars:
        least, most, draw = BARS[kind]
        thick = int(brush.rng.uniform(least, most) * brush.unit)
        if edge in ("left", "right"):
            thick = min(thick, int(0.45 * width) if kind == "report" else width // 5)
            draw(brush, (x if edge == "left" else x + width - thick, y, thick, height))
            x, width = x + thick * (edge == "left"), width - thick
        else:
            draw(brush, (x, y if edge == "top" else y + height - thick, width, thick))
            y, height = y + thick * (edge == "top"), height - thick
    margin = int(brush.look.margin * brush.unit)
    return x + margin, y + margin, width - 2 * margin, height - 2 * margin


def _title(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    brush.fill(box, brush.look.accent)
    brush.write(
        f"CT Viewer - [{brush.patient.name}  {brush.patient.date}  Head]", x + 8, y + int(height * 0.7), 11, (255,) * 3
    )
    for number in range(3):
        left = x + width - (number + 1) * height
        brush.fill((left + 3, y + 3, height - 6, height - 6), brush.look.face, False)
        cv2.rectangle(
            brush.canvas,
            (left + height // 3, y + height // 3),
            (left + 2 * height // 3, y + 2 * height // 3),
            brush.look.ink,
        )


def _menu(brush: Brush, box: Box) -> None:
    x, y, _, height = box
    brush.fill(box, brush.look.face, False)
    for word in MENUS[: brush.rng.integers(5, len(MENUS) + 1)]:
        brush.write(word, x + 10, y + int(height * 0.7), 11)
        x += int((len(word) * 9 + 22) * brush.unit)


def _icon(brush: Brush, x: int, y: int, size: int) -> None:
    """Draw one of a few common signs: window, zoom, arrow, ruler, grid, hand, turn."""
    canvas, rng = brush.canvas, brush.rng
    ink = brush.look.ink if rng.random() < 0.6 else tuple(int(v) for v in rng.integers(40, 240, 3))
    half, thick = size // 2, max(size // 14, 1)
    middle, kind = (x + half, y + half), rng.integers(7)
    if kind == 0:
        cv2.circle(canvas, middle, half - 2, ink, thick, cv2.LINE_AA)
        cv2.ellipse(canvas, middle, (half - 3, half - 3), 0, 90, 270, ink, -1, cv2.LINE_AA)
    elif kind == 1:
        cv2.circle(canvas, (x + half - 2, y + half - 2), half // 2 + 1, ink, thick, cv2.LINE_AA)
        cv2.line(canvas, (x + half + 2, y + half + 2), (x + size - 3, y + size - 3), ink, 2 * thick, cv2.LINE_AA)
    elif kind == 2:
        cv2.arrowedLine(canvas, (x + 3, y + size - 3), (x + size - 3, y + 3), ink, thick, cv2.LINE_AA, tipLength=0.35)
    elif kind == 3:
        cv2.line(canvas, (x + 2, y + size - 4), (x + size - 3, y + size - 4), ink, thick)
        for part in range(4):
            at = x + 2 + part * (size - 5) // 3
            cv2.line(canvas, (at, y + size - 4), (at, y + half), ink, thick)
    elif kind == 4:
        for part in range(4):
            left, top = x + 2 + (part % 2) * half, y + 2 + (part // 2) * half
            cv2.rectangle(canvas, (left, top), (left + half - 4, top + half - 4), ink, thick)
    elif kind == 5:
        cv2.fillPoly(
            canvas, [np.array([[x + 4, y + 2], [x + size - 4, y + half], [x + half, y + size - 3]])], ink, cv2.LINE_AA
        )
    else:
        cv2.ellipse(canvas, middle, (half - 3, half - 3), 0, 30, 320, ink, thick, cv2.LINE_AA)


def _tools(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    brush.fill(box, brush.look.face, False)
    side, end = height - 8, x + int(width * brush.rng.uniform(0.35, 0.9))
    x += 6
    while x + side < end:
        if brush.rng.random() < 0.12:
            x += side // 2
        if brush.look.bevelled:
            brush.fill((x, y + 4, side, side), brush.look.face, bool(brush.rng.random() < 0.1))
        _icon(brush, x + side // 6, y + 4 + side // 6, side * 2 // 3)
        x += side + 4


def _header(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    brush.fill(box, tuple(min(int(v * 0.85) + 8, 255) for v in brush.look.face), True)
    who = brush.patient
    brush.write(who.name, x + 12, y + int(height * 0.68), 15)
    rest = f"ID {who.number}   {who.born}  {who.age:03}Y {who.sex}   Head CT plain   {who.date} {who.time}"
    brush.write(rest, x + int((30 + 15 * len(who.name)) * brush.unit), y + int(height * 0.68), 11)


def _strip(brush: Brush, box: Box) -> None:
    x, y, _, height = box
    brush.fill(box, brush.look.face)
    brush.write(
        f"{brush.patient.name}  {brush.patient.number}  CT {brush.patient.date}", x + 10, y + int(height * 0.75), 11
    )


def _browser(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    brush.fill(box, (222, 225, 230))
    brush.fill((x + 10, y + 4, int(220 * brush.unit), height // 2 - 4), (250, 250, 250))
    brush.write("Viewer", x + 24, y + int(height * 0.38), 10, (60, 60, 60))
    brush.fill((x, y + height // 2, width, height - height // 2), (250, 250, 250))
    brush.fill((x + width // 16, y + height // 2 + 4, width * 3 // 4, height // 2 - 8), (232, 234, 238))
    brush.write("https://pacs.example/viewer?study=1.2.392", x + width // 14, y + int(height * 0.83), 10, (60, 60, 60))


def _tabs(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    brush.fill(box, (255, 255, 255))
    for number, word in enumerate(("Worklist", brush.patient.name.title(), "Compare", "Share")):
        left = x + 20 + number * int(170 * brush.unit)
        brush.write(word, left, y + int(height * 0.6), 13, brush.look.accent if number == 1 else None)
        if number == 1:
            brush.fill((left - 8, y + height - 5, int(150 * brush.unit), 5), brush.look.accent)
    cv2.circle(brush.canvas, (x + width - height, y + height // 2), height // 3, brush.look.accent, -1, cv2.LINE_AA)


def _banner(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    brush.fill(box, tuple(int(v * 1.3) for v in brush.look.face))
    brush.write("<", x + 20, y + int(height * 0.62), 24)
    brush.write(brush.patient.name.title(), x + width // 2 - int(110 * brush.unit), y + int(height * 0.5), 22)
    brush.write(f"Head CT, {brush.patient.date}", x + width // 2 - int(110 * brush.unit), y + int(height * 0.82), 12)


def _discs(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    radius = int(width * 0.36)
    for number in range(min(7, height // (3 * radius))):
        middle = (x + width // 2, y + int((number + 0.8) * 3 * radius))
        cv2.circle(brush.canvas, middle, radius, brush.look.accent if number == 0 else (110, 60, 140), -1, cv2.LINE_AA)
        _icon(brush, middle[0] - radius // 2, middle[1] - radius // 2, radius)


def _thumbnails(brush: Brush, box: Box) -> None:
    """Series as small pictures with captions, along the bar."""
    x, y, width, height = box
    brush.fill(box, tuple(int(v * 0.8) for v in brush.look.face), True)
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
        colour = brush.look.accent if number == 0 else tuple(v // 2 for v in brush.look.ink)
        cv2.rectangle(brush.canvas, (left - 1, top - 1), (left + side, top + side), colour, 2 if number == 0 else 1)
        brush.write(
            f"S{number + 1} {brush.rng.choice(WORDS)} {brush.rng.integers(1, 60)}", left, top + side + caption - 4, 9
        )


def _tree(brush: Brush, box: Box) -> None:
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


def _buttons(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    brush.fill(box, brush.look.face, False)
    columns = 2 if width > 150 * brush.unit else 1
    across, down = width // columns, int(brush.rng.uniform(36, 60) * brush.unit)
    for number in range(int(height / down * brush.rng.uniform(0.4, 1)) * columns):
        left, top = x + (number % columns) * across, y + (number // columns) * down
        colour = brush.look.accent if brush.rng.random() < 0.07 else brush.look.face
        brush.fill((left + 3, top + 3, across - 6, down - 6), colour, False)
        brush.write(str(brush.rng.choice(BUTTONS)), left + 10, top + int(down * 0.6), 11)


def _icons(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    brush.fill(box, tuple(min(v + 8, 255) for v in brush.look.face))
    for number in range(int(height / width * brush.rng.uniform(0.4, 0.9))):
        _icon(brush, x + width // 4, y + number * width + width // 4, width // 2)


def _form(brush: Brush, box: Box) -> None:
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


def _report(brush: Brush, box: Box) -> None:
    """A reporting window beside the pictures: a white page full of lines."""
    x, y, width, height = box
    brush.fill(box, (252, 252, 250))
    brush.write("CT REPORT", x + 20, y + int(40 * brush.unit), 18, brush.look.accent)
    line = int(26 * brush.unit)
    for number in range(int((height - 3 * line) / line * brush.rng.uniform(0.4, 0.9))):
        words = " ".join(brush.rng.choice(WORDS, brush.rng.integers(2, 12)))
        brush.write(words[: int(width / (8.5 * brush.unit)) - 4], x + 20, y + int((number + 3.2) * line), 11)


def _status(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    brush.fill(box, brush.look.face, True)
    brush.write(
        f"Ready    {brush.rng.integers(10, 90)} images    {brush.patient.number}", x + 10, y + int(height * 0.7), 10
    )
    brush.write(brush.patient.time, x + width - int(110 * brush.unit), y + int(height * 0.7), 10)


def _tasks(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    dark = brush.rng.random() < 0.6
    brush.fill(box, (24, 28, 40) if dark else (206, 212, 224), False)
    for number in range(brush.rng.integers(3, 10)):
        colour = tuple(int(v) for v in brush.rng.integers(60, 250, 3))
        side = height * 2 // 3
        brush.fill((x + 10 + number * (side + 16), y + height // 6, side, side), colour, False)
    ink: Colour = (230, 230, 230) if dark else (20, 20, 20)
    brush.write(brush.patient.time[:5], x + width - int(75 * brush.unit), y + int(height * 0.45), 10, ink)
    brush.write(brush.patient.date, x + width - int(100 * brush.unit), y + int(height * 0.85), 9, ink)


def _scroll(brush: Brush, box: Box) -> None:
    x, y, width, height = box
    brush.fill(box, tuple(min(int(v * 0.9) + 10, 255) for v in brush.look.face), True)
    knob = int(height * brush.rng.uniform(0.05, 0.3))
    top = y + width + int(brush.progress * max(height - knob - 2 * width, 1))
    brush.fill((x + 2, top, width - 4, knob), tuple(min(int(v * 0.7) + 60, 255) for v in brush.look.face), False)


BARS: dict[str, tuple[float, float, Callable[[Brush, Box], None]]] = {
    "title": (24, 34, _title),
    "menu": (22, 28, _menu),
    "tools": (34, 62, _tools),
    "header": (30, 54, _header),
    "strip": (18, 26, _strip),
    "browser": (60, 90, _browser),
    "tabs": (44, 60, _tabs),
    "banner": (70, 100, _banner),
    "discs": (70, 100, _discs),
    "thumbnails": (100, 180, _thumbnails),
    "tree": (160, 320, _tree),
    "buttons": (110, 240, _buttons),
    "icons": (44, 70, _icons),
    "form": (140, 220, _form),
    "report": (500, 860, _report),
    "status": (22, 30, _status),
    "tasks": (34, 48, _tasks),
    "scroll": (12, 18, _scroll),
}
"""Kinds of bars: least and largest thickness in pixels of a panel 1080 high, and what draws them."""
