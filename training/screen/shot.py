"""A photo of a screen, taken from what the other modules know."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from training.screen import families
from training.screen.console import Console, draw_console
from training.screen.families import Draw, Family
from training.screen.lens import Lens, View, look, smear, transfer
from training.screen.looks import LOOKS
from training.screen.panel import Panel, emit, harmonics, seen_from
from training.screen.room import REFLECTION_SCALE, SURFACE_SCALE, SURROUNDINGS_SCALE, Layers, furnish, tint
from training.screen.sensor import Sensor, banding, develop, gain_for


@dataclass(frozen=True)
class Tile:
    """One CT picture on the screen.

    Parameters
    ----------
    index : int
        Which of the given pictures; -1 for a cell of the grid that is empty.
    corners : numpy.ndarray
        float64 ``(4, 2)``: x, y of top left, top right, bottom right and bottom left of the CT picture itself (its square, air
        included) in photo pixels, pixel centres at integers. A zoomed picture is cut by its cell; its corners lie beyond.
    """

    index: int
    corners: np.ndarray


@dataclass(frozen=True)
class Shot:
    """A photo of a screen and the truth about it.

    Parameters
    ----------
    photo : numpy.ndarray
        uint8 ``(rows, columns, 3)`` BGR.
    screen : numpy.ndarray
        float64 ``(4, 2)``: corners of the panel's lit area in photo pixels, ordered as a tile's.
    pane : numpy.ndarray
        float64 ``(4, 2)``: corners of the viewer's pane, the area that holds the CT pictures.
    rows, columns : int
        Of the grid.
    tiles : tuple of Tile
        In reading order.
    window : tuple of float
        Width and level in HU in which the console showed the pictures.
    settings : dict
        Every setting drawn, plain JSON.
    """

    photo: np.ndarray
    screen: np.ndarray
    pane: np.ndarray
    rows: int
    columns: int
    tiles: tuple[Tile, ...]
    window: tuple[float, float]
    settings: dict[str, Any]


def take_shot(
    pictures: np.ndarray,
    rng: np.random.Generator,
    family: Family,
    rows: int,
    columns: int,
    resolution: tuple[int, int] | None = None,
) -> Shot:
    """Photograph a console.

    Parameters
    ----------
    pictures : numpy.ndarray
        uint8 ``(n, side, side)`` at window 120/40, air 0; the console applies a window of its own (80..120 / 35..40). Fewer pictures than cells
        leave the last cells empty; more are not shown.
    rng : numpy.random.Generator
        From which all is drawn; the same state takes the same shot.
    family : Family
        `TRAINING` or `HELD_OUT`.
    rows, columns : int
        Of the grid.
    resolution : tuple of int, optional
        Width and height of the photo; the family's by default.
    """
    settings = families.draw(family, rng, resolution)
    return photograph(pictures[: rows * columns], rng, settings, rows, columns)


def photograph(pictures: np.ndarray, rng: np.random.Generator, settings: Draw, rows: int, columns: int) -> Shot:
    """Photograph a console with settings that are already drawn."""
    console = draw_console(
        pictures, rng, LOOKS[settings.look], rows, columns, settings.panel_size, settings.window, settings.zoom
    )
    layers = furnish(settings.room, settings.panel_size, rng)
    view = look(settings.pose, settings.lens, settings.panel_size, settings.frame)
    light = gather(
        emit(console.picture, settings.panel), settings.panel, layers, view, settings.sensor, float(rng.random())
    )
    photo = develop(light, settings.sensor, gain_for(light, settings.sensor), rng)
    return describe(photo, console, view, asdict(settings))


def describe(photo: np.ndarray, console: Console, view: View, settings: dict[str, Any]) -> Shot:
    """Put a photo and the truth about it together."""
    height, width = console.picture.shape[:2]
    x, y, across, down = console.pane
    return Shot(
        photo=photo,
        screen=view.to_photo(box_corners(-0.5, -0.5, width, height)),
        pane=view.to_photo(box_corners(x - 0.5, y - 0.5, across, down)),
        rows=console.rows,
        columns=console.columns,
        tiles=tuple(
            Tile(cell.index, view.to_photo(box_corners(cell.x, cell.y, cell.side, cell.side))) for cell in console.cells
        ),
        window=console.window,
        settings=settings,
    )


def box_corners(x: float, y: float, width: float, height: float) -> np.ndarray:
    """Corners of a box: top left, top right, bottom right, bottom left."""
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float64)


def gather(light: np.ndarray, panel: Panel, layers: Layers, view: View, sensor: Sensor, phase: float) -> np.ndarray:
    """Gather the light that falls on the sensor.

    Parameters
    ----------
    light : numpy.ndarray
        float32 RGB, what the panel emits, at its resolution.
    panel, layers, view, sensor : Panel, Layers, View, Sensor
        Display, room, camera.
    phase : float
        Of the backlight when the first row opens.

    Returns
    -------
    numpy.ndarray
        float32 RGB at the photo's resolution, linear.
    """
    height, width = light.shape[:2]
    x, y = np.meshgrid(np.arange(view.size[0], dtype=np.float32), np.arange(view.size[1], dtype=np.float32))
    u, v = (side.astype(np.float32) for side in view.to_panel(x, y))
    jacobian = view.jacobian()
    density = float(np.median(np.sqrt(np.abs(jacobian[0, 0] * jacobian[1, 1] - jacobian[0, 1] * jacobian[1, 0]))))
    sharp = cv2.remap(_prefilter(light, view.lens, density), u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gain, glow = (view.full(part)[:, :, None] for part in seen_from(view.cosine(), panel))
    rows = banding(sensor, view.size[1], phase)[:, None, None]
    surface = _sample(layers.surface, u, v, SURFACE_SCALE)
    inside = _inside(u, v, width, height, 0.0, density)
    sharp = (sharp * gain + glow) * surface[:, :, :1] * rows * inside
    reflection = _sample(layers.reflection, u, v, REFLECTION_SCALE)
    ambient = layers.room.ambient * tint(layers.room.warmth)
    other = inside * (reflection + surface[:, :, 1:] * (ambient + 0.15))
    frame = layers.room.bezel_width * width
    around = _inside(u, v, width, height, frame, density)
    bezel = np.asarray(layers.room.bezel, np.float32) * (ambient + 0.01)
    other += (around - inside) * bezel
    other += (1 - around) * _sample(
        layers.surroundings, u + np.float32(width), v + np.float32(height), SURROUNDINGS_SCALE
    )
    total = smear(sharp + other, view.lens)
    total += sharp * _structure(panel, view, jacobian, u, v)
    if view.lens.vignette:
        x, y = view.coarse()
        square = ((x / view.size[0] - 0.5) ** 2 + (y / view.size[1] - 0.5) ** 2) * 2
        total *= view.full(1 - view.lens.vignette * square)[:, :, None]
    return np.maximum(total, 0)


def _prefilter(light: np.ndarray, lens: Lens, density: float) -> np.ndarray:
    """Blur what the panel shows by what one photo pixel gathers; ``density`` is panel pixels a photo pixel."""
    sigma = density * np.sqrt(lens.blur**2 + (0.29 * lens.aperture) ** 2)
    return cv2.GaussianBlur(light, (0, 0), sigma) if sigma > 0.3 else light


def _sample(canvas: np.ndarray, u: np.ndarray, v: np.ndarray, scale: int) -> np.ndarray:
    half = np.float32((scale - 1) / 2)
    found = cv2.remap(
        canvas, (u - half) / scale, (v - half) / scale, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return found


def _inside(u: np.ndarray, v: np.ndarray, width: int, height: int, margin: float, density: float) -> np.ndarray:
    """Share of each photo pixel that lies within the panel, widened by a margin: shape ``(rows, columns, 1)``."""
    across = (width / 2 + margin - np.abs(u - (width - 1) / 2)) / density + 0.5
    down = (height / 2 + margin - np.abs(v - (height - 1) / 2)) / density + 0.5
    return (np.clip(across, 0, 1) * np.clip(down, 0, 1))[:, :, None].astype(np.float32)


def _structure(panel: Panel, view: View, jacobian: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """What the subpixels add to a flat field, shape ``(rows, columns, 3)``, mean 0, at the middles of the sensor's pixels.

    Each harmonic of the panel's structure reaches the sensor weakened by lens, defocus, motion and pixel aperture; that it is then looked at only
    at the middles of pixels, and each colour only at its own, is what makes moire.
    """
    total = np.zeros((view.size[1], view.size[0], 3), np.float32)
    for kx, ky, amplitudes in harmonics(panel.subpixels):
        fx = kx * jacobian[0, 0] + ky * jacobian[1, 0]
        fy = kx * jacobian[0, 1] + ky * jacobian[1, 1]
        weight = transfer(fx, fy, view.lens)
        if np.abs(weight).max() * max(abs(value) for value in amplitudes) < 0.004:
            continue
        cosine, sine = cv2.polarToCart(
            view.full(weight), np.float32(2 * np.pi) * (np.float32(kx) * u + np.float32(ky) * v)
        )
        for channel, value in enumerate(amplitudes):
            total[:, :, channel] += np.float32(value.real) * cosine - np.float32(value.imag) * sine
    return total
