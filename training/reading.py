"""How well slices are read off simulated screens: shots of tiles, and films of somebody who scrolls.

Only reading is measured: where the screen and the pictures on it are found, whether each slice of a film comes once and
in its order. What the network makes of them is `training.routes`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from appliance.camera.largest import largest_picture
from appliance.camera.photograph import read_photograph
from appliance.camera.screen import find_screen
from appliance.camera.scroll import ScrollCapture
from appliance.camera.sources import Frame
from appliance.imaging.brain import find_brain
from appliance.imaging.head import find_heads
from appliance.reasons import Refused
from training.dataset import Study
from training.documents import TrainingError
from training.metrics import Bootstrap, share_figure, shares
from training.photographed import draw_grid, places_of
from training.screen.families import Family
from training.screen.scroll_video import scroll_script, scroll_video
from training.screen.shot import Shot, take_shot

FOUND = 0.9
"""Overlap of a screen with the one that was found, over what the two cover together, from which it was found."""

CUT = 0.02
"""How far a CT picture may lie beyond the photograph, over its side, and still be whole."""

REST_S = 0.2
"""A slice that is shown for so long in one go was rested on; others were scrolled through."""


@dataclass(frozen=True)
class ReadShot:
    """A shot without a fault, as it was read.

    Attributes
    ----------
    patient : str
        Whose slices it shows.
    away : float
        Largest distance of a corner of the screen from the truth, over the screen's width; infinite where none was
        found, NaN where the photograph does not show all of them.
    overlap : float
        Of the screen with the one that was found, over what the two cover together; NaN as above.
    cut : bool
        Whether a CT picture lies partly beyond the photograph, so that it has to be refused.
    right : bool
        Whether every slice that shows brain was read, each from its place.
    refused : bool
        Whether the appliance said that it could not read it.
    """

    patient: str
    away: float
    overlap: float
    cut: bool
    right: bool
    refused: bool


@dataclass(frozen=True)
class ReadFilm:
    """A film of a series, as it was read.

    Attributes
    ----------
    patient : str
        Whose slices it shows.
    cut : bool
        Whether the CT picture lies partly beyond most frames, so that it has to be shown anew.
    shown, rested : int
        How many slices, and on how many of them the doctor rested.
    rested_found : int
        On how many of those that were found the doctor rested.
    once, again : int
        How many slices were found, and how many of these a second time.
    mixed : int
        How many pictures were taken for slices that show the change from one to another.
    in_order : bool
        Whether what was found goes from the base of the skull up.
    missed : int
        How many slices between the lowest and the highest that were found were not.
    gaps : int
        In how many places the appliance said that slices may have passed unseen.
    """

    patient: str
    cut: bool
    shown: int
    rested: int
    rested_found: int
    once: int
    again: int
    mixed: int
    in_order: bool
    missed: int
    gaps: int


def read_shot(study: Study, rng: np.random.Generator, family: Family) -> ReadShot:
    """Photograph a page of a series, and read it."""
    stack = study.read().stack
    vertex = max(find_brain(stack, find_heads(stack)).indices, default=0)
    rows, columns = draw_grid(rng)
    start = int(rng.integers(vertex // (rows * columns) + 1)) * rows * columns
    shown = stack.pixels[start : start + rows * columns]
    shot = take_shot(shown, rng, family, rows, columns)
    away, overlap = _found(shot)
    try:
        places = places_of(read_photograph(shot.photo), shot)
        right = places == list(range(len(places))) and len(places) >= min(vertex + 1 - start, len(shown))
        refused = False
    except Refused:
        right, refused = False, True
    return ReadShot(study.patient, away, overlap, _cut(shot), right, refused)


def _found(shot: Shot) -> tuple[float, float]:
    """How far the corners of the screen are from the truth, and how far both overlap; NaN where not all are shown."""
    size = np.array(shot.photo.shape[1::-1])
    if ((shot.screen < -0.5) | (shot.screen > size - 0.5)).any():
        return float("nan"), float("nan")
    screen = find_screen(shot.photo)
    if screen is None:
        return float("inf"), 0.0
    width = float(np.linalg.norm(shot.screen[1] - shot.screen[0]))
    truth, found = (corners.astype(np.float32) for corners in (shot.screen, screen.corners))
    both, _ = cv2.intersectConvexConvex(truth, found)
    either = cv2.contourArea(truth) + cv2.contourArea(found) - both
    return float(np.linalg.norm(found - truth, axis=1).max()) / width, float(both / either)


def _cut(shot: Shot) -> bool:
    zoom = float(shot.settings["zoom"])
    for tile in shot.tiles:
        middle = tile.corners.mean(axis=0)
        if tile.index >= 0 and _beyond(middle + (tile.corners - middle) / zoom, shot.photo) > CUT:
            return True
    return False


def _beyond(corners: np.ndarray, photo: np.ndarray) -> float:
    """How far a CT picture lies beyond a photograph, over its side."""
    size = np.array(photo.shape[1::-1])
    return float(np.maximum(-corners, corners - size).max() / np.linalg.norm(corners[1] - corners[0]))


def read_film(study: Study, rng: np.random.Generator, family: Family, hand_held: bool) -> ReadFilm:
    """Film somebody who scrolls through the slices that show brain, and one beyond at either end, and read it."""
    stack = study.read().stack
    brain = find_brain(stack, find_heads(stack)).indices
    last = len(stack.pixels) - 1
    shown = stack.pixels[max(min(brain, default=0) - 1, 0) : max(brain, default=last) + 2]
    script = scroll_script(len(shown), rng)
    capture = ScrollCapture(largest_picture)
    seen: list[tuple[float, int | None]] = []
    beyond = []
    for number, frame in enumerate(scroll_video(shown, rng, family, hand_held, script)):
        seen.append((frame.time, frame.slice))
        beyond.append(_beyond(frame.tile, frame.photo))
        capture.add(Frame(frame.photo, frame.time, number))
    found = [_slice_at(seen, moment.first_s, moment.last_s) for moment in capture.in_order()]
    rested = {index for (since, index), (until, _) in pairwise(script) if until - since >= REST_S}
    cut = bool(np.median(beyond) > CUT)
    return count_film(study.patient, cut, len(shown), rested, found, capture.gaps)


def count_film(
    patient: str, cut: bool, shown: int, rested: Collection[int], found: Sequence[int | None], gaps: int
) -> ReadFilm:
    """Count what was found in a film: in its order, the slice that each picture shows, None where it shows none."""
    known = [index for index in found if index is not None]
    different = list(dict.fromkeys(known))
    rising = bool((np.diff(different) > 0).all())
    return ReadFilm(
        patient=patient,
        cut=cut,
        shown=shown,
        rested=len(rested),
        rested_found=len(set(rested) & set(known)),
        once=len(different),
        again=len(known) - len(different),
        mixed=len(found) - len(known),
        in_order=bool(different) and rising,
        missed=max(different) - min(different) + 1 - len(different) if different else 0,
        gaps=gaps,
    )


def _slice_at(seen: Sequence[tuple[float, int | None]], first_s: float, last_s: float) -> int | None:
    """The slice that most frames of a time show."""
    shown = [index for time, index in seen if first_s <= time <= last_s and index is not None]
    return max(set(shown), key=shown.count) if shown else None


def measure_reading(
    studies: Sequence[Study],
    family: Family,
    shots: int,
    films: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Read shots and films, and count.

    Parameters
    ----------
    studies : sequence of Study
        Whose slices are shown, drawn by lot.
    family : Family
        How consoles, rooms and cameras are.
    shots, films : int
        How many; none has a fault.
    say : callable
        Told a line now and then.

    Returns
    -------
    dict
        What was asked for, counts, the median of `ReadShot.away`, and shares as of `training.metrics.share_figure`.

    Raises
    ------
    TrainingError
        When nothing is to be read.
    """
    if not shots and not films:
        raise TrainingError("Nothing is to be read; ask for shots, films or both.")
    usable = replace(family, usable=1.0)
    document: dict[str, Any] = {"family": family.name, "shots": shots, "films": films}
    read = []
    for number in range(shots):
        rng = np.random.default_rng([number, 1])
        read.append(read_shot(studies[int(rng.integers(len(studies)))], rng, usable))
        if number % 20 == 19:
            say(f"{number + 1} of {shots} shots read")
    if read:
        document.update(_of_shots(read))
    filmed = []
    for number in range(films):
        rng = np.random.default_rng([number, 2])
        study = studies[int(rng.integers(len(studies)))]
        filmed.append(read_film(study, rng, usable, hand_held=number % 2 == 1))
        say(f"{number + 1} of {films} films read")
    if filmed:
        document.update(_of_films(filmed))
    return document


def _of_shots(read: Sequence[ReadShot]) -> dict[str, Any]:
    whole = [one for one in read if not np.isnan(one.away)]
    uncut = [one for one in read if not one.cut]
    median = float(np.median([one.away for one in whole])) if whole else None
    return {
        "whole_screens": len(whole),
        "corners_away_median": None if median is None else round(median, 4),
        "screen_found": _share([(one.patient, one.overlap >= FOUND) for one in whole]),
        "pictures_cut": len(read) - len(uncut),
        "read_right": _share([(one.patient, one.right) for one in uncut]),
        "wrong_unnoticed": _share([(one.patient, not one.right and not one.refused) for one in read]),
    }


def _of_films(filmed: Sequence[ReadFilm]) -> dict[str, Any]:
    # one that is cut may be refused; once it is read, what was read counts
    whole = [one for one in filmed if not one.cut or one.once]
    return {
        "films_cut": sum(one.cut for one in filmed),
        "films_cut_refused": len(filmed) - len(whole),
        "slices_shown": sum(one.shown for one in whole),
        "slices_found": sum(one.once for one in whole),
        "slices_rested_on": sum(one.rested for one in whole),
        "of_these_found": sum(one.rested_found for one in whole),
        "slices_found_again": sum(one.again for one in whole),
        "pictures_of_no_slice": sum(one.mixed for one in whole),
        "films_with_slices_missed_between": sum(one.missed > 0 for one in whole),
        "of_these_unnoticed": sum(one.missed > 0 and not one.gaps for one in whole),
        "others_said_to_have_gaps": sum(one.missed == 0 and one.gaps > 0 for one in whole),
        "in_order": _share([(one.patient, one.in_order) for one in whole]),
    }


def _share(items: Sequence[tuple[str, bool]]) -> dict[str, Any]:
    if not items:
        return {"patients": 0}
    patients = np.array([patient for patient, _ in items])
    true = np.array([value for _, value in items])
    measured = Bootstrap(patients).measure(partial(shares, true, np.ones_like(true)))
    return share_figure(measured, len(np.unique(patients)))
