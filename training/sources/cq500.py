"""CQ500: 491 studies, each read by three radiologists; labels are of whole studies.

Chilamkurthy et al., "Deep learning algorithms for detection of critical findings in head CT scans: a retrospective
study", Lancet 2018, 392(10162):2388-2396, doi:10.1016/S0140-6736(18)31645-3. The layout read here is ``reads.csv``
(``name,Category,R1:ICH,R1:IPH,...,R3:SAH,...``) beside one folder or zip archive a study, named as it was published:
``CQ500CT12 CQ500CT12`` or ``CQ500-CT-12.zip``.

Mapping: a study in which at least two of three readers saw intracranial haemorrhage is urgent (red, black), any other
is not (green, yellow). Kinds are decided likewise. Slices have no labels of their own; those of a study without
haemorrhage show none. Headers give no names by
which several studies of one patient could be known, so each study counts as a patient; ages are not read.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np

from training.dataset import KINDS, Dataset, DatasetInfo, LabelledStack, Study
from training.sources.dicom_files import read_medium
from training.sources.tables import demand, flag, layout, read_rows

INFO = DatasetInfo(
    name="cq500",
    attribution="CQ500 (Chilamkurthy et al.; Centre for Advanced Research in Imaging, Neurosciences and Genomics, "
    "New Delhi, and Qure.ai; Lancet 2018, 392:2388-2396)",
    licence="CC BY-NC-SA 4.0",
    labels="Three radiologists read every study; where at least two saw intracranial haemorrhage it counts as urgent "
    "(red, black), else as not urgent (green, yellow).",
)

READERS = ("R1", "R2", "R3")
MAJORITY = 2


def load_cq500(folder: Path) -> Dataset:
    """Read the labels of CQ500; images are read when they are asked for.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``reads.csv`` and the studies. A part of the set needs a table of that part.

    Returns
    -------
    Dataset
        In the order of ``reads.csv``.

    Raises
    ------
    TrainingError
        When the folder has another layout, or a study of the table is missing.
    """
    with layout(folder, "CQ500"):
        rows = read_rows(folder / "reads.csv")
        places: dict[str | None, Path] = {_number(path.name): path for path in sorted(folder.glob("CQ500*"))}
        demand([row["name"] for row in rows if _number(row["name"]) not in places], "reads.csv")
        return Dataset(INFO, tuple(_study(row, places[_number(row["name"])]) for row in rows))


def _number(name: str) -> str | None:
    """Return the number of a study, which is all that its names have in common."""
    found = re.match(r"CQ500-?CT-?(\d+)", name)
    return found.group(1) if found else None


def _study(row: dict[str, str], place: Path) -> Study:
    haemorrhage = _majority(row, "ICH")
    return Study(
        patient=row["name"],
        uid=f"cq500-{_number(row['name'])}",
        age_years=None,
        haemorrhage=haemorrhage,
        kinds=frozenset(kind for kind in KINDS if haemorrhage and _majority(row, kind)),
        read=partial(_read, place, haemorrhage),
    )


def _majority(row: dict[str, str], finding: str) -> bool:
    return sum(flag(row[f"{reader}:{finding}"]) for reader in READERS) >= MAJORITY


def _read(place: Path, haemorrhage: bool) -> LabelledStack:
    stack = read_medium(place)
    return LabelledStack(stack, None if haemorrhage else np.zeros(len(stack), dtype=bool))
