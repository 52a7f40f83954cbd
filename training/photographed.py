"""A data set as a camera sees it: every study shown on a simulated console, photographed, and read by the appliance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from appliance.camera.flatten import from_photo
from appliance.camera.photograph import Photograph, read_photograph
from appliance.camera.quality import Gate, measure_quality
from appliance.camera.stack import photographed_stack
from appliance.imaging.brain import find_brain
from appliance.imaging.head import find_heads
from appliance.reasons import Reason, ReasonCode, Refused
from training.dataset import Dataset, LabelledStack, Study
from training.screen.draw import sitting
from training.screen.families import Family
from training.screen.shot import UNCHANGED, Correction, Shot, take_shot

GRIDS = ((1, 1), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4), (4, 5), (5, 6))
"""Rows and columns in which consoles show a series."""

CHANCES = (0.06, 0.1, 0.12, 0.16, 0.18, 0.16, 0.12, 0.1)
"""How often each is drawn; one picture a screen takes as many photographs as there are slices."""

TAKES = 5
"""Photographs of one screen, at most: the appliance says what is wrong with one, and it is taken again."""

CORRECTION = -1.0
"""Stops by which the exposure is corrected where the appliance says that a photograph is overexposed."""


def photographed(dataset: Dataset, family: Family, capture: int, gate: Gate | None = None) -> Dataset:
    """Return a data set whose studies are photographed when they are read.

    Parameters
    ----------
    dataset : Dataset
        Any data set.
    family : Family
        How consoles, rooms and cameras are.
    capture : int
        Which of any number of captures; the same number takes the same photographs.
    gate : Gate, optional
        What refuses photographs, as the appliance does. Without it they are to be learned from: then every one whose
        layout was read right is good enough, and one that was misread is taken again.
    """
    studies = tuple(replace(study, read=partial(_read, study, family, capture, gate)) for study in dataset.studies)
    return replace(dataset, studies=studies)


def _read(study: Study, family: Family, capture: int, gate: Gate | None) -> LabelledStack:
    found = study.read()
    stack = found.stack
    rng = np.random.default_rng([capture, *study.uid.encode()])
    brain = find_brain(stack, find_heads(stack)).indices
    pictures = photograph_series(stack.pixels, max(brain, default=0), rng, family, gate)
    count = len(pictures)
    labels, kinds = (None if part is None else part[:count] for part in (found.labels, found.kinds))
    return LabelledStack(photographed_stack(pictures, stack.sources[:count]), labels, kinds)


def photograph_series(
    slices: np.ndarray, vertex: int, rng: np.random.Generator, family: Family, gate: Gate | None
) -> list[np.ndarray]:
    """Photograph a series screen by screen, on one console with one camera, as the appliance asks for it.

    Where the gate finds the slices too small, somebody goes closer, and where that does not help, fewer are shown at
    once, down to one.

    Parameters
    ----------
    slices : numpy.ndarray
        uint8, shape ``(n, side, side)``, from the base up, at the window of the data.
    vertex : int
        Index of the highest slice that shows brain.
    rng : numpy.random.Generator
        Source of all randomness.
    family : Family
        How consoles, rooms and cameras are.
    gate : Gate or None
        See `photographed`.

    Returns
    -------
    list of numpy.ndarray
        uint8: what the appliance found of each slice; without the last ones where these lie above the brain and were
        not found, for nobody needs them.

    Raises
    ------
    Refused
        When a screen could not be photographed, or its layout was misread.
    """
    grid = draw_grid(rng)
    here = sitting(family, rng)
    while True:
        try:
            return _pages(slices, vertex, rng, here, grid, gate)
        except Refused as refused:
            fewer = GRIDS.index(grid) - 1
            if refused.reasons[0].code is not ReasonCode.PHOTO_TOO_SMALL or fewer < 0:
                raise
            grid = GRIDS[fewer]  # as the refusal says: show fewer at once


def _pages(
    slices: np.ndarray, vertex: int, rng: np.random.Generator, here: Family, grid: tuple[int, int], gate: Gate | None
) -> list[np.ndarray]:
    rows, columns = grid
    pictures: list[np.ndarray] = []
    for start in range(0, len(slices), rows * columns):
        shown = slices[start : start + rows * columns]
        needed = min(vertex + 1 - start, len(shown))
        try:
            found = _screenful(partial(take_shot, shown, rng, here, rows, columns, None), needed, gate)
        except Refused:
            if needed > 0:
                raise
            break
        pictures += found
        if len(found) < len(shown):
            break
    return pictures


def draw_grid(rng: np.random.Generator) -> tuple[int, int]:
    """Draw rows and columns of a console."""
    return GRIDS[int(rng.choice(len(GRIDS), p=CHANCES))]


def _screenful(take: Callable[[Correction], Shot], needed: int, gate: Gate | None) -> list[np.ndarray]:
    """Photograph a screen until it can be read.

    Parameters
    ----------
    take : callable
        Takes the photograph, given what was changed since the first.
    needed : int
        How many of its slices, the first ones, show brain: these must be found.
    gate : Gate or None
        See `photographed`.
    """
    refusal, correction = Reason(ReasonCode.PHOTO_NO_SCREEN), UNCHANGED
    for _ in range(TAKES):
        shot = take(correction)
        try:
            photograph = read_photograph(shot.photo)
        except Refused as error:
            refusal = error.reasons[0]
            continue
        places = places_of(photograph, shot)
        refusal = Reason(ReasonCode.PHOTO_NO_SLICES)
        if len(places) < needed:
            continue  # the page says how many slices it sees, and the screen shows more
        found = gate.refusal([measure_quality(picture) for picture in photograph.pictures]) if gate else None
        if found is not None:
            refusal = found
            if found.code is ReasonCode.PHOTO_OVEREXPOSED:
                correction = replace(correction, stops=correction.stops + CORRECTION)
            if found.code is ReasonCode.PHOTO_TOO_SMALL:
                correction = replace(correction, closer=True)
            continue
        if places == list(range(len(places))):
            return list(photograph.pictures)
        if gate is not None:
            raise Refused(refusal)  # nobody would notice
    # who went closer and cannot be read from there either shows fewer
    raise Refused(Reason(ReasonCode.PHOTO_TOO_SMALL) if correction.closer else refusal)


def places_of(photograph: Photograph, shot: Shot) -> list[int]:
    """Return which slice of the screen each picture shows; -1 for one that shows none."""
    size = (shot.photo.shape[1], shot.photo.shape[0])
    middles = np.array([tile.corners.mean(axis=0) for tile in shot.tiles])
    x, y = from_photo(middles, photograph.screen, size).T
    places = []
    for left, top, width, height in (box for box in photograph.tiles.boxes if box):
        within = (left <= x) & (x < left + width) & (top <= y) & (y < top + height)
        places.append(shot.tiles[int(within.argmax())].index if within.sum() == 1 else -1)
    return places
