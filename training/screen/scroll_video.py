"""A doctor scrolls through a series while a camera watches: frames, and which slice each shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from training.screen.console import Console, draw_console
from training.screen.draw import Draw, draw_settings
from training.screen.families import Family
from training.screen.lens import Lens, Pose, look
from training.screen.panel import emit
from training.screen.room import furnish
from training.screen.sensor import banding, develop, gain_for
from training.screen.shot import box_corners
from training.screen.sight import gather, see
from training.screen.video_file import RATE

RESPONSE = 0.006
"""Time constant in seconds with which a liquid crystal follows: about 14 ms from 10 to 90 %."""

DISPLAY_REFRESH = 60.0
"""At which the panel is redrawn from top to bottom, Hz."""

MIXED = 0.02
"""Share of another slice from which a frame counts as mixed."""


@dataclass(frozen=True)
class Frame:
    """One frame of a scroll video and the truth about it.

    Parameters
    ----------
    photo : numpy.ndarray
        uint8 ``(rows, columns, 3)`` BGR.
    time : float
        Seconds since the first frame.
    slice : int, optional
        Index of the slice shown; None where the exposure mixes several.
    screen, tile : numpy.ndarray
        float64 ``(4, 2)``: corners of the panel, and of what it shows of the CT picture, as in
        `training.screen.shot.Shot` but for the zoom.
    """

    photo: np.ndarray
    time: float
    slice: int | None
    screen: np.ndarray
    tile: np.ndarray


def scroll_script(
    slices: int, rng: np.random.Generator, hold: tuple[float, float] = (0.2, 1.5)
) -> list[tuple[float, int]]:
    """Draw when a doctor goes to which slice.

    Each slice is held for a time within ``hold``; now and then a few are skipped through, or gone back over. Both
    ends are held for longer.

    Returns
    -------
    list of tuple
        ``(seconds, slice)`` in order, from ``(0, first)``; the last entry is the end, with the last slice.
    """
    time, at, script = 0.0, 0, []

    def show(index: int, least: float, most: float) -> None:
        nonlocal time
        script.append((time, index))
        time += float(rng.uniform(least, most))

    show(0, 1.0, 2.0)
    while at < slices - 1:
        chance = rng.random()
        if chance < 0.08:
            for _ in range(rng.integers(2, 5)):
                at = min(at + 1, slices - 1)
                show(at, 0.04, 0.12)
        elif chance < 0.16 and at > 2:
            back = int(rng.integers(1, min(5, at + 1)))
            for step in (*range(1, back + 1), *range(back - 1, -1, -1)):
                show(at - step, 0.12, 0.5)
        else:
            at += 1
            show(at, *hold)
    time += float(rng.uniform(0.5, 1.5))
    script.append((time, slices - 1))
    return script


def scroll_video(
    pictures: np.ndarray,
    rng: np.random.Generator,
    family: Family,
    hand_held: bool,
    script: list[tuple[float, int]] | None = None,
    resolution: tuple[int, int] = (1280, 720),
) -> Iterator[Frame]:
    """Film a console that shows one large slice at a time.

    Parameters
    ----------
    pictures : numpy.ndarray
        uint8 ``(n, side, side)`` at window 120/40, in the order of the series.
    rng : numpy.random.Generator
        From which all is drawn.
    family : Family
        One of `training.screen.families`; shots are drawn without faults.
    hand_held : bool
        Whether the camera trembles and drifts, or stands.
    script : list of tuple, optional
        What `scroll_script` returns; drawn by default.
    resolution : tuple of int
        Width and height of the frames.
    """
    settings = _settings(family, rng, resolution)
    script = scroll_script(len(pictures), rng) if script is None else script
    seed, tremble = int(rng.integers(2**62)), _Tremble(rng, hand_held)
    layers = furnish(settings.room, settings.panel_size, rng)
    shown = _Shown(pictures, settings, seed)
    gain, sight = 0.0, None
    for number in range(int(script[-1][0] * RATE)):
        time = number / RATE
        pose, lens = tremble.at(time, settings)
        view = look(pose, lens, settings.panel_size, settings.frame)
        if sight is None or hand_held:
            sight = see(settings.panel, layers, view, settings.panel_size)
        weights = _weights(script, time, settings)
        focused = sum(sight.focus(shown.light(index)) * share[:, None, None] for index, share in weights.items())
        phase = time * settings.sensor.refresh
        light = gather(sight, np.asarray(focused), banding(settings.sensor, settings.frame[1], phase))
        wanted = gain_for(light, settings.sensor)
        gain = gain + 0.08 * (wanted - gain) if gain else wanted  # automatic exposure follows within a second
        cell = shown.console.cells[0]
        hidden = cell.side * (1 - 1 / settings.zoom) / 2
        yield Frame(
            photo=develop(light, settings.sensor, gain, rng),
            time=time,
            slice=next(iter(weights)) if len(weights) == 1 else None,
            screen=view.to_photo(box_corners(-0.5, -0.5, *settings.panel_size)),
            tile=view.to_photo(
                box_corners(cell.x + hidden, cell.y + hidden, cell.side - 2 * hidden, cell.side - 2 * hidden)
            ),
        )


def _settings(family: Family, rng: np.random.Generator, resolution: tuple[int, int]) -> Draw:
    """One draw without a fault, with a video's shutter and compression."""
    settings = draw_settings(replace(family, usable=1.0), rng, resolution)
    sensor = replace(
        settings.sensor, codec="jpeg", quality=int(rng.integers(65, 90)), shutter=float(rng.uniform(1 / 100, 1 / 33))
    )
    return replace(settings, sensor=sensor, lens=replace(settings.lens, motion=(0.0, 0.0), skew=(0.0, 0.0)))


class _Shown:
    """The panel's light for each slice, drawn when it is first shown; the last few are kept."""

    def __init__(self, pictures: np.ndarray, settings: Draw, seed: int) -> None:
        self.pictures, self.settings, self.seed = pictures, settings, seed
        self.kept: dict[int, np.ndarray] = {}
        self.console = self._draw(0)

    def _draw(self, index: int) -> Console:
        one = self.settings
        rng = np.random.default_rng(self.seed)
        return draw_console(self.pictures, rng, one.look, 1, 1, one.panel_size, one.window, one.zoom, first=index)

    def light(self, index: int) -> np.ndarray:
        """Return what the panel emits while it shows a slice."""
        if index not in self.kept:
            if len(self.kept) > 3:
                del self.kept[next(iter(self.kept))]
            self.kept[index] = emit(self._draw(index).picture, self.settings.panel)
        return self.kept[index]


class _Tremble:
    """A hand's tremor and drift; a stand has none."""

    def __init__(self, rng: np.random.Generator, hand_held: bool) -> None:
        # shares of the frame and degrees: slow drift, sway, tremor (about 8 Hz in a hand that holds a telephone)
        self.frequency = np.array([0.07, 0.4, 1.3, 8.0]) * rng.uniform(0.8, 1.25, (5, 4))
        size = np.array([0.02, 0.006, 0.002, 0.0004]) * rng.uniform(0.5, 1.5, (5, 4))
        self.size = size * np.array([1, 1, 60, 60, 40])[:, None] * hand_held
        self.phase = rng.uniform(0, 2 * np.pi, (5, 4))

    def _moved(self, time: float) -> np.ndarray:
        """Return what is added to shift x, shift y, yaw, pitch, roll."""
        return (self.size * np.sin(2 * np.pi * self.frequency * time + self.phase)).sum(axis=1)

    def at(self, time: float, settings: Draw) -> tuple[Pose, Lens]:
        """Pose and lens at a time: movement blurs within the shutter's time and skews within the readout's."""
        moved, later = self._moved(time), self._moved(time + 0.005)
        speed = (later - moved)[:2] / 0.005 * settings.frame
        pose, lens, sensor = settings.pose, settings.lens, settings.sensor
        return replace(
            pose,
            shift=(pose.shift[0] + float(moved[0]), pose.shift[1] + float(moved[1])),
            yaw=pose.yaw + float(moved[2]),
            pitch=pose.pitch + float(moved[3]),
            roll=pose.roll + float(moved[4]),
        ), replace(
            lens,
            motion=(float(speed[0] * sensor.shutter), float(speed[1] * sensor.shutter)),
            skew=(float(-speed[0] * sensor.readout), float(-speed[1] * sensor.readout)),
        )


def _weights(script: list[tuple[float, int]], time: float, settings: Draw) -> dict[int, np.ndarray]:
    """Share of each slice in each row of a frame that begins at a time."""
    rows = np.arange(settings.frame[1]) / settings.frame[1]
    begin = time + rows * settings.sensor.readout
    result: dict[int, np.ndarray] = {}
    until = np.ones_like(rows)
    for start, index in reversed(script[:-1]):
        # the panel itself is redrawn from the top down
        since = _since(begin, settings.sensor.shutter, start + rows / DISPLAY_REFRESH)
        share = np.clip(until - (1 - since), 0, 1) if start > 0 else until
        if share.max() > MIXED:
            result[index] = result.get(index, 0) + share.astype(np.float32)
        until = until - share
        if until.max() <= MIXED:
            break
    total = sum(result.values())
    return {index: share / total for index, share in result.items()}


def _since(begin: np.ndarray, shutter: float, change: np.ndarray) -> np.ndarray:
    """Share of an exposure's light that comes from what the panel shows after a change."""
    first, last = np.maximum(begin - change, 0), np.maximum(begin + shutter - change, 0)
    # the integral of 1 - exp(-t / RESPONSE)
    lit = (last - first) + RESPONSE * (np.exp(-last / RESPONSE) - np.exp(-first / RESPONSE))
    return lit / shutter
