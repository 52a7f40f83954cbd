"""Where the screen lies in a photograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

import cv2
import numpy as np

from appliance.camera.finder import HEIGHT, WIDTH, look
from appliance.camera.lens import bend_back, straighten
from appliance.camera.lines import find_edges, find_pencil
from appliance.camera.quadrilateral import find_quadrilateral
from appliance.camera.sides import corners_of, find_bend, line_through, refine

SHOWN = 0.4
"""How likely at least one place has to belong to a CT picture."""

AROUND = 0.08
"""What a second look takes in around the screen found first, over its width and height."""

BELIEF = 384
"""Width of the map of what the network believes, over the whole photograph."""

MIN_SEEN = 0.3
"""Share of a side that has to be within the photograph."""

BORDER = 1.5
"""Cells from the photograph's border within which a side is the border's own."""

SEARCHED = 800
"""Longer side of the picture in which straight edges are sought."""

FILLS = 0.15
"""How far a screen that fills the picture seems to end from its corners, at most, over its longer side."""

ALONE = 0.42
"""Share of a picture that the core of a CT picture covers where nothing else is shown; it would be 0.64."""

LONG = 0.12
"""Shortest edge that tells whether a picture is flat, over its width."""

LEVEL = 0.004
"""Largest slope of most lines of a picture that already is flat."""


@dataclass(frozen=True)
class Screen:
    """A screen in a photograph.

    Attributes
    ----------
    corners : numpy.ndarray
        float64, shape ``(4, 2)``: x and y of the top left, top right, bottom right and bottom left corner in pixels of
        the photograph (pixel centres at whole numbers).
    kind : str
        ``monitor``: the panel's lit area; ``pane``: upright like the screen, where not all of its border is visible;
        ``frame``: the whole picture, which already is flat.
    bend : float
        How the lens bends lines, as `appliance.camera.lens` measures it.
    """

    corners: np.ndarray
    kind: str
    bend: float = 0.0


def find_screen(frame: np.ndarray) -> Optional[Screen]:
    """Find the screen in a photograph.

    Parameters
    ----------
    frame : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, BGR, held roughly upright.

    Returns
    -------
    Screen or None
        None where no screen that shows CT pictures is seen.
    """
    size = frame.shape[1], frame.shape[0]
    seen = look(frame)
    if seen.pictures.max() < SHOWN:
        return None
    corners = find_quadrilateral(seen, size)
    if corners is None:
        return _whole(size)
    whole = _whole(size)
    slice_alone = float((seen.pictures > 0.5).sum()) * seen.scale**2 > ALONE * size[0] * size[1]
    if slice_alone or (np.abs(corners - whole.corners).max() < FILLS * max(size) and _is_flat(frame)):
        return whole
    corners, belief = _second_look(frame, corners)
    sides = [_visible(corners[i], corners[(i + 1) % 4], size, BORDER * seen.scale) for i in range(4)]
    width = float(np.linalg.norm(corners[[1, 2]] - corners[[0, 3]], axis=1).mean())
    edges = refine(frame, sides, width, belief)
    bend = find_bend(edges, size)
    lines = [None if edge is None else line_through(straighten(edge, bend, size)) for edge in edges]
    if any(line is None for line in lines):
        return _upright(frame, straighten(corners, bend, size), lines, bend)
    return _screen(lines, "monitor", bend, size)


def _whole(size: Tuple[int, int]) -> Screen:
    columns, rows = size
    return Screen(np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]]) - 0.5, "frame")


def _screen(lines: List[Optional[np.ndarray]], kind: str, bend: float, size: Tuple[int, int]) -> Optional[Screen]:
    corners = corners_of([line for line in lines if line is not None])
    sides = np.roll(corners, -1, axis=0) - corners
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if not np.isfinite(corners).all() or (turns <= 0).any() or np.abs(corners).max() > 4 * max(size):
        return None
    return Screen(bend_back(corners, bend, size), kind, bend)


def _second_look(frame: np.ndarray, corners: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Look again from close by, with what was found so far turned straight.

    Returns
    -------
    numpy.ndarray
        The corners found now.
    numpy.ndarray
        float32, the photograph's shape but coarser: how likely each place lies on the screen.
    """
    wide = corners.mean(axis=0) + (1 + 2 * AROUND) * (corners - corners.mean(axis=0))
    target = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]]) - 0.5
    shrink = min(2 * WIDTH / float(np.ptp(wide[:, 0])), 1.0)
    small = cv2.resize(frame, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    source = (wide + 0.5) * shrink - 0.5
    warp = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    near = cv2.warpPerspective(small, warp, (WIDTH, HEIGHT))
    seen = look(near)
    size = BELIEF, int(round(BELIEF * frame.shape[0] / frame.shape[1]))
    # from cells of the map to the photograph's own places
    reduce = np.diag([size[0] / small.shape[1], size[1] / small.shape[0], 1.0])
    belief = cv2.warpPerspective(seen.screen, reduce @ np.linalg.inv(warp) @ np.diag([2.0, 2.0, 1.0]), size)
    found = find_quadrilateral(seen, (WIDTH, HEIGHT))
    if found is None:
        return corners, belief
    back = cv2.perspectiveTransform(found.reshape(-1, 1, 2), np.linalg.inv(warp))[:, 0]
    return (back + 0.5) / shrink - 0.5, belief


def _visible(start: np.ndarray, end: np.ndarray, size: Tuple[int, int], border: float) -> Optional[np.ndarray]:
    """Both ends of the part of a side that lies within the photograph; None where that is too little."""
    share = np.linspace(0, 1, 101)[:, None]
    points = start * (1 - share) + end * share
    within = ((points > border) & (points < np.array(size) - 1 - border)).all(axis=1)
    return points[within][[0, -1]] if within.mean() >= MIN_SEEN else None


def _upright(
    frame: np.ndarray, corners: np.ndarray, lines: List[Optional[np.ndarray]], bend: float
) -> Optional[Screen]:
    """Screen whose border is cut in part: the straight edges on it tell how it is turned."""
    rows, columns = frame.shape[:2]
    scale = min(SEARCHED / max(rows, columns), 1.0)
    grey = cv2.resize(frame.max(axis=2), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    middle = np.array([(columns - 1) / 2, (rows - 1) / 2])
    away = (corners - middle) * scale
    whole: List[Optional[np.ndarray]] = list(lines)
    for axis, edges in enumerate(find_edges(grey)):
        pencil = find_pencil(edges)[0]
        places = pencil.along(away[:, ::-1] if axis else away)
        for number, t in ((3 if axis else 0, places.min()), (1 if axis else 2, places.max())):
            if whole[number] is None:
                slope = pencil.slope + pencil.turn * t
                line = np.array([slope, -1.0, t / scale]) if axis == 0 else np.array([-1.0, slope, t / scale])
                line[2] -= line[:2] @ middle
                whole[number] = line
    return _screen(whole, "pane", bend, (columns, rows))


def _is_flat(frame: np.ndarray) -> bool:
    """Tell whether the long edges of a picture, where there are any, run exactly along its own axes."""
    scale = min(SEARCHED / max(frame.shape[:2]), 1.0)
    grey = cv2.resize(frame.max(axis=2), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for edges in find_edges(grey):
        ends = edges.ends[edges.length > LONG * grey.shape[1]]
        slope = (ends[:, 1, 1] - ends[:, 0, 1]) / (ends[:, 1, 0] - ends[:, 0, 0])
        length = edges.length[edges.length > LONG * grey.shape[1]]
        if length[np.abs(slope) > LEVEL].sum() > 0.5 * length.sum():
            return False
    return True
