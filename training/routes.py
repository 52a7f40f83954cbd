"""The same studies by two routes, from their files and from photographs of a screen: what the second loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from training.calibrate import Calibration
from training.judged import judged_studies
from training.metrics import (
    Bootstrap,
    areas,
    figure,
    sensitivities,
    sensitivities_at,
    share_figure,
    shares,
    specificities,
)
from training.scored import ScoredStudy


@dataclass(frozen=True)
class Routes:
    """Captures of studies, n of them; a study may be photographed more than once.

    Attributes
    ----------
    patients : numpy.ndarray
        str, shape ``(n,)``: whose each is.
    truth : numpy.ndarray
        bool, shape ``(n,)``: whether the study shows haemorrhage.
    files, photographs : numpy.ndarray
        float64, shape ``(n,)``: calibrated probabilities by each route; NaN where the route refused.
    files_called, photographs_called : numpy.ndarray
        bool, shape ``(n,)``: whether each reaches its route's operating point; False where the route refused.
    """

    patients: np.ndarray
    truth: np.ndarray
    files: np.ndarray
    photographs: np.ndarray
    files_called: np.ndarray
    photographs_called: np.ndarray

    @property
    def refused(self) -> np.ndarray:
        """Whether the photographs were refused: bool, shape ``(n,)``."""
        return np.isnan(self.photographs)


def join(
    files: Sequence[ScoredStudy],
    captures: Sequence[Sequence[ScoredStudy]],
    of_files: Sequence[Calibration],
    of_photographs: Sequence[Calibration],
) -> Routes:
    """Put the two routes side by side.

    Parameters
    ----------
    files : sequence of ScoredStudy
        Every study from its files.
    captures : sequence of sequence of ScoredStudy
        Capture by capture, what was photographed and not refused.
    of_files, of_photographs : sequence of Calibration
        For each study of `files`, fitted without its patient.
    """
    judged = judged_studies(files, of_files, [0] * len(files))
    rows = []
    for capture in captures:
        seen = {item.study.uid: item for item in capture}
        for index, item in enumerate(files):
            found = seen.get(item.study.uid)
            probability, called = np.nan, False
            if found is not None:
                one = judged_studies([found], [of_photographs[index]], [0])
                probability, called = float(one.probabilities[0]), bool(one.called[0])
            rows.append((index, probability, called))
    order = np.array([index for index, _, _ in rows], dtype=int)
    return Routes(
        patients=judged.patients[order],
        truth=judged.truth[order],
        files=judged.probabilities[order],
        photographs=np.array([probability for _, probability, _ in rows]),
        files_called=judged.called[order],
        photographs_called=np.array([called for _, _, called in rows]),
    )


def compare(routes: Routes) -> dict[str, Any]:
    """Measure both routes and their difference, a refusal counting as the wrong answer.

    Returns
    -------
    dict
        Figures as of `metrics.figure`: areas under the curve of both and the second's less the first's, its
        sensitivity less the first's where both have the specificity that the files have at their operating point,
        sensitivity and specificity of both at their own operating points, the share that was refused, and the
        shares of bleeding studies that came out green by each route; ``auc_of_judged`` are the areas over those that
        were not refused.
    """
    bootstrap = Bootstrap(routes.patients)
    everyone = _count(routes.patients)
    bleeding, others = (_count(routes.patients[kind]) for kind in (routes.truth, ~routes.truth))
    scores = {"files": routes.files, "photographs": _wrong_where_refused(routes)}
    area = {name: bootstrap.measure(partial(areas, values, routes.truth)) for name, values in scores.items()}
    same = np.array([_specificity(routes)])
    at = {
        name: bootstrap.measure(partial(sensitivities_at, same, values, routes.truth))[:, 0]
        for name, values in scores.items()
    }
    # a refusal is wrong on either side
    called = np.where(routes.refused, ~routes.truth, routes.photographs_called)
    all_captures = np.ones_like(routes.refused)
    document: dict[str, Any] = {
        "captures": len(routes.truth),
        "patients": everyone,
        "patients_with_haemorrhage": bleeding,
        "specificity_compared_at": round(float(same[0]), 3),
        "auc_difference": figure(area["photographs"] - area["files"], everyone),
        "sensitivity_difference": figure(at["photographs"] - at["files"], everyone),
        "refused": share_figure(bootstrap.measure(partial(shares, routes.refused, all_captures)), everyone),
    }
    kept = ~routes.refused
    judged = Bootstrap(routes.patients[kept])
    for name, calls in (("files", routes.files_called), ("photographs", called)):
        green = ~calls & ~routes.refused if name == "photographs" else ~calls
        document[name] = {
            "auc": figure(area[name], everyone),
            "auc_of_judged": figure(
                judged.measure(partial(areas, scores[name][kept], routes.truth[kept])), _count(routes.patients[kept])
            ),
            "sensitivity_at_same_specificity": figure(at[name], bleeding),
            "sensitivity": share_figure(bootstrap.measure(partial(sensitivities, calls, routes.truth)), bleeding),
            "specificity": share_figure(bootstrap.measure(partial(specificities, calls, routes.truth)), others),
            "bleeding_but_green": share_figure(
                bootstrap.measure(partial(sensitivities, green, routes.truth)), bleeding
            ),
        }
    return document


def _specificity(routes: Routes) -> float:
    return float((~routes.files_called[~routes.truth]).mean())


def _wrong_where_refused(routes: Routes) -> np.ndarray:
    return np.where(routes.refused, np.where(routes.truth, -1.0, 2.0), routes.photographs)


def _count(patients: np.ndarray) -> int:
    return len(np.unique(patients))
