"""The series that came nearest to being judged, as the page gets it when a study is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import numpy as np
import pydicom
import pytest

from appliance.config import DecodeSettings
from appliance.dicom.geometry import in_order
from appliance.dicom.reader import DicomReader
from appliance.dicom.stack import native_slices
from appliance.imaging.levels import to_levels
from appliance.phantom.acquisition import Kernel
from appliance.phantom.dicomise import write_series
from appliance.phantom.head import Head
from appliance.phantom.options import PatientOptions, SeriesOptions
from appliance.phantom.transcode import JPEG_LOSSLESS
from appliance.pipeline import Pipeline
from appliance.reasons import Refused
from appliance.store import Case, State
from appliance.store.volumes import SeriesState, planned
from tests.desk import Desk, desk_over
from tests.simulated import options, volume
from tests.test_rendering import slices_of

pytestmark = pytest.mark.slow  # one Python is enough

BASE = "1.2.826.0.1.3680043.10.1"


@pytest.fixture
def desk(tmp_path: Path, pipeline: Pipeline) -> Iterator[Desk]:
    with desk_over(tmp_path / "store", pipeline) as opened:
        yield opened


def part(first: int, end: int, **changes: object) -> SeriesOptions:
    return options(positions_mm=options().positions_mm[first:end], **changes)


def hounsfield(name: str) -> np.ndarray:
    """The images of a study that is refused for this."""
    if name == "torn":
        torn = volume().copy()
        torn[18, 100:160] = -1024
        return torn
    if name == "contrast that no header names":
        return volume(head=Head(contrast=True), bleed=None)
    if name == "bone kernel that no header names":
        return volume(kernel=Kernel.BONE)
    first, end = {"partial brain": (0, 16), "too few": (10, 15), "one slice": (14, 15)}.get(name, (0, 32))
    kept = np.ones(end - first, bool)
    kept[[9, 10] if name == "gap" else []] = False
    return volume()[first:end][kept]


def described(name: str) -> SeriesOptions:
    """The headers of that study."""
    positions = options().positions_mm
    if name == "gap":
        return options(positions_mm=[*positions[:9], *positions[11:]])
    first, end = {"partial brain": (0, 16), "too few": (10, 15), "one slice": (14, 15)}.get(name, (0, 32))
    changes: Dict[str, Dict[str, object]] = {
        "contrast": {"contrast_agent": "IOHEXOL"},
        "bone kernel": {"kernel": "BONE"},
        "bone kernel that no header names": {"kernel": "X"},
    }
    return part(first, end, **changes.get(name, {}))


REFUSED = {
    "contrast": "contrast",
    "contrast that no header names": "contrast",
    "bone kernel": "bone_kernel_only",
    "bone kernel that no header names": "bone_kernel_only",
    "partial brain": "partial_brain",
    "too few": "too_few_slices",
    "one slice": "too_few_slices",
    "gap": "inconsistent_geometry",
    "torn": "damaged_pixels",
}


def reasons(case: Case) -> List[str]:
    assert case.state is State.REFUSED and case.verdict is not None and case.verdict["zones"] == []
    return [reason["code"] for reason in case.verdict["reasons"]]


@pytest.mark.parametrize("name", REFUSED)
def test_every_slice_of_the_nearest_series_can_be_looked_at(name: str, tmp_path: Path, desk: Desk) -> None:
    write_series(tmp_path / "disc", hounsfield(name), described(name))
    case = desk.judge(tmp_path / "disc")
    assert REFUSED[name] in reasons(case)
    assert desk.state(case) is SeriesState.PREPARING
    assert desk.render() and not desk.render()
    about, pixels = slices_of(desk.store, case)
    assert np.array_equal(pixels, to_levels(hounsfield(name)))
    assert about["positions_mm"] == pytest.approx(described(name).positions_mm, abs=0.01)
    assert about["zones"] == [] and about["undecodable"] == [] and about["opens_at"] == len(pixels) // 2


def emptied(path: Path) -> None:
    """Keep the header of a compressed file, and none of what a decoder needs."""
    dataset = pydicom.dcmread(path)
    dataset.PixelData = pydicom.encaps.encapsulate([b"\0" * 64])
    dataset.save_as(path)


def compressed(folder: Path) -> List[Path]:
    write_series(folder, volume(), options(transfer_syntax=JPEG_LOSSLESS))
    files = [
        (pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient[2], path) for path in folder.iterdir()
    ]
    return [path for _, path in sorted(files)]


def test_slices_that_cannot_be_decoded_are_black_and_named(tmp_path: Path, desk: Desk) -> None:
    files = compressed(tmp_path / "disc")
    for index in (3, 20):
        emptied(files[index])
    case = desk.judge(tmp_path / "disc")
    assert reasons(case) == ["damaged_pixels"]
    desk.render()
    about, pixels = slices_of(desk.store, case)
    assert about["undecodable"] == [3, 20] and (pixels[[3, 20]] == 0).all()
    others = np.delete(np.arange(32), [3, 20])
    assert np.array_equal(pixels[others], to_levels(volume())[others])


def test_a_series_of_which_nothing_can_be_decoded_is_not_shown(tmp_path: Path, desk: Desk) -> None:
    for path in compressed(tmp_path / "disc"):
        emptied(path)
    case = desk.judge(tmp_path / "disc")
    assert reasons(case) == ["damaged_pixels"] and desk.render()
    assert desk.state(case) is SeriesState.NONE
    assert [path.name for path in desk.store.rendered.iterdir()] == [case.id]


def test_a_decoder_that_hangs_on_a_slice_ends_the_rendering(tmp_path: Path) -> None:
    """Else each of hundreds of such slices would take the longest time that one may take."""
    write_series(tmp_path, np.zeros((6, 32, 32), np.int16), part(0, 6))
    with DicomReader(DecodeSettings(processes=1, seconds_per_file=2)) as reader:
        images = [image for _, batch in reader.headers([str(path) for path in tmp_path.iterdir()]) for image in batch]
        geometry = in_order(images)
        assert geometry is not None
        third = Path(geometry.images[2].path)
        third.unlink()
        os.mkfifo(third)  # whoever opens it waits for a writer that never comes
        slices = native_slices(reader, geometry)
        assert next(slices) is not None and next(slices) is not None
        with pytest.raises(Refused, match="damaged_pixels"):
            next(slices)


def two_patients(folder: Path) -> None:
    other = PatientOptions("Other^Somebody", "OTHER-1", "19300101")
    write_series(folder / "1", volume(), options(seed=1))
    write_series(folder / "2", volume(), options(seed=2, patient=other))


def two_patients_of_one_study(folder: Path) -> None:
    """One Study and Series Instance UID over the images of two people."""
    other = PatientOptions("Other^Somebody", "OTHER-1", "19300101")
    uids = {"study_uid": BASE + ".1", "series_uid": BASE + ".2"}
    write_series(folder / "1", volume()[:16], part(0, 16, seed=1, **uids))
    write_series(folder / "2", volume()[16:], part(16, 32, seed=2, patient=other, **uids))


def two_studies(folder: Path) -> None:
    write_series(folder / "1", volume(), options(seed=1))
    write_series(folder / "2", volume(), options(seed=2, study_date="20230101"))


def a_chest(folder: Path) -> None:
    write_series(folder, volume(), options(body_part="CHEST", protocol="", series_description="", study_description=""))


def values_of_another_scale(folder: Path) -> None:
    write_series(folder, volume(), options(extra={"RescaleIntercept": str(-1024 + 40)}))


def slopes_that_differ(folder: Path) -> None:
    write_series(folder, volume(), options())
    first = sorted(folder.iterdir())[5]
    dataset = pydicom.dcmread(first)
    dataset.RescaleSlope = "2"
    dataset.save_as(first)


def no_positions(folder: Path) -> None:
    write_series(folder, volume(), options(extra={"ImagePositionPatient": None}))


def lossy(folder: Path) -> None:
    write_series(folder, volume(), options(extra={"LossyImageCompression": "01"}))


NOT_SHOWN: Dict[str, Callable[[Path], None]] = {
    "several_patients": two_patients,
    "several_patients ": two_patients_of_one_study,
    "several_studies": two_studies,
    "not_head": a_chest,
    "not_hounsfield": values_of_another_scale,
    "damaged_header": slopes_that_differ,
    "inconsistent_geometry": no_positions,
    "lossy": lossy,
}


@pytest.mark.parametrize("reason", NOT_SHOWN)
def test_what_may_mislead_is_not_shown(reason: str, tmp_path: Path, desk: Desk) -> None:
    NOT_SHOWN[reason](tmp_path / "disc")
    case = desk.judge(tmp_path / "disc")
    assert reason.strip() in reasons(case)
    assert planned(desk.store.rendered) == [] and not desk.render()
    assert desk.state(case) is SeriesState.NONE


def test_of_several_refused_series_the_one_that_the_verdict_names_is_shown(tmp_path: Path, desk: Desk) -> None:
    """An old scan of another day, and a bone series of today: neither gets among the slices."""
    today = replace(options(contrast_agent="IOHEXOL"), study_uid=BASE + ".3")
    write_series(tmp_path / "disc" / "1", volume(), replace(today, series_uid=BASE + ".4"))
    write_series(tmp_path / "disc" / "2", volume()[:9], part(0, 9, study_uid=BASE + ".3", kernel="BONE", seed=3))
    write_series(tmp_path / "disc" / "3", volume()[:12], part(0, 12, seed=4, study_date="20200101", kernel="BONE"))
    case = desk.judge(tmp_path / "disc")
    assert case.verdict is not None and reasons(case)
    desk.render()
    about, pixels = slices_of(desk.store, case)
    assert about["slices"] == case.verdict["series"]["slices"]
    expected = {32: volume(), 9: volume()[:9], 12: volume()[:12]}[about["slices"]]
    assert np.array_equal(pixels, to_levels(expected))
