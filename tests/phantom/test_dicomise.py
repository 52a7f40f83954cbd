"""A written series reads back as it was meant, in every syntax."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pydicom
import pytest

from appliance.phantom.dicomise import write_series
from appliance.phantom.enhanced import write_enhanced
from appliance.phantom.options import PatientOptions, SeriesOptions
from appliance.phantom.transcode import JPEG_2000_LOSSLESS, JPEG_BASELINE, JPEG_LOSSLESS, JPEG_LS_LOSSLESS

pytestmark = pytest.mark.slow  # one Python is enough

NATIVE = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": "1.2.840.10008.1.2.1",
    "deflated": "1.2.840.10008.1.2.1.99",
    "big-endian": "1.2.840.10008.1.2.2",
    "rle": "1.2.840.10008.1.2.5",
}
MADE_BY_GDCM = {"jpeg-lossless": JPEG_LOSSLESS, "jpeg-ls": JPEG_LS_LOSSLESS, "jpeg-2000": JPEG_2000_LOSSLESS}
OPTIONS = SeriesOptions(positions_mm=(10.0, 15.0, 20.0), pixel_spacing_mm=3.0)


@pytest.fixture(scope="module")
def volume() -> np.ndarray:
    return np.random.default_rng(0).integers(-1024, 3072, size=(3, 64, 64)).astype(np.int16)


def hounsfield(path: Path) -> np.ndarray:
    ds = pydicom.dcmread(path)
    return ds.pixel_array.astype(np.int32) * int(ds.RescaleSlope) + int(ds.RescaleIntercept)


def gdcm_hounsfield(path: Path) -> np.ndarray:
    gdcm = pytest.importorskip("gdcm")
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.ExplicitVRLittleEndian))
    change.SetInput(reader.GetImage())
    assert change.Change()
    raw = change.GetOutput().GetBuffer().encode("utf-8", errors="surrogateescape")
    return np.frombuffer(raw, "<u2").reshape(64, 64).astype(np.int32) - 1024


@pytest.mark.parametrize("syntax", NATIVE.values(), ids=NATIVE.keys())
def test_native_syntaxes_keep_every_pixel(tmp_path: Path, volume: np.ndarray, syntax: str) -> None:
    paths = write_series(tmp_path, volume, replace(OPTIONS, transfer_syntax=syntax))
    assert len(paths) == 3
    for path, image in zip(paths, volume):
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == syntax
        assert np.array_equal(hounsfield(path), image)


@pytest.mark.parametrize("syntax", MADE_BY_GDCM.values(), ids=MADE_BY_GDCM.keys())
def test_lossless_syntaxes_keep_every_pixel_and_the_uid(tmp_path: Path, volume: np.ndarray, syntax: str) -> None:
    pytest.importorskip("gdcm")
    paths = write_series(tmp_path, volume, replace(OPTIONS, transfer_syntax=syntax))
    plain = write_series(tmp_path / "plain", volume, OPTIONS)
    for path, image, uncompressed in zip(paths, volume, plain):
        ds = pydicom.dcmread(path)
        assert ds.file_meta.TransferSyntaxUID == syntax
        assert ds.SOPInstanceUID == pydicom.dcmread(uncompressed).SOPInstanceUID
        assert np.array_equal(gdcm_hounsfield(path), image)
    assert not list(tmp_path.glob("*.part"))


def test_jpeg_baseline_is_marked_as_lossy(tmp_path: Path, volume: np.ndarray) -> None:
    pytest.importorskip("gdcm")
    (path,) = write_series(tmp_path, volume[:1], replace(OPTIONS, positions_mm=(10.0,), transfer_syntax=JPEG_BASELINE))
    ds = pydicom.dcmread(path)
    assert ds.file_meta.TransferSyntaxUID == JPEG_BASELINE
    assert ds.LossyImageCompression == "01"
    assert ds.BitsAllocated == 8


@pytest.mark.parametrize(
    "changed",
    [
        {"signed": True, "rescale_intercept": 0},
        {"signed": True, "rescale_intercept": -1024},
        {"rescale_intercept": -8192},
        {"photometric": "MONOCHROME1"},
        {"padding": 63, "rescale_intercept": -1088},
        {"signed": True, "padding": -2000, "rescale_intercept": 0},
    ],
    ids=str,
)
def test_pixel_encodings_keep_hounsfield_units(tmp_path: Path, volume: np.ndarray, changed: Dict[str, Any]) -> None:
    options = replace(OPTIONS, **changed)
    axis = np.linspace(-1, 1, 64)
    circle = np.hypot(axis[:, None], axis[None, :]) <= 1
    for path, image in zip(write_series(tmp_path, volume, options), volume):
        read = hounsfield(path)
        assert np.array_equal(read[circle], image[circle])
        ds = pydicom.dcmread(path)
        assert ds.PhotometricInterpretation == options.photometric
        if options.padding is not None:
            assert ds.PixelPaddingValue == options.padding
            assert (ds.pixel_array[~circle] == options.padding).all()


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (("", "ISO 2022 IR 87"), "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (("ISO 2022 IR 13", "ISO 2022 IR 87"), "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        (("ISO_IR 192",), "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ],
    ids=["ir-87", "ir-13", "utf-8"],
)
def test_japanese_names_read_back(tmp_path: Path, volume: np.ndarray, charset: Any, name: str) -> None:
    patient = PatientOptions(name=name, charset=charset)
    path = write_series(tmp_path, volume, replace(OPTIONS, patient=patient))[0]
    assert str(pydicom.dcmread(path).PatientName) == name
    if charset[-1] != "ISO_IR 192":
        assert b"\x1b$B" in path.read_bytes()


def test_geometry_of_a_tilted_gantry(tmp_path: Path, volume: np.ndarray) -> None:
    options = replace(OPTIONS, tilt_deg=18.5)
    first, second = (pydicom.dcmread(path) for path in write_series(tmp_path, volume, options)[:2])
    across, down = np.array(first.ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(across, down)
    assert np.degrees(np.arccos(normal[2])) == pytest.approx(18.5, abs=1e-3)
    assert normal[1] > 0
    step = np.array(second.ImagePositionPatient, float) - np.array(first.ImagePositionPatient, float)
    assert step == pytest.approx([0, 0, 5], abs=1e-4)
    centre = np.array(first.ImagePositionPatient, float) + (across + down) * 63 / 2 * 3.0
    assert centre == pytest.approx([0, -4, 10], abs=1e-3)


def test_options_reach_the_header_and_none_deletes(tmp_path: Path, volume: np.ndarray) -> None:
    options = replace(
        OPTIONS,
        contrast_agent="Iohexol",
        instance_numbers=False,
        body_part="",
        extra={"Manufacturer": "Other", "ConvolutionKernel": None, "StudyDate": None},
    )
    ds = pydicom.dcmread(write_series(tmp_path, volume, options)[0])
    assert ds.ContrastBolusAgent == "Iohexol"
    assert "InstanceNumber" not in ds
    assert ds.BodyPartExamined == ""
    assert ds.Manufacturer == "Other"
    assert "ConvolutionKernel" not in ds and "StudyDate" not in ds


def test_files_are_the_same_for_the_same_seed(tmp_path: Path, volume: np.ndarray) -> None:
    first = write_series(tmp_path / "a", volume, OPTIONS)
    again = write_series(tmp_path / "b", volume, OPTIONS)
    other = write_series(tmp_path / "c", volume, replace(OPTIONS, seed=1))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert pydicom.dcmread(first[0]).StudyInstanceUID != pydicom.dcmread(other[0]).StudyInstanceUID
    assert len({pydicom.dcmread(path).SOPInstanceUID for path in first + other}) == 6


def test_positions_must_match_the_slices(tmp_path: Path, volume: np.ndarray) -> None:
    with pytest.raises(ValueError, match="3 slices but 2 positions"):
        write_series(tmp_path, volume, replace(OPTIONS, positions_mm=(1.0, 2.0)))


@pytest.mark.parametrize("syntax", [NATIVE["explicit"], NATIVE["big-endian"], NATIVE["rle"]])
def test_enhanced_keeps_pixels_and_geometry_of_every_frame(tmp_path: Path, volume: np.ndarray, syntax: str) -> None:
    options = replace(OPTIONS, positions_mm=(20.0, 10.0, 15.0), tilt_deg=10.0, transfer_syntax=syntax)
    ds = pydicom.dcmread(write_enhanced(tmp_path / "enhanced.dcm", volume, options))
    singles = [pydicom.dcmread(path) for path in write_series(tmp_path / "single", volume, options)]
    shared = ds.SharedFunctionalGroupsSequence[0]
    transform = shared.PixelValueTransformationSequence[0]
    assert np.array_equal(
        ds.pixel_array.astype(int) * int(transform.RescaleSlope) + int(transform.RescaleIntercept), volume
    )
    assert ds.NumberOfFrames == 3
    assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == singles[0].ImageOrientationPatient
    frames = ds.PerFrameFunctionalGroupsSequence
    for frame, single in zip(frames, singles):
        assert frame.PlanePositionSequence[0].ImagePositionPatient == single.ImagePositionPatient
    assert [frame.FrameContentSequence[0].InStackPositionNumber for frame in frames] == [3, 1, 2]
