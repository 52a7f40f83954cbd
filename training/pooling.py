"""Which slices of a study to judge, and what the choice costs: 8 equally spaced, 8 zones, or all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from appliance.imaging.zones import ZONES, pooled_score, representatives
from training.calibrate import HIGHEST, fit_platt
from training.metrics import Bootstrap, area_under_curve, areas, figure, sensitivities_at, share_figure
from training.scored import ScoredStudy

WIDE = (1, 2, 3, 4, 6, 8)
"""Numbers of highest scores that are shown; the choice is among `training.calibrate.HIGHEST`, as in a release."""

SPECIFICITY = 0.80
"""At which the sensitivities are compared."""

RELEASED = "8 zones, each by its highest slab"

Choice = Callable[[ScoredStudy], np.ndarray]
"""From a scored study to the indices, among its slices that show brain, of those whose scores count."""


def equally_spaced_in_series(item: ScoredStudy) -> np.ndarray:
    """The reference device's choice: the middles of 8 equal parts of the series, less those outside the brain."""
    wanted = ((np.arange(ZONES) + 0.5) * item.study.series_length / ZONES).astype(int)
    return np.flatnonzero(np.isin(item.study.indices, wanted))


def equally_spaced_in_brain(item: ScoredStudy) -> np.ndarray:
    """The slabs that lie nearest to the middles of the 8 zones of the brain."""
    distance = np.abs(item.study.centres[:, None] - item.study.zones.mean(axis=1)[None])
    return np.unique(distance.argmin(axis=0))


def highest_of_zones(item: ScoredStudy) -> np.ndarray:
    """The released choice: the highest-scoring slab of each of the 8 zones."""
    edges = [(float(lower), float(upper)) for lower, upper in item.study.zones]
    return np.array([index for index in representatives(item.study.centres, item.scores, edges) if index >= 0])


def all_slabs(item: ScoredStudy) -> np.ndarray:
    """Every slab of the brain."""
    return np.arange(len(item.scores))


CHOICES: dict[str, Choice] = {
    "8 equally spaced, whole series": equally_spaced_in_series,
    "8 equally spaced, brain": equally_spaced_in_brain,
    RELEASED: highest_of_zones,
    "all slabs": all_slabs,
}

BLIND = {"8 equally spaced, whole series", "8 equally spaced, brain"}
"""Choices made before any score is known: what they do not choose is not judged at all."""


def compare_pooling(folds: Sequence[Sequence[ScoredStudy]]) -> list[dict[str, Any]]:
    """Compare the choices on the same out-of-fold scores.

    How many of the highest scores are averaged is chosen for each fold on the other folds, and the pooled scores are
    calibrated there too.

    Parameters
    ----------
    folds : sequence of sequence of ScoredStudy
        Fold by fold, scored by the network that was trained on the others.

    Returns
    -------
    list of dict
        For each choice: ``choice``; ``slices_judged``, the mean a study; ``study_auc``; ``study_sensitivity`` at a
        specificity of 0.80; ``difference`` of its area from the released choice's, of the same resamples; ``unseen``
        and ``unshown``, how many of ``bleeding`` studies with labelled slices have no bleeding slice among those
        judged, and among those whose scores count; ``highest``, chosen in each fold; ``auc_by_highest``, the areas on
        all folds, by the number averaged, in which the choice of that number is not nested.
    """
    items = [item for fold in folds for item in fold]
    truth = np.array([item.study.haemorrhage for item in items])
    bootstrap = Bootstrap(np.array([item.study.patient for item in items]))
    patients = len({item.study.patient for item in items})
    bleeding_patients = len({item.study.patient for item in items if item.study.haemorrhage})
    pooled = {name: _Pooled(folds, choice) for name, choice in CHOICES.items()}
    measured = {name: bootstrap.measure(partial(areas, one.nested()[0], truth)) for name, one in pooled.items()}
    rows = []
    for name, one in pooled.items():
        probabilities, chosen = one.nested()
        reached = bootstrap.measure(partial(sensitivities_at, np.array([SPECIFICITY]), probabilities, truth))[:, 0]
        counted = [CHOICES[name](item) for item in items]
        judged = counted if name in BLIND else [all_slabs(item) for item in items]
        rows.append(
            {
                "choice": name,
                "slices_judged": round(float(np.mean([len(indices) for indices in judged])), 1),
                "study_auc": figure(measured[name], patients),
                "study_sensitivity": share_figure(reached, bleeding_patients),
                "difference": figure(measured[name] - measured[RELEASED], patients),
                "unseen": _without_bleed(items, judged),
                "unshown": _without_bleed(items, counted),
                "bleeding": sum(item.study.haemorrhage and item.study.labelled for item in items),
                "highest": chosen,
                "auc_by_highest": one.by_highest(bootstrap, patients),
            }
        )
    return rows


class _Pooled:
    """Scores of studies by one choice, for each number of highest scores."""

    def __init__(self, folds: Sequence[Sequence[ScoredStudy]], choice: Choice) -> None:
        items = [item for fold in folds for item in fold]
        self._fold = np.repeat(np.arange(len(folds)), [len(fold) for fold in folds])
        self._truth = np.array([item.study.haemorrhage for item in items])
        self._scores = {highest: np.array([_pool(item, choice(item), highest) for item in items]) for highest in WIDE}

    def nested(self) -> tuple[np.ndarray, list[int]]:
        """Probabilities, the number of highest scores and the calibration from the other folds; and those numbers."""
        probabilities, chosen = np.zeros(len(self._truth)), []
        for fold in np.unique(self._fold):
            others = self._fold != fold
            highest = max(HIGHEST, key=lambda count: area_under_curve(self._scores[count][others], self._truth[others]))
            fitted = fit_platt(self._scores[highest][others], self._truth[others])
            probabilities[~others] = fitted.probability(self._scores[highest][~others])
            chosen.append(highest)
        return probabilities, chosen

    def by_highest(self, bootstrap: Bootstrap, patients: int) -> dict[str, dict[str, Any]]:
        """Areas by the number of highest scores, on all folds."""
        return {
            str(count): figure(bootstrap.measure(partial(areas, scores, self._truth)), patients)
            for count, scores in self._scores.items()
        }


def _pool(item: ScoredStudy, indices: np.ndarray, highest: int) -> float:
    """The mean of the highest scores; a study of which nothing was judged passes as its lowest slab would."""
    return pooled_score(item.scores[indices], highest) if len(indices) else float(item.scores.min())


def _without_bleed(items: Sequence[ScoredStudy], chosen: Sequence[np.ndarray]) -> int:
    """Count bleeding studies with labelled slices of which no bleeding slice is chosen."""
    return sum(
        item.study.haemorrhage and item.study.labelled and not item.study.labels[indices].any()
        for item, indices in zip(items, chosen, strict=True)
    )
