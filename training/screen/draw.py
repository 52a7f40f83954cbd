"""The settings of a shot, drawn from the ranges of its family."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from training.screen.families import PANELS, Family
from training.screen.lens import Lens, Pose
from training.screen.looks import Look
from training.screen.panel import Panel
from training.screen.random_look import random_look
from training.screen.room import Room
from training.screen.sensor import Sensor

THING_CHANCES = {
    "window": 0.1,
    "monitor": 0.5,
    "clutter": 0.5,
    "papers": 0.5,
    "keyboard": 0.6,
    "gantry": 0.4,
    "shelf": 0.6,
    "curtain": 0.5,
    "whiteboard": 0.5,
}
"""How often each thing stands around."""

COARSE_FRAME = 1920
"""Width of a frame in pixels. In a wider one, what is out of focus or moves is blurred over more pixels."""

FAULTS = ("defocus", "motion", "glare", "small", "noise", "angle", "overexposed", "dark")
"""What makes a shot clearly bad."""


@dataclass(frozen=True)
class Draw:
    """One shot's settings."""

    look: Look
    panel_size: tuple[int, int]
    frame: tuple[int, int]
    window: tuple[float, float]
    zoom: float
    fault: str
    panel: Panel
    room: Room
    pose: Pose
    lens: Lens
    sensor: Sensor


def draw_settings(family: Family, rng: np.random.Generator, resolution: tuple[int, int] | None = None) -> Draw:
    """Draw the settings of one shot.

    Parameters
    ----------
    family : Family
        Ranges and kinds to draw from.
    rng : numpy.random.Generator
        Source of all randomness.
    resolution : tuple of int, optional
        Width and height of the frame, in place of one of the family's.
    """
    fault = "" if rng.random() < family.usable else str(rng.choice(FAULTS))
    size = _panel_size(family, rng)
    frames = family.resolutions
    frame = frames[rng.integers(len(frames))]
    if resolution is not None:
        frame = resolution
    window = family.window or _window(rng)
    lens, sensor = _lens(family, frame, fault, rng), _sensor(family, fault, rng)
    return Draw(
        look=family.looks[rng.integers(len(family.looks))] if family.looks else random_look(rng),
        panel_size=size,
        frame=frame,
        window=window,
        zoom=float(rng.uniform(1.0, 1.2)) if rng.random() < 0.3 else 1.0,
        fault=fault,
        panel=family.panel or _panel(family, size, rng),
        room=_room(family, fault, rng),
        pose=_pose(size, frame, fault, rng),
        lens=lens,
        sensor=sensor if lens.native == 1 else replace(sensor, demosaic="full"),
    )


def sitting(family: Family, rng: np.random.Generator) -> Family:
    """Narrow a family down to one viewer on one panel and one kind of camera, as one study is photographed.

    What changes from shot to shot is left to be drawn: where the camera stands, its focus and exposure, the room's
    light and what is reflected; so are the screen's frame and the camera's noise, of which little is seen.

    Parameters
    ----------
    family : Family
        To draw from.
    rng : numpy.random.Generator
        Source of all randomness.
    """

    def one(kinds: tuple[Any, ...]) -> tuple[Any, ...]:
        return (kinds[rng.integers(len(kinds))],)

    bend = float(rng.uniform(*family.barrel))
    size = _panel_size(family, rng)
    return replace(
        family,
        looks=one(family.looks) if family.looks else (random_look(rng),),
        subpixels=one(family.subpixels),
        tones=one(family.tones),
        demosaics=one(family.demosaics),
        finishes=one(family.finishes),
        codecs=one(family.codecs),
        barrel=(bend, bend),
        sensors=one(family.sensors),
        resolutions=one(family.resolutions),
        panels=(size,),
        window=_window(rng),
        panel=_panel(family, size, rng),
    )


def _panel_size(family: Family, rng: np.random.Generator) -> tuple[int, int]:
    chances = np.array([PANELS[size] for size in family.panels])
    return family.panels[rng.choice(len(chances), p=chances / chances.sum())]


def _window(rng: np.random.Generator) -> tuple[float, float]:
    level = rng.uniform(35, 40)
    # the window's lower end may not lie below -20 HU: what the pictures cut off there is unknown
    return float(np.round(rng.uniform(80, min(120, 2 * (level + 20))))), float(np.round(level))


def _panel(family: Family, size: tuple[int, int], rng: np.random.Generator) -> Panel:
    grey = size[0] < size[1]
    return Panel(
        subpixels="mono" if grey else str(rng.choice(family.subpixels)),
        gamma=float(rng.uniform(2.0, 2.4)),
        black=float(1 / rng.uniform(300, 1500)),
        white=(float(rng.uniform(0.85, 1.05)), 1.0, float(rng.uniform(0.9, 1.2))),
        falloff=float(rng.uniform(0.8, 3)),
        glow=float(rng.uniform(0, 0.02)),
    )


def _room(family: Family, fault: str, rng: np.random.Generator) -> Room:
    glossy = rng.random() < 0.35
    count = int(rng.choice((0, 1, 2), p=(0.35, 0.4, 0.25)))
    strength = float(np.exp(rng.uniform(np.log(0.01), np.log(0.12))))
    if fault == "glare":
        count, strength = max(count, 1), float(rng.uniform(0.6, 2.5))
    bezel = float(rng.choice((0.03, 0.05, 0.3, 0.8), p=(0.4, 0.3, 0.15, 0.15)))
    return Room(
        ambient=float(np.exp(rng.uniform(np.log(0.01), np.log(0.6)))),
        warmth=float(rng.uniform(-0.1, 0.25)),
        bezel=(bezel, bezel, bezel * float(rng.uniform(0.9, 1.1))),
        bezel_width=float(rng.uniform(0.012, 0.045)),
        gloss=float(rng.uniform(0.002, 0.008) if glossy else rng.uniform(0.02, 0.06)),
        veil=float(rng.uniform(0.005, 0.03)),
        reflections=tuple(str(kind) for kind in rng.choice(family.reflections, count, replace=False)),
        strength=strength,
        dust=int(rng.integers(0, 150)),
        fingerprints=int(rng.choice((0, 0, 1, 3))),
        things=tuple(thing for thing in family.things if rng.random() < THING_CHANCES[thing]),
    )


def _pose(size: tuple[int, int], frame: tuple[int, int], fault: str, rng: np.random.Generator) -> Pose:
    reach = 35.0 if fault == "angle" else 25.0
    if fault == "angle":
        yaw, pitch = rng.uniform(0.75, 1, 2) * reach * rng.choice((-1, 1), 2)
    else:
        yaw, pitch = np.clip(rng.normal(0, 9, 2), -reach, reach)
    fill = float(rng.uniform(0.22, 0.32) if fault == "small" else rng.uniform(0.45, 1.1))
    tallest = float(rng.uniform(0.75, 1.12))
    fill = min(fill, tallest * frame[1] / size[1] * size[0] / frame[0])
    room = max(0.0, 1 - fill) * 0.4
    return Pose(
        yaw=float(yaw),
        pitch=float(pitch),
        roll=float(np.clip(rng.normal(0, 3), -8, 8)),
        fill=fill,
        shift=(float(rng.uniform(-room, room)), float(rng.uniform(-room, room) * 0.6)),
        field=float(rng.uniform(50, 78)),
    )


def _lens(family: Family, frame: tuple[int, int], fault: str, rng: np.random.Generator) -> Lens:
    angle = rng.uniform(0, 2 * np.pi)
    # a hand that moves and a lens out of focus blur an angle: more pixels where there are more
    finer = max(frame[0] / COARSE_FRAME, 1.0)
    length = finer * float(rng.uniform(9, 25) if fault == "motion" else rng.exponential(0.5))
    roll = finer * float(rng.normal(0, 2) if rng.random() < 0.5 else 0)
    native = max(family.sensors[rng.integers(len(family.sensors))] / frame[0], 1.0)
    aperture = float(rng.choice((1.0, 0.75, 0.5))) if native == 1 else 1 / native
    defocus = float(rng.uniform(4, 10)) if fault == "defocus" else 0.0
    if not fault and rng.random() < 0.5:
        defocus = float(min(rng.exponential(0.7), 1.8))
    defocus *= finer
    return Lens(
        k1=float(rng.uniform(*family.barrel)),
        k2=float(rng.uniform(-0.01, 0.01)),
        blur=float(rng.uniform(0.3, 0.8)) * aperture,
        corner_blur=float(rng.uniform(0, 1.2)),
        aperture=aperture,
        native=native,
        defocus=defocus,
        motion=(length * float(np.cos(angle)), length * float(np.sin(angle))),
        skew=(roll, float(rng.normal(0, 1)) if roll else 0.0),
        vignette=float(rng.uniform(0, 0.35)),
        flare=float(rng.uniform(0.005, 0.05)),
        fringe=float(rng.uniform(0, family.fringe)),
    )


def _sensor(family: Family, fault: str, rng: np.random.Generator) -> Sensor:
    exposure = float(np.clip(rng.normal(0, 0.35), -0.8, 0.7))
    if fault in ("overexposed", "dark"):
        exposure = float(rng.uniform(1.8, 3)) if fault == "overexposed" else float(rng.uniform(-4.5, -3))
    flicker = rng.random() < 0.35
    return Sensor(
        metering=str(rng.choice(("average", "highlights"))),
        exposure=exposure,
        electrons=float(
            np.exp(rng.uniform(np.log(60), np.log(150))) if fault == "noise" else np.exp(rng.uniform(6.2, 9))
        ),
        read_noise=float(rng.uniform(1.5, 5)),
        row_noise=float(rng.uniform(0, family.row_noise)),
        refresh=float(rng.uniform(100, 300)) if flicker else 0.0,
        duty=float(rng.uniform(0.4, 0.95)),
        shutter=float(np.exp(rng.uniform(np.log(1 / 200), np.log(1 / 25)))),
        readout=float(rng.uniform(0.012, 0.033)),
        tint=(float(rng.uniform(0.88, 1.12)), 1.0, float(rng.uniform(0.88, 1.12))),
        demosaic=str(rng.choice(family.demosaics)),
        tone=str(rng.choice(family.tones)),
        contrast=float(rng.uniform(0.1, 0.7)),
        saturation=float(rng.uniform(0.8, 1.15)),
        finish=str(rng.choice(family.finishes)),
        denoise=float(rng.uniform(0, 0.9)),
        sharpen=float(rng.uniform(0, 1.2)),
        sharpen_radius=float(rng.uniform(0.7, 1.6)),
        codec=str(rng.choice(family.codecs)),
        quality=int(rng.integers(60, 96)),
    )
