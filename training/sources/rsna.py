"""RSNA 2019: about 750,000 labelled images of 21,744 studies.

Flanders et al., "Construction of a Machine Learning Dataset through Collaboration: The RSNA 2019 Brain CT Hemorrhage
Challenge", Radiology: Artificial Intelligence 2020, 2(3):e190211, doi:10.1148/ryai.2020190211. The layout read here
is ``stage_2_train/ID_xxx.dcm`` and ``stage_2_train.csv`` with the columns ``ID,Label`` and rows ``ID_xxx_any``,
``ID_xxx_epidural`` and so on. Headers keep only geometry and pseudonyms, so the appliance's rules on kind of series
are not asked, only those on geometry.

Mapping: a study with haemorrhage in any image is urgent (red, black), any other is not (green, yellow). A slab shows
what any of its images shows.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from training.dataset import Dataset, DatasetInfo, LabelledStack, Study, shown_kinds
from training.sources.dicom_files import age_years, headers, read_images
from training.sources.tables import demand, flag, layout, read_rows

INFO = DatasetInfo(
    name="rsna",
    attribution="RSNA Intracranial Hemorrhage Detection (2019) (Flanders et al.; Radiology: Artificial Intelligence "
    "2020, 2(3):e190211)",
    licence="RSNA's terms of use: non-commercial, research and education",
    labels="One radiologist labelled every image; a study with intracranial haemorrhage in any image counts as urgent "
    "(red, black), any other as not urgent (green, yellow).",
)

_COLUMNS = {
    "any": 0,
    "intraventricular": 1,
    "intraparenchymal": 2,
    "subarachnoid": 3,
    "epidural": 4,
    "subdural": 5,
}
"""Column of each type: any haemorrhage, then the `KINDS` in their order."""


def load_rsna(folder: Path) -> Dataset:
    """Read the labels and headers of RSNA 2019; pixels are read when they are asked for.

    Every header is read once, since only headers tell which images form a study.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``stage_2_train.csv`` and ``stage_2_train``. A part of the set needs a table of that part.

    Returns
    -------
    Dataset
        In the order of Study Instance UIDs.

    Raises
    ------
    TrainingError
        When the folder has another layout, or an image of the table is missing or unreadable.
    """
    with layout(folder, "RSNA 2019"):
        labels = _labels(folder / "stage_2_train.csv")
        names: dict[str, list[str]] = {}
        people: dict[str, tuple[str, float | None]] = {}
        unread = set(labels)
        for image in headers(folder / "stage_2_train" / f"{name}.dcm" for name in labels):
            name, uid = Path(image.path).stem, image.study_instance_uid
            unread.discard(name)
            names.setdefault(uid, []).append(name)
            people.setdefault(uid, (image.patient_id, age_years(image)))
        demand(sorted(unread), "stage_2_train.csv")
    return Dataset(
        INFO,
        tuple(
            _study(folder / "stage_2_train", uid, people[uid], {name: labels[name] for name in names[uid]})
            for uid in sorted(names)
        ),
    )


def _labels(path: Path) -> dict[str, np.ndarray]:
    """Labels of each image: bool, shape ``(6,)``, as `_COLUMNS` says."""
    labels: dict[str, np.ndarray] = {}
    for row in read_rows(path):
        name, _, kind = row["ID"].rpartition("_")
        if kind not in _COLUMNS:
            raise ValueError(f"{row['ID']} ends in no type of haemorrhage")
        labels.setdefault(name, np.zeros(len(_COLUMNS), dtype=bool))[_COLUMNS[kind]] |= flag(row["Label"])
    return labels


def _study(folder: Path, uid: str, person: tuple[str, float | None], labels: dict[str, np.ndarray]) -> Study:
    shown = np.array(list(labels.values()))
    return Study(
        patient=person[0],
        uid=f"rsna-{uid}",
        age_years=person[1],
        haemorrhage=bool(shown[:, 0].any()),
        kinds=shown_kinds(shown[:, 1:]),
        read=partial(_read, folder, labels),
    )


def _read(folder: Path, labels: dict[str, np.ndarray]) -> LabelledStack:
    stack, slabs = read_images([folder / f"{name}.dcm" for name in labels])
    shown = np.array([np.any([labels[name] for name in slab], axis=0) for slab in slabs])
    return LabelledStack(stack, shown[:, 0], shown[:, 1:])
