"""A plain simulated shot, for tests to change one thing of it."""

from __future__ import annotations

from dataclasses import replace

from training.screen.draw import Draw
from training.screen.lens import Lens, Pose
from training.screen.panel import Panel
from training.screen.room import Room
from training.screen.sensor import Sensor

SHARP = Lens(
    k1=0.0, k2=0.0, blur=0.3, corner_blur=0.0, aperture=1.0, native=1.0, defocus=0.0, motion=(0.0, 0.0),
    skew=(0.0, 0.0), vignette=0.0, flare=0.0, fringe=0.0,
)  # fmt: skip
AHEAD = Pose(yaw=0.0, pitch=0.0, roll=0.0, fill=0.8, shift=(0.0, 0.0), field=60.0)
PANEL = Panel(subpixels="stripes", gamma=2.2, black=0.001, white=(1.0, 1.0, 1.0), falloff=0.0, glow=0.0)
DARK = Room(
    ambient=0.01, warmth=0.0, bezel=(0.03, 0.03, 0.03), bezel_width=0.02, gloss=0.05, veil=0.0, reflections=(),
    strength=0.0, dust=0, fingerprints=0, things=(),
)  # fmt: skip
CLEAN = Sensor(
    metering="highlights", exposure=0.0, electrons=1e6, read_noise=0.0, row_noise=0.0, refresh=0.0, duty=1.0,
    shutter=0.01, readout=0.02, tint=(1.0, 1.0, 1.0), demosaic="bilinear", tone="s_curve", contrast=0.0,
    saturation=1.0, finish="halo", denoise=0.0, sharpen=0.0, sharpen_radius=1.0, codec="jpeg444", quality=98,
)  # fmt: skip


def settings(**changes: object) -> Draw:
    """A plain shot's settings, some changed."""
    plain = Draw(
        look="full_screen", panel_size=(1280, 1024), frame=(1280, 720), window=(100.0, 38.0), zoom=1.0, fault="",
        panel=PANEL, room=DARK, pose=AHEAD, lens=SHARP, sensor=CLEAN,
    )  # fmt: skip
    return replace(plain, **changes)
