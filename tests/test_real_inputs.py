"""Real inputs, each with what must come of it.

`CASES` is the table: input, and the reason codes of its refusal, or the code of the error that the command line
reports.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Callable, List

import numpy as np
import pytest

from appliance.errors import TriageError
from appliance.imaging.zones import ZONES
from appliance.pipeline import Pipeline
from appliance.scoring import Judgement
from appliance.verdict import Colour, Verdict

A_VERDICT = "a verdict"

CASES = {
    "ge_head_ct": A_VERDICT,
    "philips_head_phantom_disc.zip": "no_brain",
    "ct_head_slice_five_syntaxes": "too_few_slices",
    "ct_head_slice_five_syntaxes/CT2_UNC": "too_few_slices",
    "ct_head_slice_five_syntaxes/CT2_JPLL": "too_few_slices",
    "ct_head_slice_five_syntaxes/CT2_JLSL": "too_few_slices",
    "ct_head_slice_five_syntaxes/CT2_J2KR": "too_few_slices",
    "ct_head_slice_five_syntaxes/CT2_RLE": "too_few_slices",
    "ct_geometry_faults": "several_patients",
    "ct_geometry_faults/gantrytilting/001": "too_few_slices",
    "ct_geometry_faults/notavolume/001": "inconsistent_geometry too_few_slices",
    "ct_geometry_faults/slicecount/001": "not_ct",
    "ct_geometry_faults/sliceincrement/001": "inconsistent_geometry too_few_slices",
    "ct_geometry_faults/sliceincrement/002": "inconsistent_geometry too_few_slices",
    "ct_geometry_faults/sliceorientation/001": "not_ct",
    "dicomdir_media": "several_patients",
    "dicomdir_media/77654033": "inconsistent_geometry too_few_slices",
    "dicomdir_media/98892001": "too_few_slices",
    "dicomdir_media/98892003": "not_ct",
    "dicomdir_media/TINY_ALPHA": "no_pixels",
    "dicomdir_media/DICOMDIR": "no_dicom",
    "dicomdir_media/DICOMDIR-bigEnd": "no_dicom",
    "dicomdir_media/DICOMDIR-empty.dcm": "no_dicom",
    "dicomdir_media/DICOMDIR-implicit": "no_dicom",
    "dicomdir_media/DICOMDIR-nooffset": "no_dicom",
    "dicomdir_media/DICOMDIR-nopatient": "no_dicom",
    "dicomdir_media/DICOMDIR-reordered": "no_dicom",
    "dicomdir_media/README.txt": "no_dicom",
    "odd_files": "several_patients",
    "odd_files/CT_small.dcm": "contrast too_few_slices",
    "odd_files/ExplVR_BigEnd.dcm": "not_ct",
    "odd_files/J2K_pixelrep_mismatch.dcm": "too_few_slices",
    "odd_files/JPEG2000-embedded-sequence-delimiter.dcm": "not_ct",
    "odd_files/MR_small.dcm": "not_ct",
    "odd_files/MR_truncated.dcm": "not_ct",
    "odd_files/badVR.dcm": "not_ct",
    "odd_files/image_dfl.dcm": "not_ct",
    "odd_files/meta_missing_tsyntax.dcm": "no_dicom",
    "odd_files/no_meta.dcm": "no_dicom",
    "odd_files/rtdose.dcm": "not_ct",
    "odd_files/rtplan_truncated.dcm": "not_ct",
    "odd_files/rtstruct.dcm": "not_ct",
    "odd_files/test-SR.dcm": "not_ct",
    "odd_files/waveform_ecg.dcm": "not_ct",
}


@pytest.mark.parametrize("name", CASES)
def test_every_input_ends_as_the_table_says(name: str, shared_data: Path, judge: Callable[..., Verdict]) -> None:
    """A verdict, a refusal with its reasons, or an error with its sentence: never a traceback."""
    try:
        verdict = judge(shared_data / "dicom" / name)
    except TriageError as error:
        assert error.code == CASES[name] and error.exit_status == 4
        return
    if CASES[name] == A_VERDICT:
        assert verdict.colour is not Colour.REFER
    else:
        assert verdict.colour is Colour.REFER
        assert " ".join(reason.code.value for reason in verdict.reasons) == CASES[name]


def test_the_table_is_complete(shared_data: Path) -> None:
    """Every file of the odd ones, and every medium of the others, has its line."""
    root = shared_data / "dicom"
    single = [path for folder in ("odd_files", "ct_head_slice_five_syntaxes") for path in (root / folder).iterdir()]
    single += (root / "dicomdir_media").iterdir()
    single += [path for path in (root / "ct_geometry_faults").glob("*/*") if path.is_dir() or path.suffix == ".dcm"]
    names = {str(path.relative_to(root)) for path in single}
    assert {
        name for name in names if name not in CASES and not name.startswith("ct_geometry_faults/sliceincrement/002_")
    } == set()


def test_tilted_head_with_changing_steps(shared_data: Path, judge: Callable[..., Verdict]) -> None:
    """8 zones of equal length although the series steps 4, 1.08 and 7 mm; every position in its zone and in the
    brain.
    """
    verdict = judge(shared_data / "dicom" / "ge_head_ct")
    assert verdict.series is not None and verdict.series.tilt_deg == pytest.approx(18.5, abs=0.01)
    edges = [zone.zone_mm for zone in verdict.zones if zone.zone_mm]
    assert len(edges) == ZONES
    assert np.ptp([upper - lower for lower, upper in edges]) < 1e-6
    assert [upper for _, upper in edges[:-1]] == pytest.approx([lower for lower, _ in edges[1:]])
    # the brain, as seen on a montage of the 28 slices: from the foramen magnum to below the vertex
    assert -20 < edges[0][0] < -5 and 90 < edges[-1][1] < 112
    for (lower, upper), zone in zip(edges, verdict.zones):
        assert zone.slab.position_mm is not None and lower <= zone.slab.position_mm <= upper


def test_phantom_disc_is_refused_with_every_series_named(shared_data: Path, judge: Callable[..., Verdict]) -> None:
    """The 5 mm soft series is picked; bone, scout and dose report are rejected, each for its own reason."""
    verdict = judge(shared_data / "dicom" / "philips_head_phantom_disc.zip")
    assert verdict.series is not None
    assert (verdict.series.number, verdict.series.slices) == (201, 28)
    reasons = {item.series.number: [reason.code.value for reason in item.reasons] for item in verdict.rejected}
    assert reasons == {100: ["localizer_only"], 202: ["no_brain"], 203: ["bone_kernel_only"], 401: ["not_ct"]}


def test_five_syntaxes_hold_the_same_pixels(shared_data: Path, tmp_path: Path) -> None:
    """One real slice, stored in five ways."""
    from appliance.dicom.decode import PixelReader
    from appliance.dicom.header import read_headers

    decoded: List[bytes] = []
    for path in sorted((shared_data / "dicom" / "ct_head_slice_five_syntaxes").iterdir()):
        (header,) = read_headers(str(path))
        values = PixelReader().hounsfield(str(path), 0, header["slope"], header["intercept"])
        decoded.append(values.astype(np.int16).tobytes())
    assert len(decoded) == 5 and len(set(decoded)) == 1


def test_a_study_of_a_disc_with_several_patients_can_be_chosen(
    shared_data: Path, judge: Callable[..., Verdict]
) -> None:
    """Others are not named, and the chosen one is judged by itself."""
    medium = shared_data / "dicom" / "dicomdir_media"
    first = judge(medium)
    assert first.patient is None and len(first.choices) > 1
    assert "98890234" not in json.dumps(first.to_json(with_identity=True))
    chosen = judge(medium, first.choices[0].uid)
    assert chosen.reasons[0].code.value != "several_patients" and chosen.study == first.choices[0]


def test_ct_ich_pictures_are_judged_as_a_study(shared_data: Path, pipeline: Pipeline, tmp_path: Path) -> None:
    """A folder of pictures gives one verdict with 8 zones and no millimetres; shuffled files keep the order of
    names.
    """
    source = shared_data / "ct_ich" / "images" / "070"
    for path in sorted(source.iterdir(), reverse=True):
        shutil.copy(path, tmp_path / path.name)
    judgement = pipeline.pictures.slices(sorted(tmp_path.iterdir()))
    assert isinstance(judgement, Judgement) and judgement.verdict.colour is not Colour.REFER
    assert len(judgement.pictures) == len(judgement.verdict.zones) == ZONES
    assert all(zone.zone_mm is None and zone.slab.position_mm is None for zone in judgement.verdict.zones)
