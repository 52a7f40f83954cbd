"""Shots of a data set's series written as files, for looking at and for measuring on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from appliance.files import replace_file
from training.dataset import Dataset
from training.documents import TrainingError, write_json
from training.screen.families import Family
from training.screen.shot import Shot, take_shot

GRIDS = ((1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4), (4, 5), (4, 6), (5, 6))
"""Rows and columns that viewers offer."""

KEPT = 5
"""One patient in as many is kept for the final measurement."""


def kept_for_the_end(patient: str) -> bool:
    """Tell whether a patient's pictures are kept for the final measurement, as no development may see them.

    Parameters
    ----------
    patient : str
        His name in the data set: by its number where it is one, else by its hash.
    """
    number = int(patient) if patient.isdecimal() else int(hashlib.sha256(patient.encode()).hexdigest(), 16)
    return number % KEPT == 0


def photograph_series(dataset: Dataset, folder: Path, count: int, seed: int, family: Family, final: bool) -> None:
    """Photograph pages of a data set's series on simulated consoles.

    Parameters
    ----------
    dataset : Dataset
        Where the series come from.
    folder : pathlib.Path
        Gets ``0000.png``, ``0000.json`` and so on. The document holds the shot's truth
        (`training.screen.shot.Shot`), the patient, and which of the series' slices the pictures are, from 0.
    count, seed : int
        How many, and from what they are drawn; shot ``n`` is the same whatever the count.
    family : Family
        One of `training.screen.families`.
    final : bool
        Whether the patients kept for the final measurement are taken, and no others, instead of all others.

    Raises
    ------
    TrainingError
        When the data set has no such patient.
    """
    studies = [study for study in dataset.studies if kept_for_the_end(study.patient) == final]
    if not studies:
        raise TrainingError(f"The data set {dataset.info.name} holds no such patient.")
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        study = studies[rng.integers(len(studies))]
        pixels = study.read().stack.pixels
        rows, columns = GRIDS[rng.integers(len(GRIDS))]
        first = int(rng.integers(max(len(pixels) - rows * columns, 0) + 1))
        page = pixels[first : first + rows * columns]
        shot = take_shot(page, rng, family, rows, columns)
        slices = {"patient": study.patient, "slices": list(range(first, first + len(page)))}
        with replace_file(folder / f"{number:04}.png") as file:
            file.write(cv2.imencode(".png", shot.photo)[1].tobytes())
        write_json(folder / f"{number:04}.json", {**slices, **truth(shot)})


def truth(shot: Shot) -> dict[str, Any]:
    """Return what is known of a shot as plain JSON."""
    return {
        "screen": shot.screen.tolist(),
        "pane": shot.pane.tolist(),
        "rows": shot.rows,
        "columns": shot.columns,
        "tiles": [{"index": tile.index, "corners": tile.corners.tolist()} for tile in shot.tiles],
        "window": list(shot.window),
        "settings": shot.settings,
    }
