"""Metrics and calibration."""

from __future__ import annotations

import numpy as np
import pytest

from training.calibrate import MIN_SLOPE, Calibration, calibrate, fit_platt, from_manifest, operating_point, to_manifest
from training.documents import TrainingError
from training.evaluate import development_estimate
from training.metrics import area_under_curve, sensitivity, specificity, with_interval
from training.prepare import PreparedStudy
from training.scored import ScoredStudy


def scored_study(number: int, haemorrhage: bool, random: np.random.Generator) -> ScoredStudy:
    """A study of 16 slices whose scores tell bleeds from none, not perfectly."""
    labels = np.zeros(16, dtype=bool)
    labels[5:9] = haemorrhage
    scores = (random.normal(-1, 1, 16) + 2.5 * labels).astype(np.float32)
    centres = np.arange(16, dtype=np.float64)
    cuts = np.linspace(-0.5, 15.5, 9)
    study = PreparedStudy(
        patient=str(number),
        uid=f"simulated-{number}",
        slices=np.zeros((16, 8, 8), np.uint8),
        depth=np.zeros((16, 8, 8), np.uint8),
        labels=labels,
        haemorrhage=haemorrhage,
        centres=centres,
        zones=np.stack([cuts[:-1], cuts[1:]], axis=1),
    )
    return ScoredStudy(study, scores)


@pytest.fixture()
def scored() -> list[ScoredStudy]:
    random = np.random.default_rng(0)
    return [scored_study(number, number % 2 == 0, random) for number in range(40)]


def test_area_under_curve_counts_pairs_and_ties() -> None:
    truth = np.array([False, True, False, True])
    assert area_under_curve(np.array([1, 2, 3, 4]), truth) == 0.75
    assert area_under_curve(np.array([1, 1, 1, 1]), truth) == 0.5
    assert area_under_curve(np.array([4, 3, 2, 1]), truth) == 0.25
    assert np.isnan(area_under_curve(np.array([1.0, 2.0]), np.array([True, True])))


def test_sensitivity_and_specificity() -> None:
    called = np.array([True, True, False, False, False])
    truth = np.array([True, False, True, True, False])
    assert sensitivity(called, truth) == pytest.approx(1 / 3)
    assert specificity(called, truth) == pytest.approx(1 / 2)


def test_the_interval_resamples_patients_and_not_slices() -> None:
    # ten patients whose slices all agree: as wide as for ten slices
    truths = [np.full(100, number % 2 == 0) for number in range(10)]
    calls = [np.full(100, number in (0, 2, 4)) for number in range(10)]
    many = with_interval(sensitivity, calls, truths)
    few = with_interval(sensitivity, [call[:1] for call in calls], [truth[:1] for truth in truths])
    assert many == few
    assert many["value"] == 0.6
    assert many["ci95"][1] - many["ci95"][0] > 0.5


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


def test_calibration_needs_both_kinds_of_study(scored: list[ScoredStudy]) -> None:
    with pytest.raises(TrainingError, match="with and without"):
        calibrate([item for item in scored if item.study.haemorrhage])


def test_the_development_estimate_reaches_the_sensitivity_it_was_set_for(scored: list[ScoredStudy]) -> None:
    figures = development_estimate([scored[:14], scored[14:28], scored[28:]])
    assert (figures["patients"], figures["patients_with_haemorrhage"]) == (40, 20)
    assert (figures["slices"], figures["slices_with_haemorrhage"]) == (640, 80)
    assert figures["study_sensitivity"]["value"] >= 0.8
    assert figures["study_auc"]["ci95"][0] <= figures["study_auc"]["value"] <= figures["study_auc"]["ci95"][1]
    assert 0.9 < figures["slice_auc"]["value"] < 1
