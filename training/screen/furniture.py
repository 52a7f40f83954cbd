"""What a viewer draws around the CT pictures: bars docked at the screen's edges."""

from __future__ import annotations

from collections.abc import Callable

from training.screen import bars, side_bars
from training.screen.brush import Box, Brush

BARS: dict[str, tuple[float, float, Callable[[Brush, Box], None]]] = {
    "title": (24, 34, bars.title),
    "menu": (22, 28, bars.menu),
    "tools": (34, 62, bars.tools),
    "header": (30, 54, bars.header),
    "strip": (18, 26, bars.strip),
    "browser": (60, 90, bars.browser),
    "tabs": (44, 60, bars.tabs),
    "banner": (70, 100, bars.banner),
    "discs": (70, 100, side_bars.discs),
    "thumbnails": (100, 180, side_bars.thumbnails),
    "tree": (160, 320, side_bars.tree),
    "buttons": (110, 240, side_bars.buttons),
    "icons": (44, 70, side_bars.icons),
    "form": (140, 220, side_bars.form),
    "report": (500, 860, side_bars.report),
    "status": (22, 30, bars.status),
    "tasks": (34, 48, bars.tasks),
    "timeline": (48, 70, bars.timeline),
    "wedge": (80, 120, side_bars.wedge),
    "chat": (220, 340, side_bars.chat),
    "scroll": (12, 18, side_bars.scroll),
}
"""Kinds of bars: least and largest thickness in pixels of a panel 1080 high, and what draws them."""


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
