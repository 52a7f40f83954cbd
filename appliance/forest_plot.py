"""A forest plot, as an SVG written by hand: one line a share, its estimate as a square, its interval as a bar."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import List, Optional, Sequence, Tuple

_WIDTH = 860
_LEFT, _RIGHT = 190, 510
"""Where 0 and 1 lie, in pixels."""
_TOP, _LINE, _BOTTOM = 74, 30, 62
_SQUARE = 9
_FONT = "font-family='system-ui, Noto Sans CJK JP, sans-serif'"


@dataclass(frozen=True)
class Line:
    """One line of the plot.

    Attributes
    ----------
    label : str
        What is shown.
    text : str
        The same in figures, at the right.
    share : float or None
        From 0 to 1; None where there is nothing to show, and for a heading.
    interval : tuple of float or None
        Its lower and upper edge.
    heading : bool
        Whether the lines below belong together under this one.
    """

    label: str
    text: str = ""
    share: Optional[float] = None
    interval: Optional[Tuple[float, float]] = None
    heading: bool = False


def forest_plot(title: str, subtitle: str, lines: Sequence[Line], footnote: str) -> str:
    """Draw shares with their intervals along one axis from 0 to 1.

    Parameters
    ----------
    title, subtitle, footnote : str
        Stand above, below that, and under the axis.
    lines : sequence of Line
        From above to below.

    Returns
    -------
    str
        An SVG document, black on white.
    """
    bottom = _TOP + _LINE * len(lines)
    height = bottom + _BOTTOM
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{height}' "
        f"viewBox='0 0 {_WIDTH} {height}' role='img' {_FONT} font-size='14'>",
        f"<title>{escape(title)}</title>",
        "<rect width='100%' height='100%' fill='#fff'/>",
        _text(24, 32, title, "font-size='19' font-weight='700'"),
        _text(24, 54, subtitle, "fill='#444'"),
    ]
    for tenth in range(0, 11, 2):
        x = _at(tenth / 10)
        parts.append(f"<line x1='{x}' x2='{x}' y1='{_TOP}' y2='{bottom}' stroke='#ccc'/>")
        parts.append(_text(x, bottom + 18, f"{tenth * 10} %", "text-anchor='middle' fill='#444' font-size='12'"))
    for number, line in enumerate(lines):
        parts += _line(line, _TOP + _LINE * (number + 0.5))
    parts.append(_text(24, bottom + 44, footnote, "fill='#444' font-size='12'"))
    return "\n".join([*parts, "</svg>", ""])


def _line(line: Line, y: float) -> List[str]:
    style = "font-weight='700'" if line.heading else ""
    parts = [_text(24 if line.heading else 40, y + 5, line.label, style), _text(_RIGHT + 24, y + 5, line.text, "")]
    if line.share is None or line.interval is None:
        return parts
    low, high = (_at(edge) for edge in line.interval)
    x = _at(line.share)
    parts.append(f"<line x1='{low}' x2='{high}' y1='{y}' y2='{y}' stroke='#000' stroke-width='2'/>")
    parts += [f"<line x1='{edge}' x2='{edge}' y1='{y - 5}' y2='{y + 5}' stroke='#000'/>" for edge in (low, high)]
    parts.append(f"<rect x='{x - _SQUARE / 2}' y='{y - _SQUARE / 2}' width='{_SQUARE}' height='{_SQUARE}'/>")
    return parts


def _at(share: float) -> float:
    return round(_LEFT + (_RIGHT - _LEFT) * share, 1)


def _text(x: float, y: float, words: str, style: str) -> str:
    return f"<text x='{x}' y='{y}' {style}>{escape(words)}</text>"
