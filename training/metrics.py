"""How well scores tell bleeds from none: area under the curve, sensitivity, specificity, and their uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

RESAMPLES = 2000
"""Bootstrap samples for a confidence interval."""


def area_under_curve(scores: np.ndarray, truth: np.ndarray) -> float:
    """Area under the receiver operating characteristic, by ranks (Hanley and McNeil 1982); NaN with one class only.

    Parameters
    ----------
    scores : numpy.ndarray
        float, shape ``(n,)``, higher for a more likely bleed; ties count half.
    truth : numpy.ndarray
        bool, shape ``(n,)``.
    """
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    upper = np.cumsum(counts)
    ranks = (upper - (counts - 1) / 2)[inverse]
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def sensitivity(called: np.ndarray, truth: np.ndarray) -> float:
    """Share of the positives that were called; NaN without positives."""
    return float(called[truth].mean()) if truth.any() else float("nan")


def specificity(called: np.ndarray, truth: np.ndarray) -> float:
    """Share of the negatives that were not called; NaN without negatives."""
    return float(1 - called[~truth].mean()) if not truth.all() else float("nan")


def with_interval(
    measure: Callable[[np.ndarray, np.ndarray], float], values: Sequence[np.ndarray], truths: Sequence[np.ndarray]
) -> dict[str, Any]:
    """Measure, with a 95 % interval from a bootstrap over patients (Efron 1979): slices of one patient stay together.

    Parameters
    ----------
    measure : callable
        One of the functions above.
    values, truths : sequence of numpy.ndarray
        For each patient the scores or calls, and the labels.

    Returns
    -------
    dict
        ``value`` and ``ci95`` (lower and upper), rounded to 3 digits; None where there is nothing to measure.
    """
    random = np.random.default_rng(0)
    count = len(values)
    drawn = []
    for _ in range(RESAMPLES):
        sample = random.integers(count, size=count)
        drawn.append(measure(np.concatenate([values[i] for i in sample]), np.concatenate([truths[i] for i in sample])))
    measured = np.array(drawn)
    measured = measured[np.isfinite(measured)]
    value = measure(np.concatenate(list(values)), np.concatenate(list(truths)))
    interval = [round(float(edge), 3) for edge in np.percentile(measured, [2.5, 97.5])] if len(measured) else None
    return {"value": round(value, 3) if np.isfinite(value) else None, "ci95": interval}
