"""The loader, the splits and the prepared slices."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from appliance.imaging.brain import find_brain
from appliance.imaging.head import find_heads
from appliance.imaging.tensor import to_tensor
from training.ct_ich import load_ct_ich
from training.documents import TrainingError
from training.prepare import SIZE, prepare_study, read_prepared, write_prepared
from training.splits import make_splits, read_splits, write_splits


def test_the_loader_leaves_out_the_unusable_patient_and_sorts_slices(simulated_ct_ich: Path) -> None:
    studies = load_ct_ich(simulated_ct_ich).studies
    assert [study.patient for study in studies] == [str(number) for number in range(50, 74)]
    assert studies[1].labels.tolist() == [False] * 3 + [True] * 4 + [False] * 3
    assert studies[1].read().sources == tuple(f"{z:02}.jpg" for z in range(10))
    assert [study.child for study in studies[:3]] == [False, True, False]


def test_the_loader_says_where_labels_disagree(simulated_ct_ich: Path, tmp_path: Path) -> None:
    (tmp_path / "images").symlink_to(simulated_ct_ich / "images")
    (tmp_path / "slices.csv").write_bytes((simulated_ct_ich / "slices.csv").read_bytes())
    with (simulated_ct_ich / "patients.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    rows[2][2] = str(1 - int(rows[2][2]))
    (tmp_path / "patients.csv").write_text("\n".join(",".join(row) for row in rows), "utf-8")
    with pytest.raises(TrainingError, match="patient 50"):
        load_ct_ich(tmp_path)


def test_the_loader_asks_for_a_folder_of_the_data_set(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--data"):
        load_ct_ich(tmp_path)


def test_the_real_data_set_loads(shared_data: Path) -> None:
    studies = load_ct_ich(shared_data / "ct_ich").studies
    assert len(studies) == 74
    assert sum(study.haemorrhage for study in studies) == 35
    assert "49" not in {study.patient for study in studies}


def test_no_patient_is_in_two_parts_and_none_is_lost(simulated_ct_ich: Path) -> None:
    studies = load_ct_ich(simulated_ct_ich).studies
    splits = make_splits("simulated", studies, seed=5)
    parts = [*splits.test, *splits.development]
    assert len(parts) == len(set(parts)) == len(studies)
    assert len(splits.test) == 15
    for fold, part in enumerate(splits.folds):
        assert not set(splits.training_for(fold)) & {*part, *splits.test}
    assert set(splits.training_for(None)) == set(splits.development)


def test_several_studies_of_a_patient_stay_together(simulated_ct_ich: Path) -> None:
    studies = load_ct_ich(simulated_ct_ich).studies
    assert make_splits("simulated", [*studies, *studies], seed=5) == make_splits("simulated", studies, seed=5)


def test_splits_depend_on_the_seed_and_not_on_the_order_of_studies(simulated_ct_ich: Path) -> None:
    studies = load_ct_ich(simulated_ct_ich).studies
    assert make_splits("simulated", studies[::-1], seed=5) == make_splits("simulated", studies, seed=5)
    assert make_splits("simulated", studies, seed=6) != make_splits("simulated", studies, seed=5)


def test_bleeds_and_children_are_dealt_evenly(simulated_ct_ich: Path) -> None:
    studies = {study.patient: study for study in load_ct_ich(simulated_ct_ich).studies}
    splits = make_splits("simulated", list(studies.values()), seed=5, test=8, folds=2)
    for part in (splits.test, *splits.folds):
        assert sum(studies[patient].haemorrhage for patient in part) == 4
        assert sum(studies[patient].child for patient in part) in (2, 3, 4)


def test_splits_that_were_changed_by_hand_are_refused(simulated_ct_ich: Path, tmp_path: Path) -> None:
    path = tmp_path / "splits.json"
    splits = make_splits("simulated", load_ct_ich(simulated_ct_ich).studies, seed=5)
    write_splits(path, splits)
    assert read_splits(path) == splits
    document = json.loads(path.read_text("utf-8"))
    document["folds"][0].append(document["test"].pop())
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(TrainingError, match="changed"):
        read_splits(path)


def test_prepared_slices_are_what_the_appliance_feeds_its_network(simulated_ct_ich: Path, tmp_path: Path) -> None:
    study = load_ct_ich(simulated_ct_ich).studies[1]
    write_prepared(tmp_path, prepare_study(study))
    (prepared,) = read_prepared(tmp_path, [study.patient])
    stack = study.read()
    heads = find_heads(stack)
    indices = find_brain(stack, heads).indices
    fed = to_tensor(stack, heads, SIZE, indices)
    assert np.array_equal(prepared.slices[:, None].astype(np.float32) / 255, fed)
    assert prepared.labels.tolist() == study.labels[list(indices)].tolist()
    assert prepared.haemorrhage
    # the bleed lies within the intracranial space and the skull outside it
    assert (prepared.depth[prepared.slices > 250] == 0).mean() > 0.95
    assert (prepared.depth[(prepared.slices > 170) & (prepared.slices < 190)] > 0).mean() > 0.6


def test_a_patient_that_was_not_prepared_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="77"):
        read_prepared(tmp_path, ["77"])
