"""How good a network is: per slice and per study, with intervals; never judged by a patient it learned from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.calibrate import Calibration, calibrate
from training.metrics import area_under_curve, sensitivity, specificity, with_interval
from training.scored import ScoredStudy


def evaluate(scored: Sequence[ScoredStudy], calibrations: Sequence[Calibration], highest: int) -> dict[str, Any]:
    """Measure scores against labels.

    Parameters
    ----------
    scored : sequence of ScoredStudy
        One study a patient.
    calibrations : sequence of Calibration
        For each study the calibration whose operating points decide: one that its patient had no part in.
    highest : int
        How many zones the area under the study curve pools.

    Returns
    -------
    dict
        Numbers of patients and slices, and for slices and studies the area under the curve and the sensitivity and
        specificity at the operating point, each with its interval from a bootstrap over patients.
    """
    slice_scores = [item.scores for item in scored]
    slice_truth = [item.study.labels for item in scored]
    slice_calls = [
        used.slice_calibration.probability(item.scores) >= used.slice_operating_point
        for item, used in zip(scored, calibrations, strict=True)
    ]
    study_scores = [np.array([item.pooled(highest)]) for item in scored]
    study_truth = [np.array([item.study.haemorrhage]) for item in scored]
    study_calls = [
        used.study_calibration.probability(np.array([item.pooled(used.highest)])) >= used.operating_point
        for item, used in zip(scored, calibrations, strict=True)
    ]
    return {
        "patients": len(scored),
        "patients_with_haemorrhage": int(np.concatenate(study_truth).sum()),
        "slices": sum(len(truth) for truth in slice_truth),
        "slices_with_haemorrhage": int(np.concatenate(slice_truth).sum()),
        "slice_auc": with_interval(area_under_curve, slice_scores, slice_truth),
        "slice_sensitivity": with_interval(sensitivity, slice_calls, slice_truth),
        "slice_specificity": with_interval(specificity, slice_calls, slice_truth),
        "study_auc": with_interval(area_under_curve, study_scores, study_truth),
        "study_sensitivity": with_interval(sensitivity, study_calls, study_truth),
        "study_specificity": with_interval(specificity, study_calls, study_truth),
    }


def development_estimate(folds: Sequence[Sequence[ScoredStudy]]) -> dict[str, Any]:
    """Measure out-of-fold scores; each fold is called with the calibration and operating points of the other folds.

    Parameters
    ----------
    folds : sequence of sequence of ScoredStudy
        Fold by fold, scored by the network that was trained on the others.
    """
    everything = [item for fold in folds for item in fold]
    calibrations = []
    for number, fold in enumerate(folds):
        others = [item for other, part in enumerate(folds) if other != number for item in part]
        calibrations += [calibrate(others)] * len(fold)
    return evaluate(everything, calibrations, calibrate(everything).highest)
