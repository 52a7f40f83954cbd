"""A whole disc: its objects, its DICOMDIR, its truth."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from appliance.errors import FolderNotEmptyError
from appliance.phantom.disc import DEMO, Disc, DiscOptions, write_disc
from appliance.phantom.head import Bleed, BleedKind, Side

pytestmark = pytest.mark.slow  # one Python is enough

SMALL = replace(DEMO, rows=128, bone_mm=10.0)


@pytest.fixture(scope="module")
def disc(tmp_path_factory: pytest.TempPathFactory) -> Disc:
    return write_disc(tmp_path_factory.mktemp("disc") / "new", SMALL)


def test_the_disc_holds_what_a_scanner_leaves(disc: Disc) -> None:
    assert {name: len(paths) for name, paths in disc.series.items()} == {
        "localizer": 2,
        "soft": 32,
        "bone": 16,
        "dose_page": 1,
        "dose_report": 1,
    }
    for name, paths in disc.series.items():
        for path in paths:
            ds = pydicom.dcmread(path)
            assert path.suffix == "" and path.parent != disc.folder
            assert ds.StudyInstanceUID == disc.study_uid
            assert ds.SeriesInstanceUID == disc.series_uids[name]
            assert "SIMULATED" in (disc.folder / "README.TXT").read_text(encoding="ascii")
    page = pydicom.dcmread(disc.series["dose_page"][0])
    assert (page.Modality, page.SOPClassUID) == ("CT", "1.2.840.10008.5.1.4.1.1.7")
    assert page.pixel_array.max() == 255
    report = pydicom.dcmread(disc.series["dose_report"][0])
    assert (report.Modality, report.SOPClassUID) == ("SR", "1.2.840.10008.5.1.4.1.1.88.67")
    scout = pydicom.dcmread(disc.series["localizer"][0])
    assert "LOCALIZER" in scout.ImageType
    assert np.ptp(scout.pixel_array) > 500


def test_dicomdir_names_every_object_and_all_are_there(disc: Disc) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pydicom 2 on its own DicomDir
        records = pydicom.dcmread(disc.dicomdir).DirectoryRecordSequence
    named = {disc.folder.joinpath(*record.ReferencedFileID) for record in records if "ReferencedFileID" in record}
    assert named == {path for paths in disc.series.values() for path in paths}
    assert all(path.is_file() for path in named)
    kinds = [record.DirectoryRecordType for record in records]
    assert kinds.count("PATIENT") == kinds.count("STUDY") == 1
    assert kinds.count("SERIES") == 5


def test_slices_stand_where_the_truth_says(disc: Disc) -> None:
    read = [pydicom.dcmread(path, stop_before_pixels=True) for path in disc.series["soft"]]
    assert [float(ds.ImagePositionPatient[2]) for ds in read] == pytest.approx(list(disc.positions_mm))
    assert sum(disc.blood_ml) == pytest.approx(30, rel=0.1)
    assert 4 <= len(disc.bleeding_positions_mm) <= 12
    bleeding = disc.positions_mm.index(max(zip(disc.blood_ml, disc.positions_mm))[1])
    ds = pydicom.dcmread(disc.series["soft"][bleeding])
    image = ds.pixel_array.astype(int) + int(ds.RescaleIntercept)
    left, right = image[:, 64:], image[:, :64]
    inside = slice(30, 90)
    assert ((left[inside] > 55) & (left[inside] < 80)).sum() > 3 * ((right[inside] > 55) & (right[inside] < 80)).sum()


def test_no_bleed_no_blood(tmp_path: Path) -> None:
    plain = write_disc(tmp_path, DiscOptions(rows=64, bone_mm=None, others=False))
    assert set(plain.series) == {"soft"}
    assert plain.bleeding_positions_mm == ()


def test_the_same_options_write_the_same_disc(tmp_path: Path) -> None:
    options = DiscOptions(bleed=Bleed(BleedKind.EPIDURAL, Side.RIGHT, 20), rows=64, bone_mm=None, tilt_deg=15.0)

    def digests(folder: Path) -> dict[str, str]:
        write_disc(folder, options)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep", encoding="ascii")
    with pytest.raises(FolderNotEmptyError, match="name a new or an empty folder"):
        write_disc(tmp_path, SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
