"""The display: gamma, black level, white point, viewing angle, and the structure of its subpixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

CELL = 48
"""Samples across the drawing of a unit cell."""

MAX_HARMONIC = 3
"""Highest harmonic of the panel's pitch that is kept: no lens resolves a higher one."""


@dataclass(frozen=True)
class Panel:
    """How one display turns grey levels into light.

    Parameters
    ----------
    subpixels : str
        Name of the subpixel layout, one of `LAYOUTS`.
    gamma : float
        Exponent of the display curve.
    black : float
        Light of a black pixel as a share of white: 1 / contrast ratio.
    white : tuple of float
        Light of red, green and blue at full drive.
    falloff : float
        Exponent n of the fall-off cos(angle)^n of light with viewing angle.
    glow : float
        Light that black emits at grazing angles, as a share of white.
    """

    subpixels: str
    gamma: float
    black: float
    white: tuple[float, float, float]
    falloff: float
    glow: float


def emit(picture: np.ndarray, panel: Panel) -> np.ndarray:
    """Turn what is displayed into light.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8 RGB, shape ``(rows, columns, 3)``.
    panel : Panel
        The display.

    Returns
    -------
    numpy.ndarray
        float32, same shape, linear; 1 is the panel's white.
    """
    curve = panel.black + (1 - panel.black) * np.linspace(0, 1, 256) ** panel.gamma
    table = (curve[:, None] * np.asarray(panel.white)).astype(np.float32)
    if panel.subpixels == "mono":
        picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
    return np.stack([table[:, channel][picture[:, :, channel]] for channel in range(3)], axis=2)


def seen_from(cosine: np.ndarray, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Light at an angle: a gain of the picture and a glow that is added to it.

    An in-plane-switching panel dims and its black brightens towards grazing angles; a twisted-nematic one does more
    of both.

    Parameters
    ----------
    cosine : numpy.ndarray
        Of the angle between the line of sight and the panel's normal.
    panel : Panel
        The display.
    """
    return cosine**panel.falloff, panel.glow * (1 - cosine**2)


def _stripes(order: str, fill: float, rows_fill: float, chevron: float = 0.0, upright: bool = False) -> np.ndarray:
    """Draw one pixel of three stripes: apertures ``fill`` of their third wide, leaning by ``chevron`` of a pixel."""
    y, x = (np.mgrid[0:CELL, 0:CELL] + 0.5) / CELL
    if upright:
        y, x = x, y
    x = (x + chevron * (np.abs(y - 0.5) - 0.25)) % 1
    cell = np.zeros((CELL, CELL, 3))
    for place, name in enumerate(order):
        across = np.abs(x - (place + 0.5) / 3) < fill / 6
        cell[:, :, "RGB".index(name)] = across & (np.abs(y - 0.5) < rows_fill / 2)
    return cell


def _mono() -> np.ndarray:
    """One pixel of a grey panel: three equal stripes without colour filters."""
    return np.repeat(_stripes("RGB", 0.85, 0.9).sum(axis=2, keepdims=True), 3, axis=2)


def _diamonds() -> np.ndarray:
    """Two by two pixels of a PenTile panel: green in each, red and blue in turn, on diagonals."""
    y, x = (np.mgrid[0:CELL, 0:CELL] + 0.5) / CELL * 2
    cell = np.zeros((CELL, CELL, 3))
    for row in range(2):
        for column in range(2):
            green = np.hypot(x - column - 0.25, y - row - 0.25)
            other = np.abs(x - column - 0.75) + np.abs(y - row - 0.75)
            cell[:, :, 1] += green < 0.2
            cell[:, :, 0 if (row + column) % 2 == 0 else 2] += other < 0.34
    return cell


def _dual_domain() -> np.ndarray:
    """Two by two pixels whose stripes lean left in one row and right in the next."""
    y, x = (np.mgrid[0:CELL, 0:CELL] + 0.5) / CELL * 2
    lean = np.where(y < 1, y - 0.5, 1.5 - y) * 0.3
    cell = np.zeros((CELL, CELL, 3))
    for place in range(3):
        across = np.abs((x + lean) % 1 - (place + 0.5) / 3) < 0.12
        cell[:, :, place] = across & (np.abs(y % 1 - 0.5) < 0.42)
    return cell


def _delta() -> np.ndarray:
    """Two by two pixels of a brick of triads: each second row stands half a pixel aside."""
    y, x = (np.mgrid[0:CELL, 0:CELL] + 0.5) / CELL * 2
    x = x + np.where(y < 1, 0.0, 0.5)
    cell = np.zeros((CELL, CELL, 3))
    for place in range(3):
        across = np.abs(x % 1 - (place + 0.5) / 3) < 0.13
        cell[:, :, place] = across & (np.abs(y % 1 - 0.5) < 0.4)
    return cell


def _slanted() -> np.ndarray:
    """Three by three pixels whose stripes lean one way, by a colour a row."""
    y, x = (np.mgrid[0:CELL, 0:CELL] + 0.5) / CELL * 3
    cell = np.zeros((CELL, CELL, 3))
    for place in range(3):
        across = np.abs((x + y / 3) % 1 - (place + 0.5) / 3) < 0.13
        cell[:, :, place] = across & (np.abs(y % 1 - 0.5) < 0.44)
    return cell


def _quads() -> np.ndarray:
    """One pixel of four squares: red, green, blue, and one without a filter, which is driven at a third."""
    y, x = (np.mgrid[0:CELL, 0:CELL] + 0.5) / CELL
    cell = np.zeros((CELL, CELL, 3))
    for place, colours in enumerate(((0,), (1,), (0, 1, 2), (2,))):
        row, column = divmod(place, 2)
        square = (np.abs(x - column / 2 - 0.25) < 0.2) & (np.abs(y - row / 2 - 0.25) < 0.2)
        for colour in colours:
            cell[:, :, colour] += square / len(colours)
    return cell


LAYOUTS: dict[str, tuple[int, Callable[[], np.ndarray]]] = {
    "stripes": (1, lambda: _stripes("RGB", 0.8, 0.88)),
    "wide_stripes": (1, lambda: _stripes("RGB", 0.92, 0.8)),
    "fine_stripes": (1, lambda: _stripes("RGB", 0.62, 0.7)),
    "upright_stripes": (1, lambda: _stripes("RGB", 0.8, 0.88, upright=True)),
    "mono": (1, _mono),
    "bgr_chevrons": (1, lambda: _stripes("BGR", 0.72, 0.8, chevron=0.3)),
    "dual_domain": (2, _dual_domain),
    "diamonds": (2, _diamonds),
    "delta": (2, _delta),
    "slanted": (3, _slanted),
    "quads": (1, _quads),
}
"""Subpixel layouts: pixels across the unit cell, and the drawing of that cell as RGB."""


@cache
def harmonics(subpixels: str) -> tuple[tuple[float, float, tuple[complex, complex, complex]], ...]:
    """Fourier series of a subpixel layout.

    The light of a flat field is ``1 + sum(Re(amplitude * exp(2j * pi * (x * u + y * v))))`` for each colour, with u
    and v in panel pixels
    and pixel centres at integers.

    Parameters
    ----------
    subpixels : str
        One of `LAYOUTS`.

    Returns
    -------
    tuple
        Of ``(x, y, amplitudes of red, green, blue)``, frequencies in cycles a panel pixel, strongest first.
    """
    pixels, draw = LAYOUTS[subpixels]
    cell = draw().astype(float)
    spectrum = np.fft.fft2(cell, axes=(0, 1)) / cell.sum(axis=(0, 1))
    top = MAX_HARMONIC * pixels
    terms = []
    for ky in range(-top, top + 1):
        for kx in range(top + 1):
            if kx == 0 and ky <= 0:
                continue  # the mean, and what the other half of the plane already says
            # pixel centres are at integers, the drawing's origin is a pixel's corner
            shift = np.exp(2j * np.pi * (kx + ky) * (0.5 / pixels - 0.5 / CELL))
            amplitude = 2 * spectrum[ky, kx] * shift
            if np.abs(amplitude).max() > 0.02:
                terms.append((kx / pixels, ky / pixels, (amplitude[0], amplitude[1], amplitude[2])))
    return tuple(sorted(terms, key=lambda term: -max(abs(value) for value in term[2])))
