"""Photographs rated by how far they mislead the network: what the gate is fitted to, and measured by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from appliance.camera.photograph import read_photograph
from appliance.camera.quality import NAMES, Quality, features, measure_quality
from appliance.camera.stack import photographed_stack
from appliance.imaging.head import find_heads
from appliance.imaging.tensor import to_tensor
from appliance.reasons import Refused
from training import sources
from training.calibrate import from_manifest
from training.dataset import Study
from training.gate import BAD, GOOD, Rated, fit_gate, measure_gate
from training.photographed import draw_grid
from training.prepare import SIZE, PreparedStudy
from training.scored import Scorer, torch_scorer
from training.screen.album import kept_for_the_end
from training.screen.families import Family
from training.screen.shot import take_shot
from training.workspace import Workspace


def rate(
    workspace: Workspace,
    folders: Mapping[str, Path],
    family: Family,
    count: int,
    final: bool,
    say: Callable[[str], None],
) -> list[Rated]:
    """Take photographs of slices spread over the brain, each rated by a network that did not learn from its patient.

    Parameters
    ----------
    workspace : Workspace
        With adapted networks and a calibration.
    folders : mapping of str to pathlib.Path
        Where each data set is.
    family : Family
        How consoles, rooms and cameras are.
    count : int
        How many photographs.
    final : bool
        Whether of the patients that are kept for the final measurement, or of the others.
    say : callable
        Told a line now and then.
    """
    slope = from_manifest(workspace.read_figures("calibration", "calibrate")).slice_calibration.slope
    originals = {
        f"{name}/{study.patient}": study for name in folders for study in sources.load(name, folders[name]).studies
    }
    scorers = [torch_scorer(network) for network in workspace.networks()]
    prepared = [
        (study, scorer)
        for fold, scorer in zip(workspace.folds, scorers, strict=True)
        for study in workspace.inside(fold)
        if kept_for_the_end(study.patient.split("/")[1]) == final
    ]
    rated = []
    for number in range(count):
        rng = np.random.default_rng([number, final, *family.name.encode()])
        study, scorer = prepared[int(rng.integers(len(prepared)))]
        rated.append(_rate(study, originals[study.patient], scorer, slope, rng, family))
        if number % 50 == 49:
            say(f"{number + 1} of {count} photographs rated ({family.name})")
    return rated


def _rate(
    prepared: PreparedStudy,
    original: Study,
    scorer: Scorer,
    slope: float,
    rng: np.random.Generator,
    family: Family,
) -> Rated:
    rows, columns = draw_grid(rng)
    chosen = np.unique(np.linspace(0, len(prepared.indices) - 1, rows * columns).round().astype(int))
    shot = take_shot(original.read().stack.pixels[prepared.indices[chosen]], rng, family, rows, columns)
    unread = Rated(prepared.patient, np.zeros(len(NAMES)), np.inf, True)
    try:
        pictures = read_photograph(shot.photo).pictures
        if len(pictures) != len(chosen):
            return unread
        stack = photographed_stack(pictures, [str(index) for index in chosen])
    except Refused:
        return unread
    seen = scorer(to_tensor(stack, find_heads(stack), SIZE, range(len(stack))))
    same = scorer(prepared.slices[chosen][:, None].astype(np.float32) / 255)
    qualities = [measure_quality(picture) for picture in pictures]
    return Rated(prepared.patient, _median(qualities), float(np.abs(seen - same).mean()) * slope, False)


def _median(qualities: Sequence[Quality]) -> np.ndarray:
    seen = [quality for quality in qualities if quality.pixels]
    return np.median(features(seen), axis=0) if seen else np.zeros(len(NAMES))


def gate_document(learned: Sequence[Rated], unseen: Sequence[Rated]) -> dict[str, Any]:
    """Fit the gate to photographs, and measure it by them and by others.

    Returns
    -------
    dict
        ``gate``, as the manifest holds it; ``fitted_to`` and ``unseen``, as of `training.gate.measure_gate`; the
        limits of what is bad and good.
    """
    gate = fit_gate(learned)

    def refuses(item: Rated) -> bool:
        return gate.refusal([Quality(*item.properties)]) is not None

    return {
        "gate": asdict(gate),
        "bad_from": BAD,
        "good_up_to": GOOD,
        "fitted_to": measure_gate(learned, refuses),
        "unseen": measure_gate(unseen, refuses),
    }
