"""A hospital's own studies: a folder of discs, and a table of the colours that its doctors gave them.

The layout read here is ``colours.csv`` with the columns ``study,colour`` beside one folder or zip archive a study,
named as in the table. The names go into the splits, which are released with a network: they must be pseudonyms, never
a patient's name or number. Nothing of the header goes there; studies whose headers name the same patient count as one
patient, known by the first of these studies.

Mapping: red and black are urgent, green and yellow are not. Slices have no labels of their own, not even those of
studies that are not urgent, since a yellow one may hold blood. Kinds of haemorrhage are unknown.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from appliance.dicom.header import ImageHeader
from appliance.dicom.series import same_patient
from appliance.errors import TriageError
from appliance.study import PatientIdentity
from training.dataset import Dataset, DatasetInfo, LabelledStack, Study
from training.sources.dicom_files import age_years, first_image, read_medium
from training.sources.tables import demand, layout, read_rows

INFO = DatasetInfo(
    name="hospital",
    attribution="A hospital's own studies",
    licence="Kept by the hospital; not for others",
    labels="The hospital's doctors gave every study a colour; red and black count as urgent, green and yellow as not "
    "urgent.",
)

URGENT = {"green": False, "yellow": False, "red": True, "black": True}
"""The four colours, and the class of each."""


def load_hospital(folder: Path) -> Dataset:
    """Read the colours, and from each study one header; images are read when they are asked for.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``colours.csv`` and the studies.

    Returns
    -------
    Dataset
        In the order of the studies' names.

    Raises
    ------
    TrainingError
        When the folder has another layout, a study of the table is missing, or a colour is none of the four.
    """
    with layout(folder, "a hospital's own studies"):
        colours: dict[str, bool] = {}
        for row in read_rows(folder / "colours.csv"):
            name, colour = row["study"].strip(), row["colour"].strip().lower()
            if not re.fullmatch(r"\w[\w.-]*", name, re.ASCII) or name in colours:
                raise ValueError(f"study {name!r} stands there twice, or is named by other than letters and digits")
            if colour not in URGENT:
                raise ValueError(f"study {name!r} has the colour {colour!r}, which is none of {', '.join(URGENT)}")
            colours[name] = URGENT[colour]
        places = {name: folder / name if (folder / name).is_dir() else folder / f"{name}.zip" for name in colours}
        demand([name for name, place in places.items() if not place.exists()], "colours.csv")
    studies: list[Study] = []
    people: list[tuple[PatientIdentity, str]] = []
    for name, place in sorted(places.items()):
        image = _header(place)
        patient = _patient(name, image, people)
        age = age_years(image) if image else None
        studies.append(Study(patient, f"hospital-{name}", age, colours[name], frozenset(), partial(_read, place)))
    return Dataset(INFO, tuple(studies))


def _header(place: Path) -> ImageHeader | None:
    """Read one header; None where there is none, which whoever reads the images is told."""
    try:
        return first_image(place)
    except TriageError:
        return None


def _patient(name: str, image: ImageHeader | None, people: list[tuple[PatientIdentity, str]]) -> str:
    """Return the name of the first study of the same patient, and remember this one where it is the first.

    A header without any identity belongs to nobody else.
    """
    if image is None or not (image.patient_id or image.patient_name):
        return name
    identity = PatientIdentity(image.patient_id, image.patient_name, image.birth_date)
    for other, first in people:
        if same_patient(identity, other):
            return first
    people.append((identity, name))
    return name


def _read(place: Path) -> LabelledStack:
    return LabelledStack(read_medium(place))
