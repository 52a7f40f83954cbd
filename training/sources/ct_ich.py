"""CT-ICH as pictures: 75 patients, slices of about 5 mm at window width 120, level 40.

Hssayeni et al., "Intracranial Hemorrhage Segmentation Using a Deep Convolutional Model", Data 2020, 5(1):14,
doi:10.3390/data5010014. The layout read here is ``patients.csv``, ``slices.csv`` and ``images/PPP/ZZ.jpg``; ZZ counts
from the base of the skull up.

Mapping: a study with any haemorrhage is urgent (red, black), any other is not (green, yellow). Every slice is
labelled, kind by kind.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from appliance.camera.pictures import read_stack
from training.dataset import KINDS, Dataset, DatasetInfo, LabelledStack, Study, shown_kinds
from training.sources.tables import demand, flag, layout, read_rows

INFO = DatasetInfo(
    name="ct_ich",
    attribution="Computed Tomography Images for Intracranial Hemorrhage Detection and Segmentation, version 1.0 "
    "(Hssayeni, Croock, Al-Ani, Al-khafaji, Yahya; PhysioNet; Data 2020, 5(1):14)",
    licence="CC BY 4.0 (data), Apache-2.0 (network)",
    labels="Two radiologists labelled every slice in consensus; a study with any intracranial haemorrhage counts as "
    "urgent (red, black), any other as not urgent (green, yellow).",
)

UNUSABLE = frozenset({"49"})
"""No slice labels; its first two pictures belong above its last, and that one among the lowest."""


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
    with layout(folder, "CT-ICH"):
        patients = read_rows(folder / "patients.csv")
        slices: dict[str, list[dict[str, str]]] = {row["patient"]: [] for row in patients}
        for row in read_rows(folder / "slices.csv"):
            slices[row["patient"]].append(row)
        usable = [row for row in patients if row["patient"] not in UNUSABLE]
        return Dataset(INFO, tuple(_study(folder, row, slices[row["patient"]]) for row in usable))


def _study(folder: Path, row: dict[str, str], slices: list[dict[str, str]]) -> Study:
    patient = row["patient"]
    slices = sorted(slices, key=lambda item: int(item["z"]))
    if not slices:
        raise ValueError(f"patient {patient} has no slices")
    paths = [folder / item["file"] for item in slices]
    demand([item["file"] for item, path in zip(slices, paths, strict=True) if not path.is_file()], "slices.csv")
    labels = np.array([flag(item["haemorrhage"]) for item in slices])
    kinds = np.array([[flag(item[kind]) for kind in KINDS] for item in slices])
    shown = frozenset(kind for kind in KINDS if flag(row[kind]))
    if bool(labels.any()) != flag(row["haemorrhage"]) or shown != shown_kinds(kinds):
        raise ValueError(f"patient {patient}: slices and patient are labelled differently")
    return Study(
        patient=patient,
        uid=f"ct_ich-{patient}",
        age_years=float(row["age_years"]) if row["age_years"] else None,
        haemorrhage=bool(labels.any()),
        kinds=shown,
        read=partial(_read, paths, labels, kinds),
    )


def _read(paths: list[Path], labels: np.ndarray, kinds: np.ndarray) -> LabelledStack:
    return LabelledStack(read_stack(paths), labels, kinds)
