"""The CT pictures within a console's layout: one large, or a grid of tiles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from appliance.camera.finder import Look, look

CORE = 0.8
"""Share of a CT picture's side that the network marks, so that neighbours stay apart."""

LEVELS = (0.5, 0.65, 0.8, 0.9)
"""Levels at which the network's map is cut into pictures."""

SQUARE, FILLED = 0.6, 0.65
"""Shorter over longer side, and share of its box, of what may be a picture's core."""

OVER = 0.15
"""By how much of its side a picture that is not cut may seem to lie beyond the screen."""

HELD, HIDDEN = 0.4, 0.15
"""How likely a cell has to hold a CT picture to be read, and from where on it is not empty though it is not read."""

FITS = (0.85, 1.18)
"""A cell's shorter side over that of the picture which fills it."""

FINE = 4
"""The network's map is enlarged so much before it is cut into pictures."""

SEARCHED = 960
"""Longer side of the picture in which lines between the cells are sought."""

ALIKE = (0.7, 1.4)
"""Sides of the pictures of a grid over their median; others are thumbnails, or cut."""

APART = 0.5
"""Centres further from each other than this share of a picture's side lie in different columns or rows."""

CLEAR = 6.0
"""Step in grey levels at which a line is clear."""

LOOSE = 0.07
"""How far lines may move the borders of cells, over the pitch."""

EVEN = 12.0
"""Largest spread of grey levels, between the 10th and 90th percentile, of a cell that shows nothing."""

LEFT, PART = 0.5, 0.25
"""How likely a cell of the map holds a CT picture that no cell of the grid has, and how many of these make one that was
missed, over those of a picture's core."""

ASIDE = 0.3
"""How far a CT picture may lie from the middle of its cell, over its side."""

Box = Tuple[int, int, int, int]


@dataclass(frozen=True)
class Tiles:
    """A grid of CT pictures on a flat picture of a screen.

    Attributes
    ----------
    rows, columns : int
        Of the grid.
    boxes : tuple
        ``(x, y, width, height)`` of the CT picture in each cell, in reading order; None for an empty cell.
    whole : bool
        Whether every CT picture that is seen lies in its cell: False where one lies beside the grid, or is cut.
    """

    rows: int
    columns: int
    boxes: Tuple[Optional[Box], ...]
    whole: bool = True


@dataclass(frozen=True)
class _Axis:
    """Columns of a grid, or its rows: cells around ``first + pitch * n``; one alone is as wide as is known."""

    first: float
    pitch: float
    count: int

    def borders(self) -> np.ndarray:
        """Borders of all columns, one more than there are columns."""
        return self.first + (np.arange(self.count + 1) - 0.5) * self.pitch


def find_tiles(flat: np.ndarray) -> Optional[Tiles]:
    """Find the CT pictures on a screen.

    Parameters
    ----------
    flat : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``: the flattened picture of a screen, or a screenshot.

    Returns
    -------
    Tiles or None
        None where no CT picture is seen.
    """
    seen = look(flat)
    pictures = pictures_seen(seen, flat.shape[:2])
    if not len(pictures):
        return None
    side = float(np.median(pictures[:, 2:]))
    scale = min(SEARCHED / max(flat.shape[:2]), 1.0)
    grey = cv2.cvtColor(cv2.resize(flat, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    across, down = _axis(pictures[:, 0], side), _axis(pictures[:, 1], side)
    across = _snapped(across, _lines(grey, pictures[:, [1, 3]], scale), scale)
    down = _snapped(down, _lines(grey.T, pictures[:, [0, 2]], scale), scale)
    across, down = _extended(across, down, grey, scale)
    cell = min(across.pitch, down.pitch)
    side = cell if FITS[0] * side < cell < FITS[1] * side else side
    if across.count == down.count == 1 and side > FITS[0] * max(flat.shape[:2]):
        side = float(min(flat.shape[:2]))  # a bare slice: no console is square
    boxes: List[Optional[Box]] = []
    doubtful = False
    for y in down.first + np.arange(down.count) * down.pitch:
        for x in across.first + np.arange(across.count) * across.pitch:
            box = _within((x - side / 2, y - side / 2), side, flat.shape)
            held = _believed(seen, (x, y), side)
            boxes.append(box if held > HELD else None)
            doubtful = doubtful or HIDDEN < held <= HELD
    if not any(boxes):
        return None
    shown = [box for box in boxes if box is not None]
    whole = (
        not doubtful
        and _without_gaps(boxes)
        and _all_in(seen, shown, side)
        and _amid(pictures, shown, side)
        and _within_screen(shown, flat.shape)
    )
    return Tiles(down.count, across.count, tuple(boxes), whole)


def _all_in(seen: Look, boxes: Sequence[Box], side: float) -> bool:
    """Whether no CT picture, or a part of one at the border of the photograph, lies beside the cells."""
    left = (seen.pictures > LEFT).astype(np.uint8)
    for x, y, width, height in boxes:
        top, bottom, start, end = (int(round(v / seen.scale)) for v in (y, y + height, x, x + width))
        left[max(top, 0) : bottom + 1, max(start, 0) : end + 1] = 0
    count, _, statistics, _ = cv2.connectedComponentsWithStats(left)
    core = (CORE * side / seen.scale) ** 2
    return bool((statistics[1:count, cv2.CC_STAT_AREA] < PART * core).all())


def _amid(pictures: np.ndarray, boxes: Sequence[Box], side: float) -> bool:
    """Whether the CT pictures lie in the middle of their cells: they do not where the screen was misread."""
    middles = np.array([(x + width / 2, y + height / 2) for x, y, width, height in boxes])
    away = np.abs(pictures[:, None, :2] - middles).max(axis=2).min(axis=1)
    return bool((away < ASIDE * side).all())


def _without_gaps(boxes: Sequence[Optional[Box]]) -> bool:
    """Whether the empty cells are one before the first slice at most, a survey, and those after the last."""
    filled = [number for number, box in enumerate(boxes) if box is not None]
    return filled[0] <= 1 and filled[-1] - filled[0] + 1 == len(filled)


def _within_screen(boxes: Sequence[Box], shape: Tuple[int, ...]) -> bool:
    """Whether no picture reaches beyond the screen, once those that do so by a little were moved."""
    rows, columns = shape[:2]
    return all(min(x, y) >= 0 and x + width <= columns + 1 and y + height <= rows + 1 for x, y, width, height in boxes)


def _within(corner: Tuple[float, float], side: float, shape: Tuple[int, ...]) -> Box:
    """Square in whole pixels; one that reaches beyond the picture by a little ends with it."""
    side = min(side, *shape[:2]) if side < FITS[1] * min(shape[:2]) else side
    room = [(place, size - side) for place, size in zip(corner, shape[1::-1])]
    moved = [min(max(place, 0), max(most, 0)) for place, most in room]
    x, y = (new if abs(new - old) < OVER * side else old for new, old in zip(moved, corner))
    return int(round(x)), int(round(y)), int(round(side)), int(round(side))


def _believed(seen: Look, centre: Tuple[float, float], side: float) -> float:
    """How likely the network finds it that there is a CT picture around a place, in the mean over its middle."""
    left, right, top, bottom = (
        int(round((place + way * side / 4) / seen.scale)) for place in centre for way in (-1, 1)
    )
    part = seen.pictures[max(top, 0) : bottom + 1, max(left, 0) : right + 1]
    return float(part.mean()) if part.size else 0.0


def pictures_seen(seen: Look, shape: Tuple[int, int]) -> np.ndarray:
    """Return the centre (x, y), width and height of each CT picture in pixels: float64, shape ``(n, 4)``."""
    rows, columns = (int(np.ceil(side / seen.scale)) for side in shape)
    level = cv2.resize(seen.pictures[:rows, :columns], None, fx=FINE, fy=FINE, interpolation=cv2.INTER_LINEAR)
    # neighbours that touch at one level are parted at a higher one
    best = max(
        (_alike(level, threshold) for threshold in LEVELS), key=lambda found: float(found[:, 2:].prod(axis=1).sum())
    )
    best = best / FINE * seen.scale
    best[:, :2] -= 0.5
    return best


def _alike(level: np.ndarray, threshold: float) -> np.ndarray:
    """Squares of one size on the network's map, where it is above a threshold: as `pictures_seen` returns them."""
    count, _, statistics, middles = cv2.connectedComponentsWithStats((level > threshold).astype(np.uint8))
    spans, area = statistics[1:count, 2:4].astype(np.float64), statistics[1:count, 4]
    square = (spans.min(axis=1) > SQUARE * spans.max(axis=1)) & (area > FILLED * spans.prod(axis=1))
    chosen = square & (spans.min(axis=1) > 1.5 * FINE)
    # by its area: a spur that reaches from a core into a tool bar widens its box, and hardly its area
    sides = np.sqrt(area[chosen]) / CORE
    found, spans = np.column_stack([middles[1:count][chosen] + 0.5, sides, sides]), spans[chosen].min(axis=1)
    if not len(found):
        return found
    # the median by area: a list of thumbnails is many, but small
    order = np.argsort(sides)
    middle = order[int(np.searchsorted(np.cumsum(sides[order] ** 2), 0.5 * (sides**2).sum()))]
    # one that is cut shows it by its box
    whole = spans > ALIKE[0] * spans[middle]
    return found[whole & (sides < ALIKE[1] * sides[middle])]


def _axis(centres: np.ndarray, side: float) -> _Axis:
    order = np.sort(centres)
    groups = np.split(order, np.nonzero(np.diff(order) > APART * side)[0] + 1)
    middles = np.array([group.mean() for group in groups])
    if len(middles) == 1:
        return _Axis(float(middles[0]), side, 1)
    steps = np.diff(middles)
    pitch = float(np.median(steps[steps < 1.5 * steps.min()]))
    number = np.rint((middles - middles[0]) / pitch)
    pitch, first = (float(v) for v in np.polyfit(number, middles, 1, w=[len(group) ** 0.5 for group in groups]))
    return _Axis(first, pitch, int(number[-1]) + 1)


def _lines(grey: np.ndarray, extents: np.ndarray, scale: float) -> np.ndarray:
    """How strong a line down is at each x, in grey levels, over the heights (centre and size) that pictures have."""
    top = max(int((extents[:, 0] - extents[:, 1] / 2).min() * scale), 0)
    bottom = max(int((extents[:, 0] + extents[:, 1] / 2).max() * scale), top + 1)
    part = cv2.blur(grey[top:bottom].astype(np.float32), (1, 5))
    slope = np.zeros_like(part)
    slope[:, 1:-1] = part[:, 2:] - part[:, :-2]
    return np.abs(np.median(slope, axis=0))


def _snapped(axis: _Axis, line: np.ndarray, scale: float) -> _Axis:
    """Move the borders of cells onto lines near them; a cell alone may be wider than its picture, which is amid it."""
    strong = np.minimum(cv2.dilate(line[None].astype(np.float32), np.ones((1, 3), np.uint8))[0], CLEAR)
    middle, numbers = axis.borders().mean(), np.arange(axis.count + 1) - axis.count / 2
    reach = LOOSE * axis.pitch
    stretches = 1 + np.linspace(-LOOSE, LOOSE, 29) / max(axis.count / 2, 1)
    if axis.count == 1:
        widest = 2 * max(middle, len(line) / scale - middle) / axis.pitch
        stretches = np.append(stretches, np.arange(1 + LOOSE, widest, 1 / (scale * axis.pitch)))
    best, chosen = 0.0, axis
    for stretch in stretches:
        cost = 0.15 * CLEAR * min(abs(stretch - 1) / (stretches[1] - stretches[0]) / 14, 2)
        for shift in np.linspace(-reach, reach, max(3, 2 * int(reach * scale) + 1)):
            at = np.rint((middle + shift + numbers * axis.pitch * stretch) * scale).astype(int)
            there = (at >= 0) & (at < len(strong))
            value = float(strong[at[there]].sum()) / len(at) - cost - 0.15 * CLEAR * abs(shift) / reach
            if value > best:
                pitch = axis.pitch * stretch
                first = middle + shift + (numbers[0] + 0.5) * pitch
                best, chosen = value, _Axis(float(first), float(pitch), axis.count)
    return chosen


def _extended(across: _Axis, down: _Axis, grey: np.ndarray, scale: float) -> Tuple[_Axis, _Axis]:
    """Add cells that show nothing: to the right of a single row, or as rows below."""
    while down.count == 1 and _shows_nothing(grey, across.borders()[-1], across.pitch, down.borders()[[0, -1]], scale):
        across = replace(across, count=across.count + 1)
    return across, down


def _shows_nothing(grey: np.ndarray, start: float, pitch: float, extent: np.ndarray, scale: float) -> bool:
    left, right = int((start + 0.05 * pitch) * scale), int((start + 0.95 * pitch) * scale)
    top, bottom = (int(v * scale) for v in extent)
    if right > grey.shape[1] or right - left < 8:
        return False
    part = grey[max(top, 0) : bottom, left:right]
    low, high = np.percentile(part, (5, 95))
    return bool(high - low < EVEN)
