"""CT-ICH as PhysioNet publishes it: volumes in Hounsfield units (NIfTI-1) and the bleeds drawn in them.

Hssayeni et al., doi:10.13026/4nae-zg36, versions 1.0 to 1.3.1. The layout read here is ``ct_scans/NNN.nii``,
``masks/NNN.nii``, ``Patient_demographics.csv`` and ``hemorrhage_diagnosis_raw_ct.csv`` with one row a slice, in the
order of the volume. A volume's own affine says how its axes lie; nothing is resliced.

Mapping: a study with any haemorrhage is urgent (red, black), any other is not (green, yellow). Every slice is
labelled, kind by kind. The rows of some patients are rotated against their slices. So the drawn bleeds decide: labels
are taken as they stand where every slice with a drawn bleed is labelled, rotated where one rotation makes both equal,
and otherwise left to the study alone. Where no row is labelled and nothing is drawn, no slice shows haemorrhage.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from nibabel.nifti1 import Nifti1Image

from appliance.dicom.stack import window
from appliance.reasons import Reason, ReasonCode, Refused
from appliance.study import SliceStack
from training.dataset import Dataset, DatasetInfo, LabelledStack, Study, shown_kinds
from training.prepare import WINDOW_LEVEL, WINDOW_WIDTH
from training.sources.tables import demand, flag, layout, read_rows

INFO = DatasetInfo(
    name="physionet",
    attribution="Computed Tomography Images for Intracranial Hemorrhage Detection and Segmentation "
    "(Hssayeni, Croock, Al-Ani, Al-khafaji, Yahya; PhysioNet; Data 2020, 5(1):14)",
    licence="CC BY 4.0 (version 1.0), PhysioNet Restricted Health Data License 1.5.0 (version 1.3.1)",
    labels="Two radiologists labelled every slice in consensus; a study with any intracranial haemorrhage counts as "
    "urgent (red, black), any other as not urgent (green, yellow).",
    people="ct_ich",
)

UNUSABLE = frozenset({49, *range(59, 66)})
"""49, whose slices are out of order, and those that later versions withdrew."""

COLUMNS = ("Intraventricular", "Intraparenchymal", "Subarachnoid", "Epidural", "Subdural")
"""The `KINDS` in the words of the table."""


def load_physionet(folder: Path) -> Dataset:
    """Read the labels of CT-ICH; volumes are read when they are asked for.

    Parameters
    ----------
    folder : pathlib.Path
        Holds the two tables, ``ct_scans`` and ``masks``.

    Returns
    -------
    Dataset
        One study a patient, in the order of their numbers.

    Raises
    ------
    TrainingError
        When the folder has another layout or a volume is missing.
    """
    with layout(folder, "CT-ICH of PhysioNet"):
        ages = _ages(folder / "Patient_demographics.csv")
        slices: dict[int, list[list[bool]]] = {}
        for row in read_rows(folder / "hemorrhage_diagnosis_raw_ct.csv"):
            if row["PatientNumber"]:
                kinds = [flag(row[column]) for column in COLUMNS]
                slices.setdefault(int(float(row["PatientNumber"])), []).append(kinds)
        usable = sorted(set(slices) - UNUSABLE)
        files = [f"{part}/{number:03}.nii" for number in usable for part in ("ct_scans", "masks")]
        demand([name for name in files if not (folder / name).is_file()], "hemorrhage_diagnosis_raw_ct.csv")
        return Dataset(
            INFO, tuple(_study(folder, number, ages.get(number), np.array(slices[number])) for number in usable)
        )


def _ages(path: Path) -> dict[int, float | None]:
    """Age of each patient; the table has two rows of headers, and its column of ages a line break in its name."""
    rows = read_rows(path)
    column = next((name for name in (rows[0] if rows else {}) if name and name.startswith("Age")), "Age")
    patients = {row["Patient Number"].strip(): row[column].strip() for row in rows}
    return {int(float(patient)): float(age) if age else None for patient, age in patients.items() if patient}


def _study(folder: Path, number: int, age: float | None, kinds: np.ndarray) -> Study:
    return Study(
        patient=str(number),
        uid=f"physionet-{number}",
        age_years=age,
        haemorrhage=bool(kinds.any()),
        kinds=shown_kinds(kinds),
        read=partial(_read, folder, number, kinds),
    )


def _read(folder: Path, number: int, kinds: np.ndarray) -> LabelledStack:
    """Read volume and mask; labels are in the order of the file's slices, which may run from the top down."""
    volume = Nifti1Image.from_filename(folder / "ct_scans" / f"{number:03}.nii")
    mask = Nifti1Image.from_filename(folder / "masks" / f"{number:03}.nii")
    if mask.shape != volume.shape:
        raise Refused(Reason(ReasonCode.INCONSISTENT_GEOMETRY, {"detail": "volume and mask differ in shape"}))
    bleeds = _upright(mask)
    drawn = np.array([(picture > bleeds.max() / 2).any() for picture in bleeds])
    aligned = _aligned(kinds if volume.affine[2, 2] > 0 else kinds[::-1], drawn)
    hounsfield = np.rint(_upright(volume)).astype(np.int16)
    _, spacing, _, thickness = (float(length) for length in volume.header["pixdim"][:4])
    count = len(hounsfield)
    stack = SliceStack(
        pixels=window(hounsfield, WINDOW_WIDTH, WINDOW_LEVEL),
        sources=tuple(f"{number:03}-{index}" for index in range(count)),
        positions_mm=np.arange(count) * thickness,
        thickness_mm=np.full(count, thickness),
        pixel_spacing_mm=spacing,
        hounsfield=hounsfield,
    )
    labels = None if aligned is None else np.array([row.any() for row in aligned])
    return LabelledStack(stack, labels, aligned)


def _upright(image: Nifti1Image) -> np.ndarray:
    """Turn a volume to the axes of a `SliceStack`: up, to the back, to the patient's left.

    An affine leads to the patient's right, front and top; NIfTI-1, ``nifti1.h``, section "3D image (volume)
    orientation".
    """
    matrix = image.affine[:3, :3]
    axes = np.abs(matrix).argmax(axis=0)
    if sorted(axes) != [0, 1, 2] or axes[2] != 2:
        raise Refused(Reason(ReasonCode.NOT_AXIAL))
    volume = image.get_fdata(dtype=np.float32).transpose(2, *np.argsort(axes)[1::-1])
    right, front, top = (matrix[axis, np.flatnonzero(axes == axis)[0]] > 0 for axis in range(3))
    return np.ascontiguousarray(volume[:: 1 if top else -1, :: -1 if front else 1, :: -1 if right else 1])


def _aligned(kinds: np.ndarray, drawn: np.ndarray) -> np.ndarray | None:
    """Lay the labels of slices upon the slices.

    Parameters
    ----------
    kinds : numpy.ndarray
        bool, shape ``(rows, 5)``.
    drawn : numpy.ndarray
        bool, shape ``(n,)``: slices in which a bleed was drawn.

    Returns
    -------
    numpy.ndarray or None
        bool, shape ``(n, 5)``; None where labels and drawings contradict each other.
    """
    if not kinds.any() and not drawn.any():
        return np.zeros((len(drawn), kinds.shape[1]), dtype=bool)
    if len(kinds) != len(drawn):
        return None
    labels = np.array([row.any() for row in kinds])
    if not (drawn & ~labels).any():
        return kinds
    fitting = [shift for shift in range(1, len(drawn)) if np.array_equal(np.roll(labels, shift), drawn)]
    return np.roll(kinds, fitting[0], axis=0) if len(fitting) == 1 else None
