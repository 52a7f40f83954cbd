"""Loader of CT-ICH: 75 patients, slices of about 5 mm as pictures at window width 120, level 40.

Hssayeni et al., "Intracranial Hemorrhage Segmentation Using a Deep Convolutional Model", Data 2020, 5(1):14,
doi:10.3390/data5010014. The layout read here is ``patients.csv``, ``slices.csv`` and ``images/PPP/ZZ.jpg``; ZZ counts
from the base of the skull up.
"""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

import numpy as np

from appliance.camera.pictures import read_stack
from training.dataset import Dataset, DatasetInfo, Study
from training.documents import TrainingError

INFO = DatasetInfo(
    name="ct_ich",
    attribution="Computed Tomography Images for Intracranial Hemorrhage Detection and Segmentation, version 1.0 "
    "(Hssayeni, Croock, Al-Ani, Al-khafaji, Yahya; PhysioNet; Data 2020, 5(1):14)",
    licence="CC BY 4.0 (data), Apache-2.0 (network)",
)

UNUSABLE = frozenset({"49"})
"""No slice labels, and its slices are out of order."""


def load_ct_ich(folder: Path) -> Dataset:
    """Read the labels of CT-ICH; pictures are read when they are asked for.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``patients.csv``, ``slices.csv`` and ``images``.

    Returns
    -------
    Dataset
        One study a patient, in the order of ``patients.csv``.

    Raises
    ------
    TrainingError
        When the folder has another layout, a label is missing, or the labels of slices and patients disagree.
    """
    try:
        patients = _rows(folder / "patients.csv")
        slices = _rows(folder / "slices.csv")
        studies = tuple(_study(folder, row, slices) for row in patients if row["patient"] not in UNUSABLE)
    except OSError as error:
        raise TrainingError(f"{error.filename} cannot be read; name the folder of CT-ICH with --data.") from error
    except (KeyError, ValueError) as error:
        raise TrainingError(f"{folder} is not laid out as CT-ICH ({error}).") from error
    return Dataset(INFO, studies)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _study(folder: Path, row: dict[str, str], slices: list[dict[str, str]]) -> Study:
    patient = row["patient"]
    own = sorted((item for item in slices if item["patient"] == patient), key=lambda item: int(item["z"]))
    paths = [folder / item["file"] for item in own]
    missing = [path for path in paths if not path.is_file()]
    if missing or not paths:
        raise ValueError(f"patient {patient}: pictures missing")
    labels = np.array([_flag(item["haemorrhage"]) for item in own])
    if bool(labels.any()) != _flag(row["haemorrhage"]):
        raise ValueError(f"patient {patient}: slices and patient are labelled differently")
    age = float(row["age_years"]) if row["age_years"] else None
    return Study(patient, f"ct_ich-{patient}", age, labels, partial(read_stack, paths))


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"label {text!r} is neither 0 nor 1")
    return text == "1"
