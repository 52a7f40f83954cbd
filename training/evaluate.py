"""How good a network is, per slice, per study and by group; it is never judged by a patient it learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from training.calibrate import Calibration
from training.dataset import KINDS
from training.judged import Judged, judged_slices, judged_studies, nested
from training.metrics import (
    Bootstrap,
    areas,
    calibration_errors,
    figure,
    predictive_values,
    sensitivities,
    sensitivities_at,
    share_figure,
    specificities,
)
from training.scored import ScoredStudy

SPECIFICITIES = (0.80, 0.90)
"""At which the sensitivity is read off the curve."""

PREVALENCES = (0.06, 0.15)
"""Shares of bleeding patients for which predictive values are given: an emergency department's, and a higher one."""

SMALL_SLICES = 5
"""A haemorrhage that shows in no more slices of about 5 mm is small."""


def evaluate(scored: Sequence[ScoredStudy], calibration: Calibration) -> dict[str, Any]:
    """Measure a released network on studies that had no part in it.

    Parameters
    ----------
    scored : sequence of ScoredStudy
        Scored by the released network.
    calibration : Calibration
        As released.

    Returns
    -------
    dict
        See `measure`.
    """
    calibrations, folds = [calibration] * len(scored), [0] * len(scored)
    return measure(judged_studies(scored, calibrations, folds), judged_slices(scored, calibrations, folds))


def development_estimate(folds: Sequence[Sequence[ScoredStudy]]) -> dict[str, Any]:
    """Measure out-of-fold scores; each fold is called with the calibration and operating points of the other folds.

    Parameters
    ----------
    folds : sequence of sequence of ScoredStudy
        Fold by fold, scored by the network that was trained on the others.

    Returns
    -------
    dict
        See `measure`; and ``by_fold``, the areas within each fold.
    """
    everything = nested(folds)
    studies, slices = judged_studies(*everything), judged_slices(*everything)
    by_fold = [
        {
            "patients": studies.patient_count(studies.folds == number),
            **{f"{name}_auc": _area(items.where(items.folds == number)) for name, items in _named(studies, slices)},
        }
        for number in range(len(folds))
    ]
    return {**measure(studies, slices), "by_fold": by_fold}


def measure(studies: Judged, slices: Judged) -> dict[str, Any]:
    """Measure judged studies and slices.

    Returns
    -------
    dict
        Numbers of patients, studies and slices; for slices and studies the area under the curve, the sensitivity and
        specificity at the operating point, the sensitivity at fixed specificities, predictive values and the expected
        calibration error; ``groups`` by age, kind and size of the haemorrhage. Each figure is one of `metrics.figure`.
    """
    document = {
        **_counts(studies, slices),
        "studies": len(studies),
        "studies_with_haemorrhage": int(studies.truth.sum()),
    }
    for name, items in _named(studies, slices):
        found = _basic(items)
        found.update(_at_specificities(items))
        found.update(_predictive(items, found["sensitivity"], found["specificity"]))
        found.update(_calibration_error(items))
        document.update({f"{name}_{measured}": value for measured, value in found.items()})
    return {**document, "groups": _groups(studies, slices)}


def _named(studies: Judged, slices: Judged) -> list[tuple[str, Judged]]:
    """Studies and slices by their name; a data set may have no labels of slices."""
    return [(name, items) for name, items in (("study", studies), ("slice", slices)) if len(items)]


def _counts(studies: Judged, slices: Judged) -> dict[str, Any]:
    return {
        "patients": studies.patient_count(),
        "patients_with_haemorrhage": studies.patient_count(studies.truth),
        "slices": len(slices),
        "slices_with_haemorrhage": int(slices.truth.sum()),
    }


def _area(items: Judged) -> dict[str, Any]:
    area = Bootstrap(items.patients).measure(partial(areas, items.probabilities, items.truth))
    return figure(area, items.patient_count())


def _basic(items: Judged) -> dict[str, Any]:
    """Area under the curve, and sensitivity and specificity at the operating point."""
    bootstrap = Bootstrap(items.patients)
    sensitivity = bootstrap.measure(partial(sensitivities, items.called, items.truth))
    specificity = bootstrap.measure(partial(specificities, items.called, items.truth))
    return {
        "auc": _area(items),
        "sensitivity": share_figure(sensitivity, items.patient_count(items.truth)),
        "specificity": share_figure(specificity, items.patient_count(~items.truth)),
    }


def _at_specificities(items: Judged) -> dict[str, Any]:
    measured = Bootstrap(items.patients).measure(
        partial(sensitivities_at, np.array(SPECIFICITIES), items.probabilities, items.truth)
    )
    patients = items.patient_count(items.truth)
    return {
        f"sensitivity_at_specificity_{wanted:.0%}".rstrip("%"): share_figure(column, patients)
        for wanted, column in zip(SPECIFICITIES, measured.T, strict=True)
    }


def _predictive(items: Judged, sensitivity: dict[str, Any], specificity: dict[str, Any]) -> dict[str, Any]:
    """Predictive values.

    Where sensitivity or specificity has an exact interval, theirs are computed from the edges of both intervals and
    marked ``edges``. They are not exact themselves, and most often wider than needed.
    """
    bootstrap = Bootstrap(items.patients)
    resampled = [
        bootstrap.measure(partial(measured, items.called, items.truth)) for measured in (sensitivities, specificities)
    ]
    exact = "exact" in (sensitivity["interval"], specificity["interval"])
    known = sensitivity["value"] is not None and specificity["value"] is not None
    found = {}
    for prevalence in PREVALENCES:
        values = predictive_values(resampled[0], resampled[1], prevalence)
        for index, name in enumerate(("ppv", "npv")):
            one = figure(values[:, index], items.patient_count())
            if exact and known:
                edges = predictive_values(np.array(sensitivity["ci95"]), np.array(specificity["ci95"]), prevalence)
                one |= {"ci95": [round(float(edge), 3) for edge in edges[:, index]], "interval": "edges"}
            found[f"{name}_at_prevalence_{prevalence:.0%}".rstrip("%")] = one
    return found


def _calibration_error(items: Judged) -> dict[str, Any]:
    measured = Bootstrap(items.patients).measure(partial(calibration_errors, items.probabilities, items.truth))
    return {"ece": figure(measured, items.patient_count())}


def _groups(studies: Judged, slices: Judged) -> list[dict[str, Any]]:
    """The basic figures by age; and by kind and size of the haemorrhage, each against all without haemorrhage."""
    chosen: dict[str, Callable[[Judged], np.ndarray]] = {
        "children": lambda items: items.children,
        "adults": lambda items: items.adults,
        **{name: partial(_of_kind, number) for number, name in enumerate(KINDS)},
        f"small: at most {SMALL_SLICES} slices": lambda items: ~items.truth | (items.extents <= SMALL_SLICES),
        f"large: more than {SMALL_SLICES} slices": lambda items: ~items.truth | (items.extents > SMALL_SLICES),
    }
    groups = []
    for name, choose in chosen.items():
        parts = studies.where(choose(studies)), slices.where(choose(slices))
        if parts[0].truth.any():
            measured = {f"{of}_{key}": value for of, items in _named(*parts) for key, value in _basic(items).items()}
            groups.append({"group": name, **_counts(*parts), **measured})
    return groups


def _of_kind(number: int, items: Judged) -> np.ndarray:
    return ~items.truth | items.kinds[:, number]
