"""How well scores tell bleeds from none, each figure with an interval from a bootstrap over patients.

Every measure takes an array of weights, shape ``(r, n)``: how often each of n items counts in each of r resamples of
the patients. One call so measures the sample and all its resamples together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

RESAMPLES = 2000
"""Bootstrap samples for a confidence interval."""

ELEMENTS = 4_000_000
"""Weights held at once: bounds the memory of large data sets."""

BINS = 10
"""Of a reliability diagram, with equally many items in each."""

Measure = Callable[[np.ndarray], np.ndarray]
"""From weights, float64 of shape ``(r, n)``, to one or more values a resample, float64 of shape ``(r, ...)``."""


class Bootstrap:
    """Resamples of patients (Efron 1979), whose slices and studies stay together; the same ones in every run.

    Parameters
    ----------
    patients : numpy.ndarray
        str, shape ``(n,)``: whose each item is.
    """

    def __init__(self, patients: np.ndarray) -> None:
        names, self._owner = np.unique(patients, return_inverse=True)
        drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
        self._counts = np.concatenate([np.ones((1, len(names))), drawn])

    def measure(self, measure: Measure) -> np.ndarray:
        """Measure the sample and its resamples.

        Returns
        -------
        numpy.ndarray
            float64, shape ``(1 + RESAMPLES, ...)``; the sample itself comes first.
        """
        rows = max(1, ELEMENTS // len(self._owner))
        parts = [self._counts[start : start + rows] for start in range(0, len(self._counts), rows)]
        return np.concatenate([measure(part[:, self._owner]) for part in parts])


def figure(measured: np.ndarray, patients: int) -> dict[str, Any]:
    """Put what `Bootstrap.measure` gave into a document.

    Parameters
    ----------
    measured : numpy.ndarray
        float64, shape ``(1 + RESAMPLES,)``.
    patients : int
        On how many it rests.

    Returns
    -------
    dict
        ``value`` and ``ci95`` (lower and upper), rounded to 3 digits, ``interval`` (``bootstrap`` or ``exact``) and
        ``patients``; None where there is nothing to measure.
    """
    value, resampled = float(measured[0]), measured[1:][np.isfinite(measured[1:])]
    if not np.isfinite(value) or not len(resampled):
        return {"value": None, "ci95": None, "interval": None, "patients": patients}
    edges = [round(float(edge), 3) for edge in np.percentile(resampled, [2.5, 97.5])]
    return {"value": round(value, 3), "ci95": edges, "interval": "bootstrap", "patients": patients}


def share_figure(measured: np.ndarray, patients: int) -> dict[str, Any]:
    """Put a share into a document, as `figure` does.

    A share of 0 or 1 is the same in every resample, which says nothing of its uncertainty; its interval is the exact
    one of Clopper and Pearson (1934), with the patient, not the slice, as the unit.
    """
    found = figure(measured, patients)
    resampled = measured[1:][np.isfinite(measured[1:])]
    if measured[0] not in (0.0, 1.0) or (resampled != measured[0]).any():
        return found
    edges = [round(edge, 3) for edge in exact_interval(float(measured[0]), patients)]
    return {**found, "ci95": edges, "interval": "exact"}


def exact_interval(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share of 0 or 1 of `count` (Clopper and Pearson 1934), which has a closed form there."""
    edge = 0.025 ** (1 / count)
    return (edge, 1.0) if share else (0.0, 1 - edge)


def area_under_curve(scores: np.ndarray, truth: np.ndarray) -> float:
    """Area under the receiver operating characteristic; NaN with one class only.

    Parameters
    ----------
    scores : numpy.ndarray
        float, shape ``(n,)``, higher for a more likely bleed; ties count half.
    truth : numpy.ndarray
        bool, shape ``(n,)``.
    """
    return float(areas(scores, truth, np.ones((1, len(scores))))[0])


def areas(scores: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the curve (Hanley and McNeil 1982) in each resample: float64, shape ``(r,)``."""
    hits, alarms = _cumulative(scores, truth, weights)
    doubled = (np.diff(alarms, axis=1) * (hits[:, 1:] + hits[:, :-1])).sum(axis=1)
    return _share(doubled, 2 * hits[:, -1] * alarms[:, -1])


def sensitivities_at(
    specificities: np.ndarray, scores: np.ndarray, truth: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Highest sensitivity at no less than each specificity, in each resample: float64, shape ``(r, s)``."""
    hits, alarms = _cumulative(scores, truth, weights)
    allowed = (1 - specificities)[None] * alarms[:, -1:] + 1e-9
    reached = np.stack([(alarms <= column[:, None]).sum(axis=1) - 1 for column in allowed.T], axis=1)
    found = _share(np.take_along_axis(hits, reached, axis=1), hits[:, -1:])
    return np.where(alarms[:, -1:] > 0, found, np.nan)


def sensitivities(called: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of the positives that were called, in each resample: float64, shape ``(r,)``; NaN without positives."""
    return _share(weights @ (called & truth), weights @ truth)


def specificities(called: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of the negatives that were not called, in each resample: float64, shape ``(r,)``; NaN without negatives."""
    return _share(weights @ (~called & ~truth), weights @ ~truth)


def predictive_values(sensitivity: np.ndarray, specificity: np.ndarray, prevalence: float) -> np.ndarray:
    """Positive and negative predictive value where `prevalence` of the patients bleed, by Bayes' theorem.

    Returns
    -------
    numpy.ndarray
        float64, the shape of `sensitivity` and 2 more at the end: PPV and NPV.
    """
    true_calls, false_calls = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    true_passes, false_passes = specificity * (1 - prevalence), (1 - sensitivity) * prevalence
    positive = _share(true_calls, true_calls + false_calls)
    return np.stack([positive, _share(true_passes, true_passes + false_passes)], axis=-1)


def equal_bins(probabilities: np.ndarray) -> np.ndarray:
    """Number of the bin of each item, int, shape ``(n,)``: `BINS` bins by probability, equally many items in each."""
    parts = np.array_split(np.argsort(probabilities, kind="stable"), min(BINS, len(probabilities)))
    numbers = np.zeros(len(probabilities), dtype=int)
    for number, items in enumerate(parts):
        numbers[items] = number
    return numbers


def reliability(probabilities: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What a reliability diagram shows: the items in `equal_bins`, which stay the same in every resample.

    Returns
    -------
    numpy.ndarray
        float64, shape ``(r, bins, 3)``: mean probability, share that bleeds, and share of all items; NaN for the
        first two where a resample left a bin empty.
    """
    numbers = equal_bins(probabilities)
    member = (numbers[:, None] == np.arange(numbers.max() + 1)[None]).astype(float)
    total = weights @ member
    parts = [weights @ (member * probabilities[:, None]), weights @ (member * truth[:, None])]
    return np.stack([*(_share(part, total) for part in parts), _share(total, total.sum(axis=1)[:, None])], axis=-1)


def calibration_errors(probabilities: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Expected calibration error (Naeini et al. 2015) in each resample: float64, shape ``(r,)``."""
    predicted, observed, share = np.moveaxis(reliability(probabilities, truth, weights), -1, 0)
    return np.nansum(np.abs(predicted - observed) * share, axis=1)


def _cumulative(scores: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positives and negatives at and above each distinct score, from none to all: float64, shape ``(r, m + 1)``."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=np.nan) != 0)
    ordered, positive = weights[:, order], truth[order]
    counted = [np.cumsum(ordered * chosen, axis=1)[:, ends] for chosen in (positive, ~positive)]
    hits, alarms = (np.pad(counts, ((0, 0), (1, 0))) for counts in counted)
    return hits, alarms


def shares(part: np.ndarray, whole: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of `whole` that is `part` as well, both bool of shape ``(n,)``, in each resample: float64, ``(r,)``."""
    return _share(weights @ (part & whole), weights @ whole)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    part, whole = np.broadcast_arrays(np.asarray(part, dtype=float), np.asarray(whole, dtype=float))
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
