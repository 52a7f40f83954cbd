"""A photo of a screen, taken from what the other modules know."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from training.screen.console import Console, draw_console
from training.screen.draw import Draw, draw_settings
from training.screen.families import Family
from training.screen.lens import View, look
from training.screen.panel import emit
from training.screen.room import furnish
from training.screen.sensor import banding, develop, gain_for
from training.screen.sight import gather, see

CLOSE = 0.9
"""Width or height of the screen over the photo's, whichever is more, once somebody went closer."""


@dataclass(frozen=True)
class Tile:
    """One CT picture on the screen.

    Parameters
    ----------
    index : int
        Which of the given pictures; -1 for a cell of the grid that is empty.
    corners : numpy.ndarray
        float64 ``(4, 2)``: x, y of top left, top right, bottom right and bottom left of the CT picture itself (its
        square, air
        included) in photo pixels, pixel centres at integers. A zoomed picture is cut by its cell; its corners lie
        beyond.
    """

    index: int
    corners: np.ndarray


@dataclass(frozen=True)
class Correction:
    """What the person who photographs changed, as the appliance asked.

    Parameters
    ----------
    stops : float
        By how much the automatic exposure was corrected.
    closer : bool
        Whether they went so close that the screen fills most of the photo.
    """

    stops: float = 0.0
    closer: bool = False

    def of(self, settings: Draw) -> Draw:
        """Return settings with the changes."""
        (width, height), (across, down) = settings.frame, settings.panel_size
        pose, sensor = settings.pose, settings.sensor
        close = CLOSE * min(1.0, height / down * across / width)
        if self.closer and pose.fill < close:
            aside = (1 - close) / (1 - pose.fill)
            pose = replace(pose, fill=close, shift=(aside * pose.shift[0], aside * pose.shift[1]))
        return replace(settings, pose=pose, sensor=replace(sensor, exposure=sensor.exposure + self.stops))


UNCHANGED = Correction()


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
    correction: Correction = UNCHANGED,
) -> Shot:
    """Photograph a console.

    Parameters
    ----------
    pictures : numpy.ndarray
        uint8 ``(n, side, side)`` at window 120/40, air 0; the console applies a window of its own (80..120 / 35..40).
        Fewer pictures than cells
        leave the last cells empty; more are not shown.
    rng : numpy.random.Generator
        From which all is drawn; the same state takes the same shot.
    family : Family
        One of `training.screen.families`.
    rows, columns : int
        Of the grid.
    resolution : tuple of int, optional
        Width and height of the photo; the family's by default.
    correction : Correction
        What the person who photographs changed since the last one.
    """
    settings = correction.of(draw_settings(family, rng, resolution))
    return photograph(pictures[: rows * columns], rng, settings, rows, columns)


def photograph(pictures: np.ndarray, rng: np.random.Generator, settings: Draw, rows: int, columns: int) -> Shot:
    """Photograph a console with settings that are already drawn."""
    console = draw_console(
        pictures, rng, settings.look, rows, columns, settings.panel_size, settings.window, settings.zoom
    )
    layers = furnish(settings.room, settings.panel_size, rng)
    view = look(settings.pose, settings.lens, settings.panel_size, settings.frame)
    sight = see(settings.panel, layers, view, settings.panel_size)
    bands = banding(settings.sensor, settings.frame[1], float(rng.random()))
    light = gather(sight, sight.focus(emit(console.picture, settings.panel)), bands)
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
