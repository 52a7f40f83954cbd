"""Small simulated data sets, each written in the layout in which the real one is published."""

from __future__ import annotations

import csv
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from nibabel.nifti1 import Nifti1Image

from appliance.phantom.anatomy import blood_ml
from appliance.phantom.dicomise import slice_dataset, write_series
from appliance.phantom.disc import DEMO_BLEED, positions
from appliance.phantom.options import PatientOptions
from appliance.phantom.write import save, set_syntax
from tests import simulated
from training.sources.cq500 import READERS
from training.sources.physionet import COLUMNS

ROWS = 160
SPACING_MM = 240 / ROWS


def head(bleeds: bool, step_mm: float = 5.0) -> np.ndarray:
    """A simulated head in Hounsfield units, with an intraparenchymal bleed or none: int16, ``(n, ROWS, ROWS)``."""
    return simulated.volume(step_mm, bleed=DEMO_BLEED if bleeds else None, rows=ROWS)


@lru_cache
def bleeding(step_mm: float = 5.0) -> np.ndarray:
    """Which slices of the head that bleeds show it: bool, shape ``(n,)``."""
    return np.asarray(blood_ml(simulated.HEAD, DEMO_BLEED, positions(step_mm), step_mm) > 0.1)


def write_table(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def write_study(folder: Path, bleeds: bool, slices: slice = slice(None), **options: Any) -> None:
    """Write a plain axial series."""
    where = positions(5.0)[slices]
    write_series(folder, head(bleeds)[slices], simulated.options(rows=ROWS, positions_mm=where, **options))


def write_zip(folder: Path, archive: Path) -> None:
    """Pack a folder."""
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(folder.rglob("*.dcm")):
            packed.write(path, path.relative_to(folder))


def write_physionet(folder: Path) -> None:
    """Patients 49 (unusable), 50 to 54 and 59 (withdrawn).

    50 and 51 bleed; the rows of 51 are rotated against its slices, and its slices are stored from the top down, rows
    from the back and columns from the left. 52 does not bleed. The rows of 53 contradict its mask; 54 has a row too
    many.
    """
    (folder / "ct_scans").mkdir(parents=True)
    (folder / "masks").mkdir()
    shown = bleeding()
    rows: list[Sequence[object]] = [["PatientNumber", "SliceNumber", *COLUMNS, "No_Hemorrhage", "Fracture_Yes_No"]]
    for number in (49, 50, 51, 52, 53, 54, 59):
        bleeds = number != 52
        labels = shown & bleeds
        if number == 51:
            labels = np.roll(labels[::-1], 4)
        if number == 53:
            labels = np.arange(len(shown)) < 2
        if number == 54:
            labels = np.append(labels, False)
        for index, label in enumerate(labels):
            kinds = [0, int(label), 0, 0, int(label)]  # intraparenchymal and subdural
            rows.append([number, index + 1, *kinds, int(not label), 0])
        mask = np.zeros((len(shown), ROWS, ROWS), np.uint8)
        mask[shown & bleeds, 60:70, 60:70] = 255
        for part, volume in (("ct_scans", head(bleeds)), ("masks", mask)):
            write_nifti(folder / part / f"{number:03}.nii", volume, reverse=number == 51)
    rows.append([""] * len(rows[0]))
    write_table(folder / "hemorrhage_diagnosis_raw_ct.csv", rows)
    headings = ["Patient Number", "Age\n(years)", "Gender", "Hemorrhage type", "", "", "", "", "Fracture", "Note1"]
    second = ["", "", "", *COLUMNS, "", ""]
    people = [[number, 0.5 if number == 52 else 40, "Male", *[""] * 7] for number in (49, 50, 51, 52, 53, 54, 59)]
    write_table(folder / "Patient_demographics.csv", [headings, second, *people])


def write_nifti(path: Path, volume: np.ndarray, reverse: bool) -> None:
    """Write a volume to the left, back and top, or to the right, front and bottom."""
    stored = volume[::-1, ::-1, ::-1] if reverse else volume
    sign = 1 if reverse else -1
    affine = np.diag([sign * SPACING_MM, sign * SPACING_MM, -sign * 5.0, 1.0])
    Nifti1Image(stored.transpose(2, 1, 0), affine).to_filename(path)


def write_rsna(folder: Path) -> None:
    """Write two studies of 2.5 mm by two patients; the first bleeds. Headers keep what those of RSNA 2019 keep."""
    images = folder / "stage_2_train"
    images.mkdir(parents=True)
    kinds = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural", "any")
    rows: list[Sequence[object]] = [["ID", "Label"]]
    for number, bleeds in enumerate((True, False)):
        given = simulated.options(2.5, rows=ROWS, patient=PatientOptions(patient_id=f"ID_p{number}"))
        for index, picture in enumerate(head(bleeds, 2.5)):
            name = f"ID_{number}{(index * 7) % 64:03}"  # names tell nothing of the order
            write_stripped(images / f"{name}.dcm", slice_dataset(picture, index, given), name, f"ID_s{number}")
            label = int(bleeds and bleeding(2.5)[index])
            rows += [[f"{name}_{kind}", label * (kind in ("intraparenchymal", "any"))] for kind in kinds]
    write_table(folder / "stage_2_train.csv", [*rows, rows[-1]])


def write_stripped(path: Path, dataset: pydicom.Dataset, name: str, study: str) -> None:
    """Write one image with the header that is left in RSNA 2019."""
    set_syntax(dataset, "1.2.840.10008.1.2.1")
    kept = {"Modality", "PatientID", "ImagePositionPatient", "ImageOrientationPatient", "SamplesPerPixel", "PixelData"}
    kept |= {"PhotometricInterpretation", "Rows", "Columns", "PixelSpacing", "BitsAllocated", "BitsStored", "HighBit"}
    kept |= {"PixelRepresentation", "WindowCenter", "WindowWidth", "RescaleIntercept", "RescaleSlope"}
    for keyword in dataset.dir():
        if keyword not in kept:
            delattr(dataset, keyword)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # these UIDs are none
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = name
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, study + "-1"
        save(dataset, path)


def write_cq500(folder: Path) -> None:
    """Write studies 0, 12 (zipped) and 3: all readers, two of them or one saw a bleed."""
    write_study(folder / "CQ500CT0 CQ500CT0" / "Unknown Study" / "CT 5mm", bleeds=True, seed=1)
    write_study(folder / "unpacked", bleeds=True, seed=2)
    write_zip(folder / "unpacked", folder / "CQ500-CT-12.zip")
    write_study(folder / "CQ500CT3 CQ500CT3" / "Unknown Study" / "CT 5mm", bleeds=False, seed=3)
    findings = ("ICH", "IPH", "IVH", "SDH", "EDH", "SAH", "Fracture")
    header = ["name", "Category", *(f"{reader}:{finding}" for reader in READERS for finding in findings)]
    reads = {
        "CQ500-CT-0": ["1110000", "1100000", "1110000"],
        "CQ500-CT-12": ["1100000", "0000000", "1001000"],
        "CQ500-CT-3": ["0000000", "1000010", "0000001"],
    }
    write_table(folder / "reads.csv", [header, *([name, "B1", *"".join(read)] for name, read in reads.items())])


def write_hospital(folder: Path) -> None:
    """Write five studies of four patients, one of them a child, one too short to be judged."""
    old = PatientOptions(name="Yamada^Hanako", patient_id="0042", birth_date="19500101")
    child = PatientOptions(name="Sato^Ken", patient_id="0043", birth_date="20150601")
    nobody = PatientOptions(name="", patient_id="", birth_date="")
    write_study(folder / "case-1", bleeds=True, seed=1, patient=old)
    write_study(folder / "unpacked", bleeds=False, seed=2, patient=old)
    write_zip(folder / "unpacked", folder / "case-2.zip")
    write_study(folder / "case-3", bleeds=True, seed=3, patient=child)
    write_study(folder / "case-4", bleeds=False, seed=4, patient=nobody)
    write_study(folder / "case-5", bleeds=False, seed=5, patient=nobody, slices=slice(10, 15))
    table = [["study", "colour"], ["case-3", "Black"], ["case-1", "red"], ["case-2", "green"]]
    write_table(folder / "colours.csv", [*table, ["case-4", "yellow"], ["case-5", "green"]])
