"""Looks of viewers drawn at random, so that what learns from them learns viewers and not a few of them."""

from __future__ import annotations

import colorsys
from dataclasses import replace

import numpy as np

from training.screen.looks import BLACK, Colour, Look

WHITE: Colour = (255, 255, 255)

DOCKED: dict[str, tuple[tuple[str, float], ...]] = {
    "top": (
        ("browser", 0.15),
        ("title", 0.3),
        ("menu", 0.3),
        ("tools", 0.55),
        ("tabs", 0.08),
        ("banner", 0.06),
        ("header", 0.45),
        ("strip", 0.2),
        ("thumbnails", 0.08),
    ),
    "bottom": (("tasks", 0.25), ("status", 0.35), ("tools", 0.12), ("thumbnails", 0.12), ("strip", 0.08)),
    "left": (("icons", 0.2), ("tree", 0.15), ("thumbnails", 0.15), ("form", 0.12), ("buttons", 0.12), ("report", 0.05)),
    "right": (
        ("icons", 0.1),
        ("tree", 0.12),
        ("thumbnails", 0.08),
        ("form", 0.12),
        ("buttons", 0.15),
        ("discs", 0.06),
        ("scroll", 0.3),
    ),
}
"""Kinds of bars at each edge and how often each is there, from the outside in where both stand at one edge."""

MOST_BARS = 7

BARE = 0.15
"""Share of viewers that show pictures on black and hardly anything else, as in full screen: such a screen's edge is
the hardest to see."""


def random_look(rng: np.random.Generator) -> Look:
    """Draw a viewer's look: its bars, their order and colours, lines between the pictures, what is written on them."""
    face, ink, accent = _colours(rng)
    gaps, line = _gaps(rng, face)
    look = Look(
        name="random",
        bars=_bars(rng),
        face=face,
        ink=ink,
        accent=accent,
        bevelled=bool(rng.random() < 0.35),
        text=_colour(rng, (0, 0.6), (0.85, 1)) if rng.random() < 0.5 else (225, 225, 225),
        corners=str(rng.choice(("full", "brief", "pill", "none"), p=(0.54, 0.26, 0.1, 0.1))),
        gaps=gaps,
        line=line,
        empty=_empty(rng, face),
        chosen=_colour(rng, (0.6, 1), (0.7, 1)) if rng.random() < 0.4 else None,
        margin=int(rng.integers(1, 15)) if rng.random() < 0.4 else 0,
        round=int(rng.integers(3, 17)) if rng.random() < 0.15 else 0,
    )
    return _bared(look, rng) if rng.random() < BARE else look


def _bared(look: Look, rng: np.random.Generator) -> Look:
    """Leave one dark bar of a viewer, or none, and black between its pictures."""
    kept = look.bars[: int(rng.integers(0, 2))]
    face = _colour(rng, (0, 0.3), (0.0, 0.1))
    return replace(look, bars=kept, face=face, ink=_colour(rng, (0, 0.2), (0.6, 0.9)), line=BLACK, empty=BLACK)


def _bars(rng: np.random.Generator) -> tuple[tuple[str, str], ...]:
    """At least one bar; those of one edge keep their order, the edges mix."""
    queues = {edge: [(edge, kind) for kind, chance in kinds if rng.random() < chance] for edge, kinds in DOCKED.items()}
    bars: list[tuple[str, str]] = []
    while any(queues.values()) and len(bars) < MOST_BARS:
        edges = [edge for edge, queue in queues.items() if queue]
        bars.append(queues[edges[int(rng.integers(len(edges)))]].pop(0))
    return tuple(bars) or (("top", "strip"),)


def _colour(rng: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value))
    return round(255 * red), round(255 * green), round(255 * blue)


def _colours(rng: np.random.Generator) -> tuple[Colour, Colour, Colour]:
    """Of the bars, of their text, of what is chosen: dark, middling or light, mostly of little colour."""
    shade = rng.choice(3, p=(0.5, 0.2, 0.3))
    value = ((0.0, 0.3), (0.35, 0.65), (0.75, 1.0))[shade]
    face = _colour(rng, (0, 0.6) if rng.random() < 0.25 else (0, 0.2), value)
    dark_text = shade == 2 or (shade == 1 and rng.random() < 0.5)
    ink = _colour(rng, (0, 0.3), (0.0, 0.3) if dark_text else (0.7, 1.0))
    return face, ink, _colour(rng, (0.3, 1), (0.35, 1))


def _gaps(rng: np.random.Generator, face: Colour) -> tuple[tuple[int, int], Colour]:
    """Range of the lines' widths, mostly thin, and their colour."""
    least = int(rng.choice((0, 1, 2, 4, 8), p=(0.3, 0.35, 0.15, 0.12, 0.08)))
    lines = (face, BLACK, (80, 82, 86), _colour(rng, (0, 1), (0.1, 1)), WHITE)
    return (least, least + int(rng.integers(0, 3 + least))), lines[int(rng.choice(5, p=(0.35, 0.15, 0.2, 0.25, 0.05)))]


def _empty(rng: np.random.Generator, face: Colour) -> Colour:
    """Colour of a cell without a picture."""
    return (BLACK, face, _colour(rng, (0, 0.4), (0.05, 0.35)))[int(rng.choice(3, p=(0.6, 0.15, 0.25)))]
