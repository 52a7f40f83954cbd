"""What a split by slice would pretend: the same network, once tested on slices of patients it has learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from training.machine import CPU, Machine
from training.metrics import Bootstrap, areas, figure
from training.network import SliceNet
from training.prepare import PreparedStudy
from training.scored import score, torch_scorer
from training.settings import Settings
from training.splits import split_slices
from training.train import train

EPOCHS = 10
"""Enough for the difference to show."""


def measure_leakage(
    folder: Path,
    learned: Sequence[PreparedStudy],
    judged: Sequence[PreparedStudy],
    settings: Settings,
    machine: Machine = CPU,
) -> dict[str, Any]:
    """Train the same network twice, on a split by slice and on one by patient, and measure both on what was left out.

    Parameters
    ----------
    folder : pathlib.Path
        Receives the two trainings, ``by_slice`` and ``by_patient``.
    learned, judged : sequence of PreparedStudy
        The split by patient. The split by slice divides the slices of all these patients in the same proportion.
    settings : Settings
        Of both trainings.
    machine : Machine
        Where they run.

    Returns
    -------
    dict
        ``epochs``, ``seed`` and ``settings``; ``splits``, for each its name, how many slices were learned from and
        judged, how many patients are on both sides, and ``slice_auc``.
    """
    learned, judged = ([study for study in side if study.labelled] for side in (learned, judged))
    count = sum(len(study.labels) for study in learned)
    share = count / (count + sum(len(study.labels) for study in judged))
    splits = {
        "by slice": split_slices([*learned, *judged], share, settings.seed),
        "by patient": (learned, judged),
    }
    measured = []
    for name, (first, second) in splits.items():
        network = train(folder / name.replace(" ", "_"), first, settings, machine=machine)
        measured.append({"split": name, **_measure(network, first, second)})
    return {"epochs": settings.epochs, "seed": settings.seed, "settings": asdict(settings), "splits": measured}


def _measure(network: SliceNet, learned: Sequence[PreparedStudy], judged: Sequence[PreparedStudy]) -> dict[str, Any]:
    scored = score(torch_scorer(network), judged)
    scores = np.concatenate([item.scores for item in scored])
    truth = np.concatenate([item.study.labels for item in scored])
    patients = np.repeat([item.study.patient for item in scored], [len(item.scores) for item in scored])
    area = Bootstrap(patients).measure(partial(areas, scores, truth))
    return {
        "learned_slices": sum(len(study.labels) for study in learned),
        "judged_slices": len(scores),
        "shared_patients": len({study.patient for study in learned} & {study.patient for study in judged}),
        "slice_auc": figure(area, len(np.unique(patients))),
    }
