"""Families of shots: what consoles, rooms and cameras there are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from training.screen.looks import DEVELOPMENT_LOOKS, HELD_OUT_LOOKS, Look
from training.screen.panel import Panel

PANELS = {(1280, 1024): 0.2, (1920, 1080): 0.35, (1920, 1200): 0.2, (2560, 1440): 0.1, (1536, 2048): 0.15}
"""Panels, width and height in pixels, and how often each is met; the last is a grey medical one of 3 megapixels."""


@dataclass(frozen=True)
class Family:
    """What differs in kind between families. Ranges are shared unless they stand here.

    Parameters
    ----------
    name : str
        For settings and reports.
    looks : tuple of Look
        Of viewers; none for looks drawn at random.
    subpixels : tuple of str
        Layouts of colour panels.
    reflections : tuple of str
        Kinds that screens reflect.
    things : tuple of str
        Kinds that stand around.
    tones, demosaics, finishes, codecs : tuple of str
        Of the camera's pipeline.
    row_noise, fringe : float
        Largest noise of whole rows, electrons, and largest chromatic aberration.
    barrel : tuple of float
        Range of the lens's first distortion coefficient.
    sensors : tuple of int
        Widths in pixels of the sensors that photos are made smaller from; 0 where the photo's pixels are the sensor's.
    resolutions : tuple
        Frames' widths and heights.
    panels : tuple
        Keys of `PANELS`.
    window : tuple of float, optional
        Width and level in HU that the console shows; drawn by default.
    panel : Panel, optional
        How the panel shines; drawn by default.
    usable : float
        Share of shots without a fault.
    """

    name: str
    looks: tuple[Look, ...]
    subpixels: tuple[str, ...]
    reflections: tuple[str, ...]
    things: tuple[str, ...]
    tones: tuple[str, ...]
    demosaics: tuple[str, ...]
    finishes: tuple[str, ...]
    codecs: tuple[str, ...]
    row_noise: float
    fringe: float
    barrel: tuple[float, float]
    sensors: tuple[int, ...]
    resolutions: tuple[tuple[int, int], ...]
    panels: tuple[tuple[int, int], ...] = tuple(PANELS)
    window: tuple[float, float] | None = None
    panel: Panel | None = None
    usable: float = 0.8


TRAINING = Family(
    name="training",
    looks=(),
    subpixels=(
        "stripes",
        "wide_stripes",
        "fine_stripes",
        "upright_stripes",
        "bgr_chevrons",
        "dual_domain",
        "diamonds",
    ),
    reflections=("lamp", "tubes", "window", "person", "blinds", "downlights", "other_screen"),
    things=("gantry", "shelf", "window", "monitor", "clutter", "papers", "keyboard"),
    tones=("s_curve", "video", "filmic"),
    demosaics=("bilinear", "edge", "gradient"),
    finishes=("halo", "local"),
    codecs=("jpeg", "vp8", "jpeg444"),
    row_noise=1.0,
    fringe=0.0015,
    barrel=(-0.05, 0.07),
    sensors=(0, 0, 1920, 3264, 3840, 4032, 4032, 4608),
    resolutions=(
        (1280, 720),
        (1280, 960),
        (1920, 1080),
        (1440, 1080),
        (1080, 1440),
        (1600, 1200),
        (1200, 1600),
        (2560, 1440),
        (2592, 1944),
        (3072, 2304),
        (3264, 2448),
    ),
)
"""What may be trained on."""

DEVELOPMENT = replace(TRAINING, name="development", looks=DEVELOPMENT_LOOKS)
"""Viewers that nothing learns from, of known kinds of bars, the rest as in training: what a new viewer costs."""

HELD_OUT = Family(
    name="held_out",
    looks=HELD_OUT_LOOKS,
    subpixels=("delta", "slanted", "quads"),
    reflections=("ceiling", "door", "coats"),
    things=("curtain", "whiteboard"),
    tones=("flat",),
    demosaics=("blocks",),
    finishes=("bands",),
    codecs=("resent",),
    row_noise=0.0,
    fringe=0.003,
    barrel=(0.08, 0.11),
    sensors=(0, 3000, 5184),
    resolutions=((1600, 900), (1920, 1440), (1440, 1920), (2048, 1536), (4000, 3000)),
)
"""For the final measurement: other kinds throughout."""

FAMILIES = {family.name: family for family in (TRAINING, DEVELOPMENT, HELD_OUT)}
"""By name."""
