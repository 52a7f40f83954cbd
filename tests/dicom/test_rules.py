"""What a header may say, and what comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest

from appliance.dicom.select import Selection
from appliance.errors import UnknownStudyError
from appliance.phantom.dicomise import write_series
from appliance.phantom.disc import DiscOptions, write_disc
from appliance.phantom.options import PatientOptions
from tests.simulated import options, volume

Selected = Callable[..., Selection]


def codes(selection: Selection) -> List[str]:
    """Reasons of a refusal."""
    return [reason.code.value for reason in selection.refusal]


REFUSED: Dict[str, Tuple[Dict[str, Any], str]] = {
    "localizer": ({"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "localizer_only"),
    "reformatted": ({"image_type": ("DERIVED", "SECONDARY", "MPR")}, "derived_only"),
    "projection": ({"image_type": ("DERIVED", "SECONDARY", "AXIAL", "MIP")}, "derived_only"),
    "sagittal": ({"extra": {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}}, "not_axial"),
    "chest": ({"body_part": "CHEST", "series_description": "", "protocol": ""}, "not_head"),
    "neck in words": ({"body_part": "", "series_description": "頸部 5mm", "protocol": ""}, "not_head"),
    "agent": ({"contrast_agent": "IOPAMIRON 300"}, "contrast"),
    "agent named nonionic": ({"contrast_agent": "NONIONIC IODINE"}, "contrast"),
    "contrast beside a word that denies it": ({"series_description": "HEAD W/O + W CONTRAST"}, "contrast"),
    "contrast before an operation": ({"series_description": "HEAD C+ PRE-OP"}, "contrast"),
    "plain and contrast in Japanese": ({"series_description": "頭部 単純造影"}, "contrast"),
    "pixels that are not square": ({"extra": {"PixelSpacing": [0.5, 0.9]}}, "inconsistent_geometry"),
    "contrast in words": ({"series_description": "HEAD +C 5mm"}, "contrast"),
    "contrast in Japanese": ({"series_description": "頭部 造影"}, "contrast"),
    "Siemens bone": ({"kernel": "H60s"}, "bone_kernel_only"),
    "Siemens bone of a newer scanner": ({"kernel": "Hr64h\\3"}, "bone_kernel_only"),
    "GE bone": ({"kernel": "BONEPLUS"}, "bone_kernel_only"),
    "Philips bone": ({"kernel": "YA"}, "bone_kernel_only"),
    "Canon bone": ({"kernel": "FC81"}, "bone_kernel_only"),
    "bone in words": ({"series_description": "Bone 1mm"}, "bone_kernel_only"),
    "lossy": ({"extra": {"LossyImageCompression": "01"}}, "lossy"),
    "no slope": ({"extra": {"RescaleSlope": None}}, "not_hounsfield"),
    "no position": ({"extra": {"ImagePositionPatient": None}}, "inconsistent_geometry"),
    "no orientation": ({"extra": {"ImageOrientationPatient": None}}, "inconsistent_geometry"),
    "no spacing": ({"extra": {"PixelSpacing": None}}, "inconsistent_geometry"),
    "another object": ({"extra": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR"}}, "not_ct"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path, selected: Selected) -> None:
    """Each alone makes the whole study one that cannot be judged."""
    changes, code = REFUSED[name]
    write_series(tmp_path, volume(), options(**changes))
    assert codes(selected(tmp_path))[0] == code


ACCEPTED: Dict[str, Dict[str, Any]] = {
    "plain": {},
    "no body part": {"body_part": "", "series_description": "", "protocol": ""},
    "head among others": {"body_part": "HEAD", "protocol": "HEAD NECK TRAUMA"},
    "plain in words": {"series_description": "Head without contrast"},
    "plain in Japanese": {"series_description": "頭部単純"},
    "before contrast": {"series_description": "Head pre-contrast"},
    "agent said to be absent": {"contrast_agent": "NO CONTRAST"},
    "agent said to be none": {"contrast_agent": "NONE"},
    "Siemens soft": {"kernel": "H31s"},
    "Siemens soft of a newer scanner": {"kernel": "Hr40f\\3"},
    "GE soft": {"kernel": "STANDARD"},
    "Philips soft": {"kernel": "UB"},
    "Canon soft": {"kernel": "FC26"},
    "what a lossless compressor writes": {"image_type": ("DERIVED", "SECONDARY", "AXIAL")},
    "no thickness": {"extra": {"SliceThickness": None}},
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str, tmp_path: Path, selected: Selected) -> None:
    """Silence and words that only resemble a reason are none."""
    write_series(tmp_path, volume(), options(**ACCEPTED[name]))
    assert len(selected(tmp_path).candidates) == 1


def test_whole_disc(tmp_path: Path, selected: Selected) -> None:
    """Of all that a scanner writes the soft series is judged, and each of the others has its reason."""
    disc = write_disc(tmp_path / "disc", DiscOptions(rows=128, bone_mm=2.5))
    selection = selected(disc.folder)
    assert [item.series.uid for item in selection.candidates] == [disc.series_uids["soft"]]
    reasons = {item.series.uid: item.reasons[0].code.value for item in selection.rejected}
    assert reasons == {
        disc.series_uids["localizer"]: "localizer_only",
        disc.series_uids["bone"]: "bone_kernel_only",
        disc.series_uids["dose_page"]: "not_ct",
        disc.series_uids["dose_report"]: "not_ct",
    }


def test_nearest_thickness_is_preferred(tmp_path: Path, selected: Selected) -> None:
    """Of two soft series the one nearer to 5 mm comes first, the other stays to fall back on."""
    write_series(tmp_path / "thin", volume(2.0), options(2.0, series_number=2))
    write_series(tmp_path / "thick", volume(), options(series_number=5))
    assert [item.series.summary().number for item in selected(tmp_path).candidates] == [5, 2]


def test_two_acquisitions_over_one_place_are_taken_apart(tmp_path: Path, selected: Selected) -> None:
    """A scan repeated in the same series is judged once: the last whole one."""
    same = {"series_uid": "1.2.3.4", "study_uid": "1.2.3"}
    write_series(tmp_path / "a", volume(), options(acquisition_number=1, seed=1, **same))
    write_series(tmp_path / "b", volume(), options(acquisition_number=2, seed=2, **same))
    (candidate,) = selected(tmp_path).candidates
    assert {image.acquisition_number for image in candidate.geometry.images} == {2}


def test_a_copy_of_every_file_changes_nothing(tmp_path: Path, selected: Selected) -> None:
    """A disc that was written twice holds one study."""
    paths = write_series(tmp_path / "a", volume(), options())
    (tmp_path / "b").mkdir()
    for path in paths:
        (tmp_path / "b" / path.name).write_bytes(path.read_bytes())
    (candidate,) = selected(tmp_path).candidates
    assert len(candidate.geometry.images) == len(paths)


def test_several_studies_must_be_chosen_between(tmp_path: Path, selected: Selected) -> None:
    """Today's and last year's head of one patient: the list by UID and date, and either on request."""
    for seed, date in ((1, "20240101"), (2, "20230101")):
        write_series(
            tmp_path / date, volume(), options(seed=seed, study_date=date, patient=PatientOptions(patient_id="7"))
        )
    selection = selected(tmp_path)
    assert codes(selection) == ["several_studies"]
    assert [choice.date for choice in selection.choices] == ["2023-01-01", "2024-01-01"]
    chosen = selected(tmp_path, selection.choices[0].uid)
    assert chosen.study is not None and chosen.study.summary() == selection.choices[0]
    with pytest.raises(UnknownStudyError):
        selected(tmp_path, "1.2.3.4.5")


def test_numbers_that_are_none(tmp_path: Path, selected: Selected) -> None:
    """A damaged number that reads "nan" counts as absent."""
    for path in write_series(tmp_path, volume(), options()):
        data = path.read_bytes()
        assert b"0.9375\\0.9375" in data
        path.write_bytes(data.replace(b"0.9375\\0.9375", b"nan   \\0.9375"))
    assert codes(selected(tmp_path)) == ["inconsistent_geometry"]


def test_last_year_does_not_answer_for_today(tmp_path: Path, selected: Selected) -> None:
    """Today's head lacks a slice: the old one, which could be judged, is not judged in its place."""
    patient = PatientOptions(patient_id="7")
    write_series(tmp_path / "old", volume(), options(seed=2, study_date="20230101", patient=patient))
    for path in write_series(tmp_path / "new", volume(), options(seed=1, patient=patient))[15:16]:
        path.unlink()
    selection = selected(tmp_path)
    assert codes(selection) == ["several_studies"] and len(selection.choices) == 2


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        (("1", "Yamada^Taro", "19500101"), ("2", "Yamada^Taro", "19500101"), 2),
        (("1", "Yamada^Taro", "19500101"), ("1", "Suzuki^Hanako", "19500101"), 2),
        (("1", "Yamada^Taro", "19500101"), ("1", "Yamada^Taro", "19600101"), 2),
        (("1", "Yamada^Taro", "19500101"), ("1", "YAMADA TARO", "19500101"), 1),
        (("1", "Yamada^Taro=山田^太郎", "19500101"), ("1", "=山田^太郎", "19500101"), 1),
    ],
)
def test_patients_are_never_mixed(
    first: Tuple[str, str, str], second: Tuple[str, str, str], count: int, tmp_path: Path, selected: Selected
) -> None:
    """Whatever contradicts makes two patients; another way of writing one name does not."""
    for seed, (patient_id, name, born) in enumerate((first, second)):
        patient = PatientOptions(name=name, patient_id=patient_id, birth_date=born)
        write_series(tmp_path / str(seed), volume()[:9], _short(seed, patient))
    expected = ["several_patients"] if count == 2 else ["several_studies"]
    assert codes(selected(tmp_path)) == expected


def _short(seed: int, patient: PatientOptions) -> Any:
    whole = options(seed=seed, patient=patient)
    return options(seed=seed, patient=patient, positions_mm=whole.positions_mm[:9])


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (("", "ISO 2022 IR 87"), "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (("ISO 2022 IR 13", "ISO 2022 IR 87"), "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        (("ISO_IR 192",), "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ],
)
def test_japanese_names_decode(charset: Tuple[str, ...], name: str, tmp_path: Path, selected: Selected) -> None:
    """Kanji and kana, and half-width katakana, in the character sets that Japanese scanners use."""
    write_series(tmp_path, volume(), options(patient=PatientOptions(name=name, charset=charset)))
    study = selected(tmp_path).study
    assert study is not None and study.patient().name == name
