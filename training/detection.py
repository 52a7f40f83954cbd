"""From which volume on a bleed is found: simulated bodies of blood put into held-out heads that show none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import binomtest
from torch import nn

from training.calibrate import Calibration
from training.model_card import span
from training.prepare import PreparedStudy
from training.scored import ScoredStudy, score, torch_scorer
from training.synthesis.bleeds import Bleed, Kind, draw_bleed, random_bleed
from training.synthesis.display import as_stored
from training.synthesis.head_slice import HeadSlice

KINDS = (Kind.INTRAPARENCHYMAL, Kind.EPIDURAL, Kind.SUBDURAL, Kind.SUBARACHNOID)

VOLUMES_ML = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Aimed at; what was drawn is measured."""

BINS_ML = (0.0, 1.0, 2.5, 6.0, 15.0, 40.0, math.inf)
"""Edges of the classes of measured volume."""

SLAB_MM = 5.0

SEED = 5


@dataclass(frozen=True)
class _Trial:
    """One simulated bleed that shows in one head, and whether it was found."""

    kind: Kind
    volume_ml: float
    study_called: bool
    slice_called: bool


def measure_detection(
    networks: Sequence[nn.Module], folds: Sequence[Sequence[PreparedStudy]], calibrations: Sequence[Calibration]
) -> dict[str, Any]:
    """Measure which share of simulated bleeds is called, by volume and kind.

    Parameters
    ----------
    networks : sequence of torch.nn.Module
        For each fold the network that was trained on the others.
    folds : sequence of sequence of PreparedStudy
        Their held-out studies; those with haemorrhage, or not known to be free of it slice by slice, are left out.
    calibrations : sequence of Calibration
        For each fold one that its patients had no part in.

    Returns
    -------
    dict
        A table for the model card: a row for each class of volume.
    """
    trials: list[_Trial] = []
    falsely = heads = 0
    for network, studies, calibration in zip(networks, folds, calibrations, strict=True):
        healthy = [study for study in studies if study.labelled and not study.haemorrhage]
        heads += len(healthy)
        falsely += sum(_called(item, calibration) for item in score(torch_scorer(network), healthy))
        for study in healthy:
            trials += _trials(network, study, calibration)
    tried = heads * len(KINDS) * len(VOLUMES_ML)
    rows = []
    for lower, upper in zip(BINS_ML[:-1], BINS_ML[1:], strict=True):
        within = [trial for trial in trials if lower <= trial.volume_ml < upper]
        by_kind = [_share([trial.study_called for trial in within if trial.kind is kind]) for kind in KINDS]
        name = f"{lower:g} to {upper:g} ml" if math.isfinite(upper) else f"{lower:g} ml and more"
        slices = _share([trial.slice_called for trial in within])
        rows.append([name, str(len(within)), _share([trial.study_called for trial in within]), slices, *by_kind])
    return {
        "title": "Simulated bleeds by volume (synthetic)",
        "columns": ["volume", "bleeds", "study called", "its largest slice called", *(kind.value for kind in KINDS)],
        "rows": rows,
        "note": f"Bleeds of `training.synthesis.bleeds` in {heads} held-out heads without haemorrhage, of which "
        f"{falsely} are called without any bleed. {tried - len(trials)} of {tried} drew nothing that could be seen and "
        "are left out. The networks learned from bleeds of the same make: this says how "
        "small a bleed may be, not how well real ones are found. Intervals are exact and take bleeds as independent.",
        "command": "triage-train check --work W",
    }


def _trials(network: nn.Module, study: PreparedStudy, calibration: Calibration) -> list[_Trial]:
    rng = np.random.default_rng([SEED, *study.patient.encode()])
    scorer = torch_scorer(network)
    found = []
    for kind in KINDS:
        for volume in VOLUMES_ML:
            changed, shares = with_bleed(study, kind, volume, rng)
            if not shares.any():
                continue
            (item,) = score(scorer, [changed])
            largest = int(shares.argmax())
            probability = calibration.slice_calibration.probability(item.scores[largest : largest + 1])[0]
            found.append(
                _Trial(
                    kind=kind,
                    volume_ml=float(shares.sum()),
                    study_called=_called(item, calibration),
                    slice_called=bool(probability >= calibration.slice_operating_point),
                )
            )
    return found


def with_bleed(
    study: PreparedStudy, kind: Kind, volume_ml: float, rng: np.random.Generator
) -> tuple[PreparedStudy, np.ndarray]:
    """Put one body of blood into a study.

    Parameters
    ----------
    study : PreparedStudy
        Slices about `SLAB_MM` apart.
    kind : Kind
        Where.
    volume_ml : float
        About how much.
    rng : numpy.random.Generator
        Source of all randomness.

    Returns
    -------
    tuple
        The study with it, and the volume that each slice shows, in ml: float64, shape ``(n,)``.
    """
    heads = [HeadSlice.of(*pair) for pair in zip(study.slices, study.depth, strict=True)]
    spaces = np.array([head.brain.mean() for head in heads])
    middle = int(rng.choice(np.flatnonzero(spaces > 0.6 * spaces.max())))
    bleed = random_bleed(heads[middle], rng, kind, volume_ml)
    half_height = _half_height(bleed)
    slices, shares = study.slices.copy(), np.zeros(len(heads))
    for index, head in enumerate(heads):
        away = abs(index - middle) * SLAB_MM / half_height
        if away < 1 and head.brain.any():
            drawn = draw_bleed(head, bleed, section=math.sqrt(1 - away**2))
            slices[index] = np.rint(as_stored(drawn) * 255).astype(np.uint8)
            shares[index] = drawn.blood.sum() * head.mm**2 * SLAB_MM / 1000
    return replace(study, slices=slices), shares


def _half_height(bleed: Bleed) -> float:
    """How far a bleed reaches up and down, in mm; crescents are spread wide, others are about as high as wide."""
    return max(bleed.radius_mm, 30.0 if bleed.kind is Kind.SUBDURAL else SLAB_MM / 2)


def _called(item: ScoredStudy, calibration: Calibration) -> bool:
    probability = calibration.study_calibration.probability(np.array([item.pooled(calibration.highest)]))[0]
    return bool(probability >= calibration.operating_point)


def _share(called: Sequence[bool]) -> str:
    if not called:
        return "-"
    interval = binomtest(sum(called), len(called)).proportion_ci()
    return span(sum(called) / len(called), interval.low, interval.high)
