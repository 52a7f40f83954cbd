"""The CT pictures of a screen as a lattice, which shows whether the screen was read straight.

One side of a screen is easily mistaken in a photograph: its border is black beside black, or an edge of the room runs
along. Pictures that stand side by side are a regular lattice on every console; where they form none on the flattened
picture, the screen is corrected until they do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Tuple

import cv2
import numpy as np

from appliance.camera.finder import look
from appliance.camera.flatten import flat_size, flatten, to_photo
from appliance.camera.layout import pictures_seen
from appliance.camera.screen import Screen

FEWEST = 4
"""Pictures in at least two rows and two columns; fewer tell nothing."""

NEAR = 0.35
"""How far a neighbour may lie from where the last one's neighbour leads to expect it, over their distance."""

SKEW = 0.06
"""How far pictures may lie from straight rows and columns, over their side, before the screen is corrected."""

FITS = 0.5
"""How far they may lie from the lattice at most, over how far they lie from straight rows and columns."""

LARGEST = 3.0
"""A corrected screen is at most so many times as wide and high as the one before."""

TURNS = 2
"""The network sees better what is nearly straight, so its answer is asked for again."""

_Place = Tuple[int, int]


def straightened(frame: np.ndarray, screen: Screen) -> Screen:
    """Correct a screen on which the CT pictures stand askew.

    Parameters
    ----------
    frame : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, BGR: the photograph.
    screen : Screen
        Where a screen was found in it.

    Returns
    -------
    Screen
        The same where the pictures stand straight, or do not tell.
    """
    size = (frame.shape[1], frame.shape[0])
    for _ in range(TURNS):
        corners = _corrected(frame, screen, size)
        if corners is None:
            return screen
        screen = replace(screen, corners=corners)
    return screen


def _corrected(frame: np.ndarray, screen: Screen, size: Tuple[int, int]) -> Optional[np.ndarray]:
    """The corners of a rectangle of the lattice that holds the screen; None where nothing is to be corrected."""
    if screen.kind == "frame":
        return None
    flat = flatten(frame, screen)
    pictures = pictures_seen(look(flat), flat.shape[:2])
    if len(pictures) < FEWEST:
        return None
    side = float(np.median(pictures[:, 2:]))
    places = _places(pictures[:, :2], side)
    numbers = np.array(list(places.values()), np.float64).reshape(-1, 2)
    if len(places) < FEWEST or (np.ptp(numbers, axis=0) < 1).any():
        return None
    middles = pictures[list(places), :2]
    straight = _away(_rows_and_columns(numbers, middles), middles)
    lattice, _ = cv2.findHomography(numbers, middles, 0)
    if straight < SKEW * side or lattice is None:
        return None
    if _away(cv2.perspectiveTransform(numbers[:, None], lattice)[:, 0], middles) > FITS * straight:
        return None
    width, height = flat_size(screen, size)
    border = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - 0.5
    around = cv2.perspectiveTransform(border[:, None], np.linalg.inv(lattice))[:, 0]
    (left, top), (right, bottom) = around.min(axis=0), around.max(axis=0)
    before = np.linalg.norm(around - np.roll(around, 1, axis=0), axis=1)
    if not np.isfinite(around).all() or max(right - left, bottom - top) > LARGEST * before.min():
        return None
    wanted = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return to_photo(cv2.perspectiveTransform(wanted[:, None], lattice)[:, 0], screen, size)


def _places(middles: np.ndarray, side: float) -> Dict[int, _Place]:
    """Column and row of each picture, by its number, as far as neighbours of neighbours of the middle one reach."""
    across, down = _steps(middles, side)
    first = int(np.argmin(np.linalg.norm(middles - middles.mean(axis=0), axis=1)))
    places: Dict[int, _Place] = {first: (0, 0)}
    open_: List[Tuple[int, np.ndarray, np.ndarray]] = [(first, across, down)]
    while open_:
        number, across, down = open_.pop(0)
        for way, step in (((1, 0), across), ((-1, 0), -across), ((0, 1), down), ((0, -1), -down)):
            away = np.linalg.norm(middles - middles[number] - step, axis=1)
            found = int(np.argmin(away))
            if away[found] > NEAR * float(np.linalg.norm(step)) or found in places:
                continue
            places[found] = (places[number][0] + way[0], places[number][1] + way[1])
            taken = (middles[found] - middles[number]) * (way[0] + way[1])
            open_.append((found, taken, down) if way[0] else (found, across, taken))
    return places


def _steps(middles: np.ndarray, side: float) -> Tuple[np.ndarray, np.ndarray]:
    """The usual way from a picture to its neighbour at the right, and to the one below."""
    ways = (middles[None] - middles[:, None]).reshape(-1, 2)
    length = np.linalg.norm(ways, axis=1)
    found = []
    for along, beside in ((0, 1), (1, 0)):
        sector = (ways[:, along] > 0.5 * side) & (np.abs(ways[:, beside]) < 0.6 * ways[:, along])
        if sector.any():
            nearest = sector & (length < 1.4 * length[sector].min())
            found.append(np.median(ways[nearest], axis=0))
        else:
            found.append(side * np.eye(2)[along])
    return found[0], found[1]


def _rows_and_columns(numbers: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Where the pictures would lie in straight rows and columns, evenly spaced."""
    lines = [np.polyval(np.polyfit(numbers[:, axis], middles[:, axis], 1), numbers[:, axis]) for axis in (0, 1)]
    return np.stack(lines, axis=1)


def _away(expected: np.ndarray, middles: np.ndarray) -> float:
    """How far the middles lie from where they are expected: the 90th percentile, in pixels."""
    return float(np.percentile(np.linalg.norm(expected - middles, axis=1), 90))
