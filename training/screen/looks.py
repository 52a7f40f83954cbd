"""Looks of viewers: what stands around the CT pictures, in which colours."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]
"""Red, green, blue."""

BLACK: Colour = (0, 0, 0)


@dataclass(frozen=True)
class Look:
    """How a viewer looks.

    Parameters
    ----------
    name : str
        Key in `LOOKS`; "random" for one that was drawn.
    bars : tuple of str
        What is docked at the screen's edges, from the outside in: an edge and a kind of
        `training.screen.furniture.BARS`.
    face, ink, accent : tuple of int
        Of bars, of their text, of what is chosen.
    bevelled : bool
        Whether buttons and bars have lit and shaded edges.
    text : tuple of int
        Of what is written over the pictures.
    corners : str
        What that is: "full", "brief", "pill" (one rounded tag), "band" (a line on a dark foot) or "none".
    gaps : tuple of int
        Range of pixels between the pictures' cells.
    line : tuple of int
        Colour of these gaps.
    empty : tuple of int
        Colour of a cell without a picture.
    chosen : tuple of int, optional
        Border of the chosen cell.
    margin : int
        Pixels around the pane.
    round : int
        Radius of the cells' corners, in pixels of a panel 1080 high.
    """

    name: str
    bars: tuple[tuple[str, str], ...]
    face: Colour
    ink: Colour
    accent: Colour
    bevelled: bool
    text: Colour
    corners: str
    gaps: tuple[int, int]
    line: Colour
    empty: Colour = BLACK
    chosen: Colour | None = None
    margin: int = 0
    round: int = 0


DEVELOPMENT_LOOKS = (
    Look(
        name="dark_workstation",
        bars=(("top", "tools"), ("left", "thumbnails"), ("top", "header"), ("right", "scroll")),
        face=(43, 45, 50),
        ink=(205, 208, 212),
        accent=(64, 128, 200),
        bevelled=False,
        text=(225, 225, 225),
        corners="full",
        gaps=(1, 3),
        line=(80, 82, 86),
        chosen=(240, 200, 40),
    ),
    Look(
        name="grey_windows",
        bars=(
            ("top", "title"),
            ("top", "menu"),
            ("top", "tools"),
            ("bottom", "tasks"),
            ("bottom", "status"),
            ("right", "scroll"),
        ),
        face=(212, 208, 200),
        ink=(10, 10, 10),
        accent=(10, 36, 106),
        bevelled=True,
        text=(255, 255, 255),
        corners="full",
        gaps=(1, 4),
        line=(212, 208, 200),
        empty=(30, 30, 30),
        chosen=(0, 120, 255),
        margin=3,
    ),
    Look(
        name="scanner_console",
        bars=(("top", "header"), ("right", "buttons"), ("bottom", "status"), ("right", "form")),
        face=(92, 104, 124),
        ink=(235, 240, 245),
        accent=(230, 150, 40),
        bevelled=True,
        text=(240, 240, 160),
        corners="full",
        gaps=(0, 2),
        line=(60, 60, 60),
        empty=(20, 22, 28),
    ),
    Look(
        name="full_screen",
        bars=(("top", "strip"),),
        face=(0, 0, 0),
        ink=(180, 180, 180),
        accent=(120, 120, 120),
        bevelled=False,
        text=(200, 200, 200),
        corners="full",
        gaps=(0, 2),
        line=(70, 70, 70),
    ),
    Look(
        name="web_viewer",
        bars=(("top", "browser"), ("left", "icons"), ("top", "tools"), ("right", "tree")),
        face=(20, 24, 36),
        ink=(160, 190, 220),
        accent=(90, 200, 250),
        bevelled=False,
        text=(155, 210, 245),
        corners="brief",
        gaps=(1, 3),
        line=(50, 60, 90),
        chosen=(90, 200, 250),
    ),
    Look(
        name="film_sheet",
        bars=(("top", "header"),),
        face=(8, 10, 14),
        ink=(210, 215, 225),
        accent=(120, 130, 150),
        bevelled=False,
        text=(235, 235, 235),
        corners="brief",
        gaps=(0, 0),
        line=(0, 0, 0),
        margin=8,
    ),
    Look(
        name="old_unix",
        bars=(("top", "title"), ("left", "form"), ("left", "buttons"), ("bottom", "status")),
        face=(128, 148, 152),
        ink=(0, 0, 0),
        accent=(92, 72, 120),
        bevelled=True,
        text=(120, 255, 140),
        corners="full",
        gaps=(2, 6),
        line=(128, 148, 152),
        empty=(60, 70, 72),
        margin=4,
    ),
    Look(
        name="light_list",
        bars=(("bottom", "tasks"), ("top", "title"), ("left", "tree"), ("top", "tools"), ("top", "thumbnails")),
        face=(240, 240, 240),
        ink=(40, 40, 40),
        accent=(0, 120, 215),
        bevelled=False,
        text=(255, 235, 120),
        corners="full",
        gaps=(1, 2),
        line=(150, 150, 150),
        chosen=(255, 140, 0),
    ),
    Look(
        name="white_cards",
        bars=(("top", "tabs"), ("bottom", "thumbnails"), ("left", "icons")),
        face=(248, 249, 251),
        ink=(70, 80, 95),
        accent=(20, 150, 140),
        bevelled=False,
        text=(255, 255, 255),
        corners="pill",
        gaps=(8, 16),
        line=(230, 233, 238),
        empty=(215, 219, 226),
        margin=12,
        round=12,
    ),
    Look(
        name="split_report",
        bars=(("top", "menu"), ("left", "report"), ("bottom", "tools")),
        face=(226, 230, 236),
        ink=(30, 30, 60),
        accent=(150, 40, 60),
        bevelled=False,
        text=(255, 170, 60),
        corners="brief",
        gaps=(3, 8),
        line=(60, 20, 30),
        empty=(80, 84, 92),
        chosen=(230, 60, 60),
        margin=2,
    ),
    Look(
        name="tablet",
        bars=(("top", "banner"), ("right", "discs")),
        face=(74, 32, 96),
        ink=(250, 240, 255),
        accent=(255, 190, 60),
        bevelled=False,
        text=(255, 200, 240),
        corners="pill",
        gaps=(4, 10),
        line=(44, 18, 60),
        empty=(58, 26, 76),
        margin=10,
        round=20,
    ),
)
"""Looks for measurements in development: nothing learns from them."""

HELD_OUT_LOOKS = (
    Look(
        name="night_theatre",
        bars=(("top", "strip"), ("right", "wedge"), ("bottom", "timeline")),
        face=(16, 12, 10),
        ink=(220, 150, 90),
        accent=(200, 90, 30),
        bevelled=False,
        text=(230, 160, 100),
        corners="band",
        gaps=(2, 5),
        line=(52, 36, 26),
        chosen=(255, 140, 40),
        margin=4,
    ),
    Look(
        name="teleconsultation",
        bars=(("top", "title"), ("right", "chat"), ("left", "icons")),
        face=(232, 240, 236),
        ink=(30, 60, 50),
        accent=(40, 140, 110),
        bevelled=False,
        text=(190, 255, 225),
        corners="band",
        gaps=(5, 9),
        line=(170, 190, 182),
        empty=(200, 212, 206),
        margin=6,
        round=6,
    ),
    Look(
        name="service_screen",
        bars=(("left", "wedge"), ("bottom", "timeline"), ("top", "menu"), ("bottom", "status")),
        face=(0, 60, 70),
        ink=(180, 240, 240),
        accent=(240, 220, 60),
        bevelled=True,
        text=(120, 240, 255),
        corners="full",
        gaps=(1, 4),
        line=(0, 110, 120),
        empty=(0, 34, 40),
    ),
)
"""Looks for the final measurement: nothing is trained or chosen on them."""

LOOKS = {look.name: look for look in (*DEVELOPMENT_LOOKS, *HELD_OUT_LOOKS)}
"""All by name."""
