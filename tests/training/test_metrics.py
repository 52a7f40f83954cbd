"""Metrics and their intervals, on made-up scores."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from training import metrics
from training.metrics import (
    RESAMPLES,
    Bootstrap,
    area_under_curve,
    areas,
    calibration_errors,
    figure,
    predictive_values,
    sensitivities,
    sensitivities_at,
    share_figure,
    specificities,
)


def test_area_under_curve_counts_pairs_and_ties() -> None:
    truth = np.array([False, True, False, True])
    assert area_under_curve(np.array([1, 2, 3, 4]), truth) == 0.75
    assert area_under_curve(np.array([1, 1, 1, 1]), truth) == 0.5
    assert area_under_curve(np.array([4, 3, 2, 1]), truth) == 0.25
    assert np.isnan(area_under_curve(np.array([1.0, 2.0]), np.array([True, True])))


def test_weights_count_an_item_as_often_as_they_say() -> None:
    random = np.random.default_rng(2)
    scores, truth = random.integers(0, 6, 30).astype(float), random.random(30) < 0.4
    probabilities = scores / 6
    weights = random.integers(0, 4, (5, 30)).astype(float)
    wanted = np.array([0.5, 0.8, 1.0])
    measures = {
        "area": lambda s, t, p, w: areas(s, t, w),
        "sensitivity": lambda s, t, p, w: sensitivities(s >= 3, t, w),
        "specificity": lambda s, t, p, w: specificities(s >= 3, t, w),
        "sensitivity at": lambda s, t, p, w: sensitivities_at(wanted, s, t, w),
    }
    for name, measured in measures.items():
        together = measured(scores, truth, probabilities, weights)
        for row, counts in zip(together, weights.astype(int), strict=True):
            again = [np.repeat(values, counts) for values in (scores, truth, probabilities)]
            assert row == pytest.approx(measured(*again, np.ones((1, counts.sum())))[0]), name


def test_sensitivity_at_a_specificity_is_the_best_that_a_threshold_reaches() -> None:
    random = np.random.default_rng(3)
    truth = random.random(50) < 0.5
    scores = random.normal(0, 1, 50).round(1) + truth
    found = sensitivities_at(np.array([0.8, 0.9]), scores, truth, np.ones((1, 50)))[0]
    thresholds = [*np.unique(scores), np.inf]
    for specificity, value in zip((0.8, 0.9), found, strict=True):
        allowed = [threshold for threshold in thresholds if (scores[~truth] < threshold).mean() >= specificity]
        assert value == pytest.approx(max((scores[truth] >= threshold).mean() for threshold in allowed))


def test_the_interval_resamples_patients_and_not_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    # ten patients whose slices all agree: as wide as for ten slices
    truth, called = np.arange(10) % 2 == 0, np.isin(np.arange(10), (0, 2, 4))
    few = Bootstrap(np.arange(10).astype(str)).measure(partial(sensitivities, called, truth))
    slices = [np.repeat(values, 100) for values in (np.arange(10).astype(str), called, truth)]
    many = Bootstrap(slices[0]).measure(partial(sensitivities, *slices[1:]))
    assert len(many) == RESAMPLES + 1
    assert np.allclose(many, few, equal_nan=True)
    found = share_figure(many, 5)
    assert found["value"] == 0.6 and found["interval"] == "bootstrap"
    assert found["ci95"][1] - found["ci95"][0] > 0.5
    monkeypatch.setattr(metrics, "ELEMENTS", 3000)  # a few resamples at a time
    assert np.array_equal(Bootstrap(slices[0]).measure(partial(sensitivities, *slices[1:])), many, equal_nan=True)


def test_a_share_of_all_or_none_has_the_exact_interval() -> None:
    patients = np.arange(16).astype(str)
    truth = np.arange(16) < 7
    every = share_figure(Bootstrap(patients).measure(partial(sensitivities, truth, truth)), 7)
    # seven of seven are called with probability 0.025 if the sensitivity is 0.59
    assert every == {"value": 1.0, "ci95": [0.59, 1.0], "interval": "exact", "patients": 7}
    none = share_figure(Bootstrap(patients).measure(partial(specificities, np.ones(16, dtype=bool), truth)), 9)
    assert (none["value"], none["interval"]) == (0.0, "exact")
    assert (1 - none["ci95"][1]) ** 9 == pytest.approx(0.025, rel=0.02)
    assert figure(np.array([np.nan, 0.5]), 3)["value"] is None


def test_predictive_values_follow_the_prevalence() -> None:
    # of 1000 patients 60 bleed, 54 of them called; 94 of the 940 others as well
    found = predictive_values(np.array([0.9]), np.array([0.9]), 0.06)[0]
    assert found == pytest.approx([54 / (54 + 94), 846 / (846 + 6)])
    assert np.isnan(predictive_values(np.array([0.0]), np.array([1.0]), 0.06)[0, 0])


def test_the_calibration_error_is_how_far_probabilities_are_from_shares() -> None:
    random = np.random.default_rng(4)
    probabilities = random.uniform(0.1, 0.6, 40_000)
    truth = random.random(40_000) < probabilities
    weights = np.ones((1, 40_000))
    assert calibration_errors(probabilities, truth, weights)[0] < 0.01
    assert calibration_errors(probabilities + 0.25, truth, weights)[0] == pytest.approx(0.25, abs=0.01)
