"""From scores to probabilities and an operating point, all from scores that the judged patient had no part in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from appliance.imaging.zones import calibrated
from training.documents import TrainingError
from training.metrics import area_under_curve
from training.scored import ScoredStudy

SENSITIVITY = 0.95
"""What the operating points are chosen for: a missed bleed weighs more than a false alarm."""

HIGHEST = (1, 2, 3, 4)
"""Numbers of zones that the study's score may average; more would ask of a small bleed that it fills half the head."""

MIN_SLOPE = 1e-3
"""A calibration must not turn scores around, nor make them all equal."""


@dataclass(frozen=True)
class Platt:
    """``probability = 1 / (1 + exp(-(slope * score + offset)))`` (Platt 1999)."""

    slope: float
    offset: float

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """Return the calibrated probability of each score."""
        return np.array([calibrated(float(score), self.slope, self.offset) for score in scores])


@dataclass(frozen=True)
class Calibration:
    """What the appliance needs beside the network to read its scores.

    Attributes
    ----------
    slice_calibration, study_calibration : Platt
        From the scores of slices, and from pooled scores, to probabilities.
    slice_operating_point, operating_point : float
        Probabilities at and above which a slice, and a study, is called.
    highest : int
        How many of the highest zones are averaged.
    """

    slice_calibration: Platt
    slice_operating_point: float
    highest: int
    study_calibration: Platt
    operating_point: float


def calibrate(scored: Sequence[ScoredStudy]) -> Calibration:
    """Fit everything to out-of-fold scores.

    Parameters
    ----------
    scored : sequence of ScoredStudy
        Scored by networks that were trained without their patients.

    Raises
    ------
    TrainingError
        When there is only one kind of study, or of labelled slices.
    """
    truth = np.array([item.study.haemorrhage for item in scored])
    if truth.all() or not truth.any():
        raise TrainingError("Calibration needs studies with and without haemorrhage.")
    labelled = [item for item in scored if item.study.labelled]
    if not any(item.study.labels.any() for item in labelled) or all(item.study.labels.all() for item in labelled):
        raise TrainingError("Calibration needs labelled slices with and without haemorrhage.")
    slice_truth = np.concatenate([item.study.labels for item in labelled])
    slice_scores = np.concatenate([item.scores for item in labelled])
    per_slice = fit_platt(slice_scores, slice_truth)
    pooled = {highest: np.array([item.pooled(highest) for item in scored]) for highest in HIGHEST}
    highest = max(HIGHEST, key=lambda count: area_under_curve(pooled[count], truth))
    per_study = fit_platt(pooled[highest], truth)
    return Calibration(
        slice_calibration=per_slice,
        slice_operating_point=operating_point(per_slice.probability(slice_scores), slice_truth),
        highest=highest,
        study_calibration=per_study,
        operating_point=operating_point(per_study.probability(pooled[highest]), truth),
    )


def fit_platt(scores: np.ndarray, truth: np.ndarray) -> Platt:
    """Fit Platt scaling by Newton's method, with Platt's targets, which stay off 0 and 1.

    Parameters
    ----------
    scores : numpy.ndarray
        float, shape ``(n,)``.
    truth : numpy.ndarray
        bool, shape ``(n,)``.
    """
    positives, negatives = int(truth.sum()), int((~truth).sum())
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    mean, spread = float(scores.mean()), float(scores.std()) or 1.0
    design = np.stack([(scores - mean) / spread, np.ones(len(scores))], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(100):
        probability = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (probability - target)
        hessian = (design * (probability * (1 - probability))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    slope = max(float(weights[0]) / spread, MIN_SLOPE)
    return Platt(slope, float(weights[1]) - slope * mean)


def operating_point(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Return the highest threshold at which at least `SENSITIVITY` of the positives are called.

    It lies midway to the next lower probability, so that rounding does not move a study across.
    """
    positives = np.sort(probabilities[truth])[::-1]
    needed = int(np.ceil(SENSITIVITY * len(positives) - 1e-9))
    threshold = float(positives[needed - 1])
    lower = probabilities[probabilities < threshold]
    return (threshold + float(lower.max())) / 2 if len(lower) else threshold


def to_manifest(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as the manifest of a release holds it."""
    document = asdict(calibration)
    pooling = {"highest": document.pop("highest")}
    return {**document, "pooling": pooling}


def from_manifest(manifest: Mapping[str, Any]) -> Calibration:
    """Read the calibration out of a manifest.

    Raises
    ------
    TrainingError
        When it is damaged.
    """
    names = ("slice_calibration", "slice_operating_point", "study_calibration", "operating_point")
    return _calibration({**{name: manifest.get(name) for name in names}, **manifest.get("pooling", {})})


def _calibration(document: Mapping[str, Any]) -> Calibration:
    try:
        per_slice, per_study = Platt(**document["slice_calibration"]), Platt(**document["study_calibration"])
        return Calibration(**{**document, "slice_calibration": per_slice, "study_calibration": per_study})
    except (KeyError, TypeError) as error:
        raise TrainingError(f"A calibration is damaged ({error}); run `triage-train calibrate` again.") from error
