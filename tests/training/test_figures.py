"""Calibration, evaluation, pooling and pictures, on simulated scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.calibrate import MIN_SLOPE, Calibration, calibrate, fit_platt, from_manifest, operating_point, to_manifest
from training.documents import TrainingError
from training.evaluate import SMALL_SLICES, development_estimate, evaluate
from training.judged import Judged, judged_slices, judged_studies, nested
from training.model_card import show
from training.plots import draw_reliability, draw_roc, draw_training
from training.pooling import RELEASED, compare_pooling, equally_spaced_in_brain, equally_spaced_in_series
from training.prepare import PreparedStudy
from training.scored import ScoredStudy

SLICES = 16


def scored_study(number: int, bleeding: Sequence[int], random: np.random.Generator) -> ScoredStudy:
    """A study of 16 slices that all show brain; those that bleed score higher, not always."""
    labels = np.isin(np.arange(SLICES), bleeding)
    kinds = np.zeros((SLICES, 5), dtype=bool)
    kinds[labels, number % 5] = True
    cuts = np.linspace(-0.5, SLICES - 0.5, 9)
    study = PreparedStudy(
        patient=f"simulated/{number}",
        uid=f"simulated-{number}",
        age_years=None if number == 0 else 7.0 if number % 3 == 0 else 40.0,
        slices=np.zeros((SLICES, 8, 8), np.uint8),
        depth=np.zeros((SLICES, 8, 8), np.uint8),
        labels=labels,
        labelled=True,
        kinds=kinds,
        study_kinds=kinds.any(axis=0),
        haemorrhage=bool(labels.any()),
        indices=np.arange(SLICES),
        series_length=SLICES,
        centres=np.arange(SLICES, dtype=np.float64),
        zones=np.stack([cuts[:-1], cuts[1:]], axis=1),
    )
    return ScoredStudy(study, (random.normal(-1, 1, SLICES) + 2.5 * labels).astype(np.float32))


@pytest.fixture()
def folds() -> list[list[ScoredStudy]]:
    """Forty studies in four folds: each second one bleeds, half of these in 4 slices and half in 8."""
    random = np.random.default_rng(0)
    extents = {0: range(5, 9), 2: range(4, 12)}
    scored = [scored_study(number, extents.get(number % 4, ()), random) for number in range(40)]
    return [scored[start : start + 10] for start in range(0, 40, 10)]


@pytest.fixture()
def scored(folds: list[list[ScoredStudy]]) -> list[ScoredStudy]:
    return [item for fold in folds for item in fold]


def test_platt_scaling_finds_the_logistic_that_made_the_labels() -> None:
    random = np.random.default_rng(1)
    scores = random.normal(0, 2, 20_000)
    truth = random.random(20_000) < 1 / (1 + np.exp(-(0.7 * scores - 1.2)))
    fitted = fit_platt(scores, truth)
    assert fitted.slope == pytest.approx(0.7, abs=0.05)
    assert fitted.offset == pytest.approx(-1.2, abs=0.08)


def test_calibration_is_monotonic_even_for_scores_that_are_wrong_or_separate_perfectly() -> None:
    scores = np.linspace(-3, 3, 30)
    for truth in (scores > 0, scores < 0):
        fitted = fit_platt(scores, truth)
        assert fitted.slope >= MIN_SLOPE
        assert (np.diff(fitted.probability(scores)) > 0).all()
        assert ((fitted.probability(scores) > 0) & (fitted.probability(scores) < 1)).all()


def test_the_operating_point_is_the_highest_that_calls_enough_bleeds() -> None:
    probabilities = np.linspace(0.01, 0.99, 99)
    truth = np.arange(99) % 5 == 0  # 20 positives, of which 19 must be called
    point = operating_point(probabilities, truth)
    assert (probabilities[truth] >= point).sum() == 19
    positives = np.sort(probabilities[truth])
    assert positives[0] < point <= positives[1]


def test_a_calibration_survives_the_manifest(scored: list[ScoredStudy]) -> None:
    calibration = calibrate(scored)
    assert isinstance(calibration, Calibration)
    assert from_manifest({"name": "x", **to_manifest(calibration)}) == calibration
    with pytest.raises(TrainingError, match="damaged"):
        from_manifest({"slice_calibration": {"slope": 1}})


def test_calibration_needs_both_kinds_of_study_and_of_slice(scored: list[ScoredStudy]) -> None:
    with pytest.raises(TrainingError, match="with and without"):
        calibrate([item for item in scored if item.study.haemorrhage])
    with pytest.raises(TrainingError, match="labelled slices"):
        calibrate([unlabelled(item) if item.study.haemorrhage else item for item in scored])


def unlabelled(item: ScoredStudy) -> ScoredStudy:
    """The same where only the study is labelled."""
    nothing = {"labels": np.zeros(SLICES, dtype=bool), "kinds": np.zeros((SLICES, 5), dtype=bool), "labelled": False}
    return replace(item, study=replace(item.study, **nothing))


def test_a_fold_is_called_by_what_the_other_folds_said(folds: list[list[ScoredStudy]]) -> None:
    _, before, numbers = nested(folds)
    reversed_fold = [replace(item, scores=-item.scores) for item in folds[1]]
    _, after, _ = nested([folds[0], reversed_fold, *folds[2:]])
    unchanged = {number for number, old, new in zip(numbers, before, after, strict=True) if old == new}
    assert unchanged == {1}


def test_the_development_estimate_counts_and_reaches_the_sensitivity_it_was_set_for(
    folds: list[list[ScoredStudy]],
) -> None:
    figures = development_estimate(folds)
    assert (figures["patients"], figures["patients_with_haemorrhage"]) == (40, 20)
    assert (figures["slices"], figures["slices_with_haemorrhage"]) == (640, 120)
    assert figures["study_sensitivity"]["value"] >= 0.8
    assert figures["study_auc"]["ci95"][0] <= figures["study_auc"]["value"] <= figures["study_auc"]["ci95"][1]
    assert 0.9 < figures["slice_auc"]["value"] < 1
    assert figures["study_specificity"]["patients"] == 20
    at_80, at_90 = (figures[f"study_sensitivity_at_specificity_{share}"]["value"] for share in (80, 90))
    assert at_80 >= at_90
    assert figures["study_ppv_at_prevalence_6"]["value"] < figures["study_ppv_at_prevalence_15"]["value"]
    assert [fold["patients"] for fold in figures["by_fold"]] == [10] * 4


def test_predictive_values_from_exact_intervals_are_marked_as_combined(scored: list[ScoredStudy]) -> None:
    calibration = calibrate(scored)
    resampled = evaluate(scored, calibration)["study_ppv_at_prevalence_6"]
    assert resampled["interval"] == "bootstrap"
    apart = [replace(item, scores=item.scores + np.float32(50 * item.study.haemorrhage)) for item in scored]
    figures = evaluate(apart, calibration)
    assert figures["study_sensitivity"]["interval"] == "exact"
    combined = figures["study_ppv_at_prevalence_6"]
    assert combined["interval"] == "edges"
    low, high = ([figures[f"study_{name}"]["ci95"][edge] for name in ("sensitivity", "specificity")] for edge in (0, 1))
    expected = [0.06 * sens / (0.06 * sens + 0.94 * (1 - spec)) for sens, spec in (low, high)]
    assert combined["ci95"] == pytest.approx(expected, abs=0.001)
    marks = [show(one).split(")")[1].split(",")[0] for one in (resampled, figures["study_sensitivity"], combined)]
    assert marks == ["", "*", "\N{DAGGER}"]


def test_groups_hold_their_patients_and_all_without_haemorrhage(folds: list[list[ScoredStudy]]) -> None:
    groups = {group["group"]: group for group in development_estimate(folds)["groups"]}
    # patient 0, whose age is not known, is in neither
    assert (groups["children"]["patients"], groups["adults"]["patients"]) == (13, 26)
    assert groups["IVH"]["patients_with_haemorrhage"] == 4
    assert groups["IVH"]["patients"] == 24
    small, large = (groups[name] for name in groups if name.startswith(("small", "large")))
    assert (small["patients_with_haemorrhage"], large["patients_with_haemorrhage"]) == (10, 10)
    assert small["slices_with_haemorrhage"] == 40 and 4 <= SMALL_SLICES < 8
    assert small["study_specificity"] == large["study_specificity"]


def test_studies_without_labels_of_slices_count_as_studies_alone(scored: list[ScoredStudy]) -> None:
    calibration = calibrate(scored)
    some = evaluate([unlabelled(item) if number == 0 else item for number, item in enumerate(scored)], calibration)
    assert (some["patients"], some["patients_with_haemorrhage"]) == (40, 20)
    assert (some["slices"], some["slices_with_haemorrhage"]) == (624, 116)
    none = evaluate([unlabelled(item) for item in scored], calibration)
    assert none["study_auc"] == some["study_auc"] and "slice_auc" not in none
    assert none["slices"] == 0


def test_equal_spacing_misses_the_bleeds_that_lie_between(folds: list[list[ScoredStudy]]) -> None:
    random = np.random.default_rng(5)
    hidden = [(10,), (11,), ()]  # the middles of 8 parts of the series are 1, 3, ..., 15, those of the zones 0, 2, ...
    folds = [[*fold, scored_study(100 + number, hidden[number], random)] for number, fold in enumerate(folds[:3])]
    rows = {row["choice"]: row for row in compare_pooling(folds)}
    assert list(equally_spaced_in_series(folds[0][-1])) == list(range(1, 16, 2))
    assert [row["unseen"] for row in rows.values()] == [1, 1, 0, 0]
    assert {row["bleeding"] for row in rows.values()} == {sum(i.study.haemorrhage for f in folds for i in f)}
    assert rows[RELEASED]["difference"]["value"] == 0 and rows[RELEASED]["difference"]["ci95"] == [0, 0]
    assert rows["8 equally spaced, whole series"]["slices_judged"] == 8
    assert rows[RELEASED]["slices_judged"] == rows["all slabs"]["slices_judged"] == SLICES


def test_equal_spacing_over_the_series_loses_what_lies_outside_the_brain() -> None:
    item = scored_study(0, (4,), np.random.default_rng(6))
    shifted = replace(item, study=replace(item.study, indices=np.arange(SLICES) + 8, series_length=32))
    assert list(equally_spaced_in_series(shifted) + 8) == [10, 14, 18, 22]
    assert len(equally_spaced_in_brain(shifted)) == 8


def test_the_number_of_highest_scores_comes_from_the_other_folds(folds: list[list[ScoredStudy]]) -> None:
    before = {row["choice"]: row["highest"] for row in compare_pooling(folds)}
    changed = [replace(item, scores=-item.scores) for item in folds[2]]
    after = {row["choice"]: row["highest"] for row in compare_pooling([*folds[:2], changed, folds[3]])}
    assert all(len(highest) == 4 for highest in before.values())
    assert [highest[2] for highest in before.values()] == [highest[2] for highest in after.values()]


@pytest.fixture()
def parts(folds: list[list[ScoredStudy]]) -> dict[str, Judged]:
    judged = nested(folds)
    return {"Studies": judged_studies(*judged), "Slices": judged_slices(*judged)}


def coloured(path: Path) -> np.ndarray:
    """Where a picture has colour."""
    picture = cv2.imread(str(path))
    assert picture is not None
    return np.ptp(picture.astype(int), axis=2) > 60


def test_the_curve_leaves_the_diagonal_and_the_pictures_repeat(parts: dict[str, Judged], tmp_path: Path) -> None:
    draw_roc(tmp_path / "roc.png", parts)
    draw_roc(tmp_path / "again.png", parts)
    assert (tmp_path / "roc.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    shown = coloured(tmp_path / "roc.png")
    half = [size // 2 for size in shown.shape]
    assert shown[: half[0], : half[1]].sum() > 20 * shown[half[0] + 60 : -120, half[1] :].sum()
    draw_reliability(tmp_path / "reliability.png", parts)
    assert coloured(tmp_path / "reliability.png").sum() > 500


def test_the_course_of_every_fold_is_drawn(tmp_path: Path) -> None:
    for fold in range(2):
        studies = "" if fold else "0.7"
        rows = [f"{epoch},{1 / epoch},0.001,3.0,0.{60 + 5 * epoch + fold},{studies}" for epoch in range(1, 6)]
        text = "\n".join(["epoch,loss,learning_rate,seconds,slice_auc,study_auc", *rows])
        (tmp_path / f"{fold}.csv").write_text(text, "utf-8")
    one, two = ({f"fold{fold}": tmp_path / f"{fold}.csv" for fold in range(count)} for count in (1, 2))
    draw_training(tmp_path / "one.png", one)
    draw_training(tmp_path / "two.png", two)
    assert coloured(tmp_path / "two.png").sum() > coloured(tmp_path / "one.png").sum() > 0
    (tmp_path / "0.csv").write_text("epoch,loss\n1,x\n", "utf-8")
    with pytest.raises(TrainingError, match="triage-train train"):
        draw_training(tmp_path / "one.png", one)
