"""A whole disc as a scanner leaves it: scouts, soft and bone series, dose page and report, DICOMDIR."""

from __future__ import annotations

import gc
import warnings
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import UID, ExplicitVRLittleEndian

from appliance.errors import FolderNotEmptyError, UnreadablePathError
from appliance.phantom.acquisition import Kernel, acquire
from appliance.phantom.anatomy import blood_ml, radiograph, voxelise
from appliance.phantom.dicomise import slice_dataset, study_uid
from appliance.phantom.head import Bleed, BleedKind, Head, Side
from appliance.phantom.options import PatientOptions, SeriesOptions
from appliance.phantom.reports import dose_page, dose_report, localizers
from appliance.phantom.write import set_syntax, unique

FIELD_OF_VIEW_MM = 240.0
SCAN_MM = (-10.0, 150.0)
"""From below the foramen magnum to above the vertex."""

DEMO_BLEED = Bleed(BleedKind.INTRAPARENCHYMAL, Side.LEFT, volume_ml=30.0)

_README = """SIMULATED HEAD CT

Every image on this disc was computed. It shows no patient and no real scanner made it.
DICOMDIR lists the images.
"""


@dataclass(frozen=True)
class DiscOptions:
    """What a disc holds.

    Attributes
    ----------
    head : Head
        Who lies in the scanner.
    bleed : Bleed or None
        The bleed, or none.
    patient : PatientOptions
        Who it is said to be.
    seed : int
        Source of the noise and of every UID.
    rows : int
        Rows and columns of the axial images.
    tilt_deg : float
        Gantry tilt of the soft series.
    soft_mm : float
        Thickness and step of the soft series.
    bone_mm : float or None
        Thickness and step of the bone series; None leaves it out.
    others : bool
        Whether localizers, dose page and dose report are there.
    study_date, study_time : str
        When the head is said to have been scanned, as in the header.
    """

    head: Head = Head()
    bleed: Optional[Bleed] = None
    patient: PatientOptions = PatientOptions()
    seed: int = 0
    rows: int = 512
    tilt_deg: float = 0.0
    soft_mm: float = 5.0
    bone_mm: Optional[float] = 1.0
    others: bool = True
    study_date: str = SeriesOptions.study_date
    study_time: str = SeriesOptions.study_time


DEMO = DiscOptions(bleed=DEMO_BLEED)
"""The demo: an intraparenchymal bleed of 30 ml."""

DEMO_WITHOUT_BLEED = DiscOptions()
"""The demo's head without blood."""


@dataclass(frozen=True)
class Disc:
    """A disc that was written, and the truth about it.

    Attributes
    ----------
    folder : pathlib.Path
        Root of the disc.
    dicomdir : pathlib.Path
        Its DICOMDIR.
    study_uid : str
        Study Instance UID.
    series : mapping of str to tuple of pathlib.Path
        Files of each series by name: ``localizer``, ``soft``, ``bone``, ``dose_page``, ``dose_report``.
    series_uids : mapping of str to str
        Series Instance UID by the same names.
    bleed : Bleed or None
        The truth.
    positions_mm : tuple of float
        Position of each slice of the soft series, rising.
    blood_ml : tuple of float
        Blood in each of these slices.
    """

    folder: Path
    dicomdir: Path
    study_uid: str
    series: Mapping[str, Tuple[Path, ...]]
    series_uids: Mapping[str, str]
    bleed: Optional[Bleed]
    positions_mm: Tuple[float, ...]
    blood_ml: Tuple[float, ...]

    @property
    def bleeding_positions_mm(self) -> Tuple[float, ...]:
        """Positions of the soft slices with at least 0.1 ml of blood."""
        return tuple(z for z, ml in zip(self.positions_mm, self.blood_ml) if ml >= 0.1)


def positions(step_mm: float) -> Tuple[float, ...]:
    """Centres of slices of one thickness that fill the scanned length, rising."""
    return tuple(float(z) for z in np.arange(SCAN_MM[0] + step_mm / 2, SCAN_MM[1], step_mm))


def write_demo_disc(folder: Path, bleed: Optional[Bleed], seed: int = 0) -> Disc:
    """Write the full demo disc with a chosen bleed, or none, for a chosen head.

    Raises
    ------
    appliance.errors.FolderNotEmptyError
        When `folder` already holds something.
    """
    return write_disc(folder, demo_options(bleed, seed))


def demo_options(bleed: Optional[Bleed], seed: int = 0) -> DiscOptions:
    """Return what the demo disc holds. It was scanned at the last midnight: of an older one the page would warn."""
    today = date.today().strftime("%Y%m%d")
    return replace(DEMO, bleed=bleed, seed=seed, head=Head(seed=seed), study_date=today, study_time="000000")


def write_disc(folder: Path, options: DiscOptions) -> Disc:
    """Write a disc.

    Parameters
    ----------
    folder : pathlib.Path
        Absent or empty.
    options : DiscOptions
        What the disc holds.

    Raises
    ------
    appliance.errors.FolderNotEmptyError
        When `folder` already holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderNotEmptyError(f"{folder} already holds something: name a new or an empty folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnreadablePathError(f"{folder} cannot be written: {error.strerror}.") from error
    soft = positions(options.soft_mm)
    base = SeriesOptions(
        positions_mm=soft,
        thickness_mm=options.soft_mm,
        pixel_spacing_mm=FIELD_OF_VIEW_MM / options.rows,
        tilt_deg=options.tilt_deg,
        seed=options.seed,
        patient=options.patient,
        study_date=options.study_date,
        study_time=options.study_time,
        series_description=f"HEAD {options.soft_mm:g}mm SOFT",
    )
    content = {"soft": _axial(options, base, Kernel.SOFT)}
    if options.bone_mm is not None:
        bone = replace(
            base,
            positions_mm=positions(options.bone_mm),
            thickness_mm=options.bone_mm,
            tilt_deg=0.0,
            series_number=3,
            series_description=f"HEAD {options.bone_mm:g}mm BONE",
            kernel=Kernel.BONE.value,
        )
        content["bone"] = _axial(options, bone, Kernel.BONE)
    if options.others:
        content.update(_others(options, base))
    series = _write(folder, content, unique(options.seed, "file-set"))
    return Disc(
        folder=folder,
        dicomdir=folder / "DICOMDIR",
        study_uid=study_uid(base),
        series=series,
        series_uids={name: str(datasets[0].SeriesInstanceUID) for name, datasets in content.items()},
        bleed=options.bleed,
        positions_mm=soft,
        blood_ml=tuple(blood_ml(options.head, options.bleed, soft, options.soft_mm, options.tilt_deg).tolist()),
    )


def _axial(options: DiscOptions, series: SeriesOptions, kernel: Kernel) -> List[Dataset]:
    anatomy = voxelise(
        options.head,
        options.bleed,
        series.positions_mm,
        options.rows,
        series.pixel_spacing_mm,
        series.thickness_mm,
        series.tilt_deg,
    )
    scanned = acquire(anatomy, kernel, series.pixel_spacing_mm, series.thickness_mm, options.seed)
    datasets = [slice_dataset(image, index, series) for index, image in enumerate(scanned)]
    for ds in datasets:
        set_syntax(ds, str(ExplicitVRLittleEndian))
    return datasets


def _others(options: DiscOptions, base: SeriesOptions) -> Dict[str, List[Dataset]]:
    scout = replace(
        base,
        series_number=1,
        series_description="SCOUT",
        image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"),
        kernel="",
        acquisition_number=0,
    )
    lateral, frontal, spacing, top = radiograph(options.head, options.bleed)
    page = replace(
        base,
        series_number=998,
        series_description="Dose Report",
        image_type=("DERIVED", "SECONDARY", "OTHER"),
    )
    report = replace(base, series_number=999, series_description="Radiation Dose SR")
    ctdi, length = 52.0, (SCAN_MM[1] - SCAN_MM[0]) / 10
    lines = ["SIMULATED - NO PATIENT", "", "Dose Report", "Scan   CTDIvol (mGy)   DLP (mGy cm)"]
    lines.append(f"Head   {ctdi:.2f}           {ctdi * length:.2f}")
    return {
        "localizer": localizers(lateral, frontal, spacing, top, scout),
        "dose_page": [dose_page(lines, page)],
        "dose_report": [dose_report(ctdi, ctdi * length, report)],
    }


def _write(folder: Path, content: Mapping[str, List[Dataset]], uid: str) -> Dict[str, Tuple[Path, ...]]:
    """Write every object under the names a File-set gives, the DICOMDIR, and a text for people."""
    with warnings.catch_warnings():
        # pydicom 2 warns of its own class for a DICOMDIR; a FileSet leaves its staging to the collector.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        paths = _write_file_set(folder, content, uid)
        gc.collect()
    (folder / "README.TXT").write_text(_README, encoding="ascii")
    (folder / "AUTORUN.INF").write_text("[autorun]\nlabel=SIMULATED CT\n", encoding="ascii")
    return {name: tuple(paths[str(ds.SOPInstanceUID)] for ds in datasets) for name, datasets in content.items()}


def _write_file_set(folder: Path, content: Mapping[str, List[Dataset]], uid: str) -> Dict[str, Path]:
    """Write the File-set, its series in the order of their numbers; return the file of each instance."""
    file_set = FileSet()
    file_set.UID = UID(uid)
    file_set.ID = "PHANTOM"
    for datasets in sorted(content.values(), key=lambda datasets: int(datasets[0].SeriesNumber)):
        for ds in datasets:
            file_set.add(ds)
    file_set.write(folder)
    return {str(instance.SOPInstanceUID): Path(instance.path) for instance in file_set}
