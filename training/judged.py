"""Slices or studies with all that a figure needs: whose, how probable, called or not, and the truth in its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from training.calibrate import Calibration, calibrate
from training.dataset import ADULT_YEARS
from training.scored import ScoredStudy


@dataclass(frozen=True)
class Judged:
    """Slices or studies, n of them.

    Attributes
    ----------
    patients : numpy.ndarray
        str, shape ``(n,)``: whose each is.
    folds : numpy.ndarray
        int, shape ``(n,)``: in which fold it was judged.
    probabilities : numpy.ndarray
        float64, shape ``(n,)``: calibrated.
    called : numpy.ndarray
        bool, shape ``(n,)``: whether the probability reaches the operating point.
    truth : numpy.ndarray
        bool, shape ``(n,)``: whether there is haemorrhage.
    kinds : numpy.ndarray
        bool, shape ``(n, 5)``: of which kinds (`training.dataset.KINDS`); all False where the kind is not known.
    ages : numpy.ndarray
        float64, shape ``(n,)``: years; NaN where not known.
    extents : numpy.ndarray
        float64, shape ``(n,)``: number of bleeding slices in its study; NaN where its slices have no labels.
    """

    patients: np.ndarray
    folds: np.ndarray
    probabilities: np.ndarray
    called: np.ndarray
    truth: np.ndarray
    kinds: np.ndarray
    ages: np.ndarray
    extents: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def children(self) -> np.ndarray:
        """Whether the patient is known to be younger than 18 years: bool, shape ``(n,)``."""
        return self.ages < ADULT_YEARS

    @property
    def adults(self) -> np.ndarray:
        """Whether the patient is known to be 18 years or older: bool, shape ``(n,)``."""
        return self.ages >= ADULT_YEARS

    def where(self, chosen: np.ndarray) -> Judged:
        """Return those that are chosen: bool, shape ``(n,)``."""
        return Judged(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def patient_count(self, chosen: np.ndarray | None = None) -> int:
        """Return how many patients they are of, or those that are chosen."""
        return len(np.unique(self.patients if chosen is None else self.patients[chosen]))


def nested(folds: Sequence[Sequence[ScoredStudy]]) -> tuple[list[ScoredStudy], list[Calibration], list[int]]:
    """Give every study of every fold the calibration that was fitted to the other folds.

    Parameters
    ----------
    folds : sequence of sequence of ScoredStudy
        Fold by fold, scored by the network that was trained on the others.

    Returns
    -------
    tuple
        All studies, and for each its calibration and the number of its fold.
    """
    scored: list[ScoredStudy] = []
    calibrations: list[Calibration] = []
    numbers: list[int] = []
    for number, fold in enumerate(folds):
        others = [item for other, part in enumerate(folds) if other != number for item in part]
        scored += fold
        calibrations += [calibrate(others)] * len(fold)
        numbers += [number] * len(fold)
    return scored, calibrations, numbers


def judged_studies(scored: Sequence[ScoredStudy], calibrations: Sequence[Calibration], folds: Sequence[int]) -> Judged:
    """Judge studies, each with its own calibration."""
    probabilities = [
        used.study_calibration.probability(np.array([item.pooled(used.highest)]))[0]
        for item, used in zip(scored, calibrations, strict=True)
    ]
    called = [value >= used.operating_point for value, used in zip(probabilities, calibrations, strict=True)]
    return Judged(
        patients=np.array([item.study.patient for item in scored]),
        folds=np.array(folds),
        probabilities=np.array(probabilities),
        called=np.array(called),
        truth=np.array([item.study.haemorrhage for item in scored]),
        kinds=np.array([item.study.study_kinds for item in scored]),
        ages=np.array([_years(item) for item in scored]),
        extents=np.array([_extent(item) for item in scored]),
    )


def judged_slices(scored: Sequence[ScoredStudy], calibrations: Sequence[Calibration], folds: Sequence[int]) -> Judged:
    """Judge the slices of the studies whose slices have labels of their own, each with its study's calibration."""
    none = judged_studies(scored, calibrations, folds).where(np.zeros(len(scored), dtype=bool))
    items = zip(scored, calibrations, folds, strict=True)
    parts = [none, *(_slices(item, used, fold) for item, used, fold in items if item.study.labelled)]
    names = [field.name for field in fields(Judged)]
    return Judged(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _slices(item: ScoredStudy, used: Calibration, fold: int) -> Judged:
    count = len(item.scores)
    probabilities = used.slice_calibration.probability(item.scores)
    return Judged(
        patients=np.repeat(item.study.patient, count),
        folds=np.repeat(fold, count),
        probabilities=probabilities,
        called=probabilities >= used.slice_operating_point,
        truth=item.study.labels,
        kinds=item.study.kinds,
        ages=np.repeat(_years(item), count),
        extents=np.repeat(_extent(item), count),
    )


def _years(item: ScoredStudy) -> float:
    return float("nan") if item.study.age_years is None else item.study.age_years


def _extent(item: ScoredStudy) -> float:
    return float(item.study.labels.sum()) if item.study.labelled else float("nan")
