"""Divisions by patient, and the one by slice that shows what leakage would claim."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.dataset import LabelledStack, Study
from training.documents import TrainingError
from training.prepare import PreparedStudy
from training.splits import eighty_ten_ten, k_fold, read_splits, split_slices, write_splits


def unread() -> LabelledStack:
    raise AssertionError("splits need no slices")


def cohort(count: int, bleeds: int = 2, child: int = 3) -> list[Study]:
    """Patients of whom each second bleeds and each third is a child."""
    return [
        Study(
            patient=f"p{number}",
            uid=f"u{number}",
            age_years=7 if number % child == 0 else 50,
            haemorrhage=number % bleeds == 0,
            kinds=frozenset(),
            read=unread,
        )
        for number in range(count)
    ]


def strata(studies: Sequence[Study]) -> dict[str, tuple[bool, bool]]:
    return {study.patient: (study.haemorrhage, study.child) for study in studies}


@given(count=st.integers(10, 90), bleeds=st.integers(1, 9), child=st.integers(1, 9), seed=st.integers(0, 99))
def test_no_patient_is_in_two_parts_none_is_lost_and_strata_are_dealt_evenly(
    count: int, bleeds: int, child: int, seed: int
) -> None:
    studies = cohort(count, bleeds, child)
    of = strata(studies)
    for splits, shares in (
        (k_fold("x", studies, seed), dict.fromkeys([f"fold{number}" for number in range(5)], 0.2)),
        (eighty_ten_ten("x", studies, seed), {"train": 0.8, "validation": 0.1, "test": 0.1}),
    ):
        assert list(splits.parts) == list(shares)
        everybody = [patient for part in splits.parts.values() for patient in part]
        assert sorted(everybody) == sorted(of)
        for name, share in shares.items():
            part = splits.parts[name]
            assert abs(len(part) - share * count) < 2
            for stratum in set(of.values()):
                wanted = share * sum(value == stratum for value in of.values())
                assert abs(sum(of[patient] == stratum for patient in part) - wanted) < 2


def test_the_training_of_a_fold_never_holds_its_patients() -> None:
    splits = k_fold("x", cohort(23), seed=5)
    for name, part in splits.parts.items():
        rest = splits.without(name)
        assert not set(rest) & set(part)
        assert len(rest) + len(part) == 23
    assert len(splits.without()) == 23
    assert len(eighty_ten_ten("x", cohort(40), 5).without("validation", "test")) == 32
    with pytest.raises(TrainingError, match="fold9"):
        splits.without("fold9")


def test_several_studies_of_a_patient_stay_together() -> None:
    studies = cohort(24)
    assert k_fold("x", [*studies, *studies], seed=5) == k_fold("x", studies, seed=5)


def test_a_patient_bleeds_where_any_study_does() -> None:
    studies = cohort(20, bleeds=50)
    later = [Study("p7", "later", 50, True, frozenset(), unread), *studies]
    earlier = [*studies, later[0]]
    assert k_fold("x", later, seed=1) == k_fold("x", earlier, seed=1) != k_fold("x", studies, seed=1)


def test_splits_depend_on_the_seed_and_not_on_the_order_of_studies() -> None:
    studies = cohort(24)
    for draw in (k_fold, eighty_ten_ten):
        assert draw("x", studies[::-1], 5) == draw("x", studies, 5)
        assert draw("x", studies, 6) != draw("x", studies, 5)


def test_the_same_seed_gives_the_same_splits_for_ever() -> None:
    assert k_fold("x", cohort(12), seed=3, folds=3).parts == {
        "fold0": ("p10", "p11", "p4", "p5"),
        "fold1": ("p0", "p1", "p8", "p9"),
        "fold2": ("p2", "p3", "p6", "p7"),
    }


def test_too_few_patients_are_refused() -> None:
    with pytest.raises(TrainingError, match="4 patients are too few"):
        k_fold("x", cohort(4), seed=1)
    with pytest.raises(TrainingError, match="9 patients are too few"):
        eighty_ten_ten("x", cohort(9), seed=1)


def test_splits_that_were_changed_by_hand_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "splits.json"
    splits = k_fold("x", cohort(24), seed=5)
    write_splits(path, splits)
    assert read_splits(path) == splits
    document = json.loads(path.read_text("utf-8"))
    document["parts"]["fold0"].append(document["parts"]["fold1"].pop())
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(TrainingError, match="changed"):
        read_splits(path)


@pytest.mark.parametrize("text", ["{}", '{"parts": [], "dataset": "x", "seed": 1, "sha256": ""}', "[]"])
def test_splits_of_another_form_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "splits.json").write_text(text, "utf-8")
    with pytest.raises(TrainingError, match="prepare"):
        read_splits(tmp_path / "splits.json")


def prepared(number: int, count: int) -> PreparedStudy:
    """A study whose every slice carries its own number."""
    own = np.arange(count)
    return PreparedStudy(
        patient=str(number),
        uid=f"simulated-{number}",
        age_years=None,
        slices=np.broadcast_to(own[:, None, None].astype(np.uint8), (count, 4, 4)),
        depth=np.broadcast_to(own[:, None, None].astype(np.uint8), (count, 4, 4)),
        labels=own % 3 == 0,
        labelled=True,
        kinds=np.repeat((own % 3 == 0)[:, None], 5, axis=1),
        study_kinds=np.ones(5, dtype=bool),
        haemorrhage=True,
        indices=own + 4,
        series_length=count + 9,
        centres=own * 5.0,
        zones=np.zeros((8, 2)),
    )


def test_a_split_by_slice_puts_slices_of_every_patient_on_both_sides() -> None:
    studies = [prepared(number, count) for number, count in enumerate((24, 30, 2, 17))]
    first, second = split_slices(studies, 0.8, seed=3)
    for whole, one, other in zip(studies, first, second, strict=True):
        assert (one.uid, other.uid, one.patient) == (whole.uid, whole.uid, whole.patient)
        assert sorted([*one.indices, *other.indices]) == whole.indices.tolist()
        assert len(one.labels) == min(round(0.8 * len(whole.labels)), len(whole.labels) - 1)
        for side in (one, other):
            own = side.indices - 4
            assert own.tolist() == sorted(own)
            assert side.slices[:, 0, 0].tolist() == side.depth[:, 0, 0].tolist() == own.tolist()
            assert side.labels.tolist() == side.kinds[:, 0].tolist() == (own % 3 == 0).tolist()
            assert side.centres.tolist() == (own * 5.0).tolist()
            assert side.haemorrhage and side.series_length == whole.series_length
    assert first[0].indices.tolist() == split_slices(studies, 0.8, seed=3)[0][0].indices.tolist()
    assert first[0].indices.tolist() != split_slices(studies, 0.8, seed=4)[0][0].indices.tolist()
