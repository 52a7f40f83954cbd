"""What the parts of a console are drawn with, and the patient they tell of."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.screen.looks import Colour, Look

Box = tuple[int, int, int, int]
"""x, y, width, height."""

FAMILY_NAMES = ("SUZUKI", "TANAKA", "SATO", "YAMADA", "ITO", "KOBAYASHI", "MORI", "ABE", "HAYASHI", "OGAWA")
GIVEN_NAMES = ("TARO", "HANAKO", "KENJI", "YOKO", "ICHIRO", "SACHIKO", "MASAO", "AKIKO", "HIROSHI", "EMI")


def shaded(colour: Colour, factor: float, plus: int) -> Colour:
    """Return a colour made darker or brighter."""
    red, green, blue = (min(int(value * factor) + plus, 255) for value in colour)
    return red, green, blue


def some_colour(rng: np.random.Generator, low: int, high: int) -> Colour:
    """Draw a colour."""
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


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
            lit, shade = shaded(colour, 1.25, 25), shaded(colour, 0.6, 0)
            first, last = (shade, lit) if sunken else (lit, shade)
            cv2.polylines(self.canvas, [np.array([[x, y + height - 1], [x, y], [x + width - 1, y]])], False, first)
            end = np.array([[x, y + height - 1], [x + width - 1, y + height - 1], [x + width - 1, y]])
            cv2.polylines(self.canvas, [end], False, last)

    def write(self, text: str, x: int, y: int, size: float, colour: Colour | None = None) -> None:
        """Write with the left end of the base line at x, y; capital letters ``size`` pixels high at a panel 1080
        high.
        """
        scale = size * self.unit / 22
        thick = 2 if size * self.unit > 24 else 1
        cv2.putText(
            self.canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, colour or self.look.ink, thick, cv2.LINE_AA
        )


def draw_icon(brush: Brush, x: int, y: int, size: int) -> None:
    """Draw one of a few common signs: window, zoom, arrow, ruler, grid, hand, turn."""
    canvas, rng = brush.canvas, brush.rng
    ink = brush.look.ink if rng.random() < 0.6 else some_colour(rng, 40, 240)
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
