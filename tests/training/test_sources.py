"""Each data set, read from its own layout."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from appliance.dicom.stack import window
from appliance.errors import NoDicomError
from appliance.reasons import Refused
from tests.training import layouts
from training.dataset import KINDS, Study
from training.documents import TrainingError
from training.sources import NAMES, info, load


def by_patient(name: str, folder: Path) -> dict[str, Study]:
    return {study.patient: study for study in load(name, folder).studies}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Writes a simulated data set, once."""
    writers = {
        "physionet": layouts.write_physionet,
        "rsna": layouts.write_rsna,
        "cq500": layouts.write_cq500,
        "hospital": layouts.write_hospital,
    }
    folders: dict[str, Path] = {}

    def write(name: str) -> Path:
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp(name) / name
            writers[name](folders[name])
        return folders[name]

    return write


def test_every_data_set_says_what_its_labels_mean() -> None:
    assert NAMES == ("ct_ich", "physionet", "rsna", "cq500", "hospital")
    for name in NAMES:
        sentence = info(name).labels
        assert info(name).name == name
        assert info(name).people == ("ct_ich" if name == "physionet" else name)
        assert all(word in sentence for word in ("green", "yellow", "red", "black", "urgent"))
        assert sentence.endswith(".")


def test_an_unknown_data_set_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="hospital"):
        load("brats", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_another_folder_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--data"):
        load(name, tmp_path)


@pytest.mark.parametrize(
    ("name", "table", "header"),
    [
        ("ct_ich", "patients.csv", "patient,age"),
        ("physionet", "hemorrhage_diagnosis_raw_ct.csv", "PatientNumber,SliceNumber"),
        ("rsna", "stage_2_train.csv", "Name,Label"),
        ("cq500", "reads.csv", "name,Category"),
        ("hospital", "colours.csv", "study,category"),
    ],
)
def test_a_missing_column_is_named(name: str, table: str, header: str, tmp_path: Path) -> None:
    (tmp_path / "slices.csv").write_text("file,patient\nimages/1.jpg,1\n", "utf-8")
    (tmp_path / "Patient_demographics.csv").write_text("Patient Number,Age\n", "utf-8")
    (tmp_path / "CQ500CT1").mkdir()
    values = "CQ500-CT-1,1" if name == "cq500" else "1,1"
    (tmp_path / table).write_text(f"{header}\n{values}\n", "utf-8")
    with pytest.raises(TrainingError, match="column .* is missing"):
        load(name, tmp_path)


def test_ct_ich_leaves_out_the_unusable_patient_and_sorts_slices(simulated_ct_ich: Path) -> None:
    studies = load("ct_ich", simulated_ct_ich).studies
    assert [study.patient for study in studies] == [str(number) for number in range(50, 74)]
    found = studies[1].read()
    assert found.labels is not None and found.kinds is not None
    assert found.labels.tolist() == [False] * 3 + [True] * 4 + [False] * 3
    assert found.kinds[3].tolist() == [kind in studies[1].kinds for kind in KINDS]
    assert studies[1].kinds == {KINDS[51 % 5]}
    assert found.stack.sources == tuple(f"{z:02}.jpg" for z in range(10))
    assert [study.child for study in studies[:3]] == [False, True, False]


@pytest.mark.parametrize("column", ["haemorrhage", "IVH"])
def test_ct_ich_says_where_labels_disagree(simulated_ct_ich: Path, tmp_path: Path, column: str) -> None:
    (tmp_path / "images").symlink_to(simulated_ct_ich / "images")
    (tmp_path / "slices.csv").write_bytes((simulated_ct_ich / "slices.csv").read_bytes())
    with (simulated_ct_ich / "patients.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    place = rows[0].index(column)
    rows[2][place] = str(1 - int(rows[2][place]))
    layouts.write_table(tmp_path / "patients.csv", rows)
    with pytest.raises(TrainingError, match="patient 50"):
        load("ct_ich", tmp_path)


def test_ct_ich_names_missing_pictures(simulated_ct_ich: Path, tmp_path: Path) -> None:
    for name in ("patients.csv", "slices.csv"):
        shutil.copy(simulated_ct_ich / name, tmp_path)
    with pytest.raises(TrainingError, match="images/050/00.jpg"):
        load("ct_ich", tmp_path)


def test_the_real_ct_ich_loads(shared_data: Path) -> None:
    studies = load("ct_ich", shared_data / "ct_ich").studies
    assert len(studies) == 74
    assert sum(study.haemorrhage for study in studies) == 35
    assert sum(study.child for study in studies) == 24
    assert "49" not in {study.patient for study in studies}
    for study in studies:
        found = study.read()
        assert found.labels is not None and found.kinds is not None
        assert len(found.stack) == len(found.labels)
        assert found.kinds.any(axis=1).tolist() == found.labels.tolist()


def test_physionet_reads_volumes_as_a_ct_is_shown_however_they_are_stored(written: Callable[[str], Path]) -> None:
    studies = by_patient("physionet", written("physionet"))
    assert list(studies) == ["50", "51", "52", "53", "54"]
    for patient in ("50", "51", "52"):
        stack = studies[patient].read().stack
        assert stack.hounsfield is not None and stack.positions_mm is not None and stack.thickness_mm is not None
        assert np.array_equal(stack.hounsfield, layouts.head(patient != "52"))
        assert np.array_equal(stack.pixels, window(stack.hounsfield, 120, 40))
        assert np.diff(stack.positions_mm).tolist() == [5.0] * (len(stack) - 1)
        assert stack.pixel_spacing_mm == layouts.SPACING_MM


def test_physionet_lays_rotated_labels_upon_the_drawn_bleeds(written: Callable[[str], Path]) -> None:
    studies = by_patient("physionet", written("physionet"))
    for patient in ("50", "51"):
        found = studies[patient].read()
        assert found.labels is not None and found.kinds is not None
        assert found.labels.tolist() == layouts.bleeding().tolist()
        assert found.kinds[found.labels].tolist() == [[False, True, False, False, True]] * int(found.labels.sum())
        assert studies[patient].kinds == {"IPH", "SDH"}
    none = studies["52"].read()
    assert none.labels is not None and not none.labels.any() and not studies["52"].haemorrhage
    assert [study.child for study in studies.values()] == [False, False, True, False, False]


def test_physionet_keeps_no_slice_labels_that_contradict_the_drawn_bleeds(written: Callable[[str], Path]) -> None:
    studies = by_patient("physionet", written("physionet"))
    for patient in ("53", "54"):
        found = studies[patient].read()
        assert studies[patient].haemorrhage and found.labels is None and found.kinds is None


def test_physionet_knows_a_study_without_labels_to_be_free_of_blood_only_where_none_is_drawn(
    written: Callable[[str], Path], tmp_path: Path
) -> None:
    """Patient 50 with a drawn bleed and 52 with none, whose tables have one row that labels nothing."""
    folder = tmp_path / "physionet"
    shutil.copytree(written("physionet"), folder)
    table = folder / "hemorrhage_diagnosis_raw_ct.csv"
    with table.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    nothing = {row[0]: ["0" if cell == "1" and column > 1 else cell for column, cell in enumerate(row)] for row in rows}
    layouts.write_table(table, [header, nothing["50"], nothing["52"]])
    drawn, free = (study.read() for study in load("physionet", folder).studies)
    assert drawn.labels is None and drawn.kinds is None
    assert free.labels is not None and free.kinds is not None
    assert len(free.labels) == len(free.stack) and not free.labels.any() and not free.kinds.any()


def test_rsna_finds_studies_by_their_headers_and_orders_them_by_position(written: Callable[[str], Path]) -> None:
    studies = load("rsna", written("rsna")).studies
    assert [(study.patient, study.uid) for study in studies] == [("ID_p0", "rsna-ID_s0"), ("ID_p1", "rsna-ID_s1")]
    assert [(study.haemorrhage, study.kinds) for study in studies] == [(True, {"IPH"}), (False, set())]
    stack = studies[0].read().stack
    pairs = layouts.head(True, 2.5).reshape(32, 2, layouts.ROWS, layouts.ROWS).astype(np.float64)
    assert stack.hounsfield is not None
    assert np.abs(stack.hounsfield - pairs.mean(axis=1)).max() <= 0.5


def test_an_rsna_slab_shows_what_any_of_its_images_shows(written: Callable[[str], Path]) -> None:
    single = layouts.bleeding(2.5).reshape(32, 2)
    assert (single[:, 0] != single[:, 1]).any()
    found = load("rsna", written("rsna")).studies[0].read()
    assert found.labels is not None and found.kinds is not None
    assert found.labels.tolist() == single.any(axis=1).tolist()
    assert found.kinds[:, KINDS.index("IPH")].tolist() == found.labels.tolist()


def test_rsna_names_images_of_the_table_that_are_missing(written: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "rsna"
    shutil.copytree(written("rsna"), folder)
    (folder / "stage_2_train" / "ID_0007.dcm").unlink()
    with pytest.raises(TrainingError, match=r"names 1 .*ID_0007"):
        load("rsna", folder)


def test_an_rsna_study_with_a_gap_is_not_read(written: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "rsna"
    shutil.copytree(written("rsna"), folder)
    table = folder / "stage_2_train.csv"
    missing = [f"ID_0{index * 7 % 64:03}_" for index in range(20, 26)]
    rows = [row for row in table.read_text("utf-8").splitlines() if not row.startswith(tuple(missing))]
    table.write_text("\n".join(rows), "utf-8")
    with pytest.raises(Refused, match="inconsistent_geometry"):
        load("rsna", folder).studies[0].read()


def test_cq500_counts_what_two_of_three_readers_saw(written: Callable[[str], Path]) -> None:
    studies = by_patient("cq500", written("cq500"))
    seen = {patient: (study.haemorrhage, study.kinds) for patient, study in studies.items()}
    assert seen == {
        "CQ500-CT-0": (True, {"IPH", "IVH"}),
        "CQ500-CT-12": (True, frozenset()),
        "CQ500-CT-3": (False, frozenset()),
    }


def test_cq500_reads_folders_and_archives_and_labels_slices_only_without_blood(written: Callable[[str], Path]) -> None:
    for patient, study in by_patient("cq500", written("cq500")).items():
        found = study.read()
        if study.haemorrhage:
            assert found.labels is None
        else:
            assert found.labels is not None and found.labels.tolist() == [False] * len(found.stack)
        assert found.kinds is None and found.stack.hounsfield is not None
        assert np.array_equal(found.stack.hounsfield, layouts.head(patient != "CQ500-CT-3"))


def test_cq500_names_studies_of_the_table_that_are_missing(written: Callable[[str], Path], tmp_path: Path) -> None:
    shutil.copy(written("cq500") / "reads.csv", tmp_path)
    with pytest.raises(TrainingError, match="names 3 .*CQ500-CT-0, CQ500-CT-12"):
        load("cq500", tmp_path)


def test_four_colours_of_a_hospital_become_two_classes(written: Callable[[str], Path]) -> None:
    studies = load("hospital", written("hospital")).studies
    urgent = {study.uid: study.haemorrhage for study in studies}
    assert urgent == {
        "hospital-case-1": True,
        "hospital-case-2": False,
        "hospital-case-3": True,
        "hospital-case-4": False,
        "hospital-case-5": False,
    }
    found = studies[1].read()  # yellow, which may hold blood
    assert found.labels is None and np.array_equal(found.stack.hounsfield, layouts.head(False))


def test_a_hospital_s_patients_are_told_apart_but_never_named(written: Callable[[str], Path]) -> None:
    studies = load("hospital", written("hospital")).studies
    assert [study.patient for study in studies] == ["case-1", "case-1", "case-3", "case-4", "case-5"]
    ages = [study.age_years for study in studies]
    assert ages[0] == 74 and ages[3] is None
    assert ages[2] == pytest.approx(8.58, abs=0.01) and studies[2].child


@pytest.mark.parametrize(
    ("row", "sentence"),
    [("case-1,blue", "'blue', which is none of green"), ("../x,red", "letters"), ("case-9,red", "case-9")],
)
def test_a_wrong_row_of_a_hospital_s_table_is_named(tmp_path: Path, row: str, sentence: str) -> None:
    (tmp_path / "case-1").mkdir()
    (tmp_path / "colours.csv").write_text(f"study,colour\n{row}\n", "utf-8")
    with pytest.raises(TrainingError, match=sentence):
        load("hospital", tmp_path)


def test_a_disc_without_images_is_told_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "case-1").mkdir()
    (tmp_path / "colours.csv").write_text("study,colour\ncase-1,red\n", "utf-8")
    (study,) = load("hospital", tmp_path).studies
    assert (study.patient, study.age_years) == ("case-1", None)
    with pytest.raises(NoDicomError):
        study.read()
