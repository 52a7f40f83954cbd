"""Every lossless form of the same pixels decodes to the same Hounsfield units."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate

from appliance.dicom.decode import DamagedPixels, PixelReader
from appliance.dicom.rules import DECODABLE
from appliance.dicom.select import Selection
from appliance.phantom.dicomise import write_series
from appliance.phantom.enhanced import write_enhanced
from appliance.study import SliceStack
from tests.simulated import options, volume

SYNTAXES = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": "1.2.840.10008.1.2.1",
    "deflated": "1.2.840.10008.1.2.1.99",
    "big endian": "1.2.840.10008.1.2.2",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG lossless": "1.2.840.10008.1.2.4.70",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}

HTJ2K = "1.2.840.10008.1.2.4.201"

FORMS: Dict[str, Dict[str, Any]] = {
    **{name: {"transfer_syntax": uid} for name, uid in SYNTAXES.items()},
    "signed": {"signed": True, "rescale_intercept": 0},
    "padding": {"signed": True, "rescale_intercept": 0, "padding": -2000},
    "MONOCHROME1": {"photometric": "MONOCHROME1"},
    "no InstanceNumber": {"instance_numbers": False},
}


@pytest.mark.parametrize("form", FORMS)
def test_same_hounsfield_in_every_form(form: str, tmp_path: Path, stack: Callable[[Path], SliceStack]) -> None:
    """The 5 mm slices come out as they went in, whatever they were stored as."""
    expected = np.maximum(volume(), -1024)
    write_series(tmp_path, volume(), options(**FORMS[form]))
    got = stack(tmp_path)
    assert got.hounsfield is not None
    inside = _within_circle(expected.shape[1]) if form == "padding" else np.ones(expected.shape[1:], dtype=bool)
    assert np.array_equal(got.hounsfield[:, inside], expected[:, inside])


def _within_circle(rows: int) -> np.ndarray:
    """Where the reconstruction is not padding."""
    axis = np.arange(rows) - (rows - 1) / 2
    return np.hypot(axis[:, None], axis[None, :]) < rows / 2 - 2


def test_enhanced_multi_frame_equals_single_frames(tmp_path: Path, stack: Callable[[Path], SliceStack]) -> None:
    """One Enhanced CT file holds what a folder of CT files holds, in the same order."""
    write_series(tmp_path / "single", volume(), options())
    (tmp_path / "enhanced").mkdir()
    write_enhanced(tmp_path / "enhanced" / "E", volume(), options())
    single, enhanced = stack(tmp_path / "single"), stack(tmp_path / "enhanced")
    assert single.hounsfield is not None and enhanced.hounsfield is not None
    assert np.array_equal(single.hounsfield, enhanced.hounsfield)
    assert single.positions_mm == pytest.approx(enhanced.positions_mm)


@pytest.mark.skipif(HTJ2K not in DECODABLE, reason="pydicom 2 knows no HTJ2K")
def test_htj2k(tmp_path: Path, stack: Callable[[Path], SliceStack]) -> None:
    """HTJ2K decodes where pydicom 3 is."""
    imagecodecs = pytest.importorskip("imagecodecs", reason="no encoder of HTJ2K for this Python")
    for path in write_series(tmp_path, volume(), options()):
        dataset = pydicom.dcmread(path)
        dataset.PixelData = encapsulate([bytes(imagecodecs.htj2k_encode(dataset.pixel_array, reversible=True))])
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = HTJ2K
        dataset.save_as(path)
    got = stack(tmp_path)
    assert got.hounsfield is not None
    assert np.array_equal(got.hounsfield, np.maximum(volume(), -1024))


def test_a_syntax_that_cannot_be_decoded_is_named(tmp_path: Path, selected: Callable[..., Selection]) -> None:
    """A video is no CT series that could be judged."""
    for path in write_series(tmp_path, volume(), options()):
        dataset = pydicom.dcmread(path)
        dataset.PixelData = encapsulate([b"no picture"])
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"
        dataset.save_as(path)
    reason = selected(tmp_path).refusal[0]
    assert reason.code.value == "unsupported_syntax"
    assert "MPEG2" in reason.message


def test_jpeg_baseline_decodes_but_is_refused_as_lossy(tmp_path: Path, selected: Callable[..., Selection]) -> None:
    """A lossy picture is read, yet never judged."""
    paths = write_series(tmp_path, volume(), options(transfer_syntax="1.2.840.10008.1.2.4.50"))
    assert PixelReader().hounsfield(str(paths[16]), 0, 1.0, 0.0).shape == volume().shape[1:]
    assert [reason.code.value for reason in selected(tmp_path).refusal] == ["lossy"]


def test_values_beyond_bits_stored_are_damage(tmp_path: Path) -> None:
    """A 12-bit scanner cannot write a 13th bit."""
    path = write_series(tmp_path, volume()[:1], replace(options(), positions_mm=(0.0,)))[0]
    dataset = pydicom.dcmread(path)
    pixels = dataset.pixel_array.copy()
    dataset.BitsStored, dataset.HighBit = 12, 11
    pixels[100, 100] = 5000
    dataset.PixelData = pixels.tobytes()
    dataset.save_as(path)
    with pytest.raises(DamagedPixels, match="Bits Stored"):
        PixelReader().hounsfield(str(path), 0, 1.0, -1024.0)


def test_another_file_under_the_same_name_is_read_anew(tmp_path: Path) -> None:
    """What was decoded before is never shown for what lies there now."""
    reader = PixelReader()
    for index in (10, 20):
        where = options().positions_mm[index : index + 1]
        path = write_series(tmp_path / str(index), volume()[index : index + 1], options(positions_mm=where))[0]
        same = tmp_path / "same"
        same.write_bytes(path.read_bytes())
        shown = reader.hounsfield(str(same), 0, 1.0, -1024.0)
        assert np.array_equal(shown, np.maximum(volume()[index], -1024))
