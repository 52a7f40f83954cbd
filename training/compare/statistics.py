"""What repeated measurements say: median and quartiles, one-way analysis of variance, Tukey's test of all pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

CAUTION = (
    "The repeats draw their splits from the same patients, so they are not independent: real differences between new "
    "sets of patients are less certain than these p values and intervals say (Nadeau and Bengio 2003)."
)

DIGITS = 6


def summarise(values: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Describe one measure of several networks and test whether their means differ.

    Parameters
    ----------
    values : mapping of str to sequence of float
        For each network one value a repeat.

    Returns
    -------
    dict
        ``networks``: ``median, lower_quartile, upper_quartile, iqr`` of each. ``anova``: ``f, p`` and the degrees of
        freedom ``between, within`` (`scipy.stats.f_oneway`). ``tukey``: for each pair ``first, second``, the
        ``difference`` of the means (first less second), ``p`` and ``ci95`` (`scipy.stats.tukey_hsd`). Both tests are
        None where there is nothing to test: fewer than two networks or repeats, or no spread within any network.
    """
    groups = {name: np.asarray(given, dtype=np.float64) for name, given in values.items()}
    tested = len(groups) > 1 and all(len(group) > 1 for group in groups.values())
    tested = tested and any(np.ptp(group) > 0 for group in groups.values())
    return {
        "networks": {name: _quartiles(group) for name, group in groups.items()},
        "anova": _anova(groups) if tested else None,
        "tukey": _tukey(groups) if tested else None,
    }


def _quartiles(group: np.ndarray) -> dict[str, float]:
    lower, median, upper = np.percentile(group, [25, 50, 75])
    return {
        "median": _round(median),
        "lower_quartile": _round(lower),
        "upper_quartile": _round(upper),
        "iqr": _round(upper - lower),
    }


def _anova(groups: Mapping[str, np.ndarray]) -> dict[str, float]:
    result = stats.f_oneway(*groups.values())
    count = sum(len(group) for group in groups.values())
    return {
        "f": _round(result.statistic),
        "p": float(result.pvalue),
        "between": len(groups) - 1,
        "within": count - len(groups),
    }


def _tukey(groups: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    result = stats.tukey_hsd(*groups.values())
    interval = result.confidence_interval(confidence_level=0.95)
    return [
        {
            "first": first,
            "second": second,
            "difference": _round(result.statistic[i, j]),
            "p": float(result.pvalue[i, j]),
            "ci95": [_round(interval.low[i, j]), _round(interval.high[i, j])],
        }
        for (i, first), (j, second) in combinations(enumerate(groups), 2)
    ]


def _round(value: float) -> float:
    return round(float(value), DIGITS)
