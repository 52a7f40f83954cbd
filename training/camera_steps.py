"""The steps of `triage-train` for the camera route: photographs to learn from, learning, gate, measurement."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from appliance.camera.quality import Gate
from training import sources
from training.calibrate import Calibration, calibrate, to_manifest
from training.camera_study import measure_photographs
from training.camera_table import camera_table
from training.config import CameraRecipe, Recipe
from training.documents import TrainingError, write_json
from training.export import read_manifest, released_network
from training.gated import gate_document, rate
from training.judged import nested
from training.machine import Machine
from training.network import SliceNet
from training.photographed import photographed
from training.routes import compare, join
from training.scored import ScoredStudy, onnx_scorer
from training.screen.families import FAMILIES
from training.settings import Settings
from training.workspace import DEVELOPMENT, HELD_OUT, TRAINING, Workspace

EPOCHS = 16
"""Passes with photographs, after those without."""

Captures = list[list[ScoredStudy]]
"""Capture by capture, what was photographed of all studies and not refused."""


def capture(options: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Photograph every study page by page, and let the appliance read it; what is not learned from, behind the gate."""
    workspace = Workspace(options.work)
    gate = None if options.family == TRAINING else Gate(**workspace.read_figures("gate", "gate")["gate"])
    captures = [
        [
            photographed(sources.load(name, folder), FAMILIES[options.family], number, gate)
            for name, folder in options.data
        ]
        for number in range(options.captures)
    ]
    workspace.capture(options.family, captures, say)


def adapt(options: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Go on with the networks of all folds, or of one, on photographs."""
    torch.set_num_threads(options.threads)
    workspace = Workspace(options.work)
    folds = workspace.folds
    if options.only is not None and options.only not in folds:
        raise TrainingError(f"There is no run {options.only}; --only takes one of {', '.join(folds)}.")
    given = {"epochs": options.epochs or EPOCHS, "seed": options.seed or Settings.seed}
    settings = Settings(**given, hard=1.0, photographed=0.5, pairs=16)
    with Machine.here(options.device, options.workers) as machine:
        for fold in folds if options.only is None else [options.only]:
            say(f"adapting {workspace.run_folder(fold)}")
            workspace.adapt(fold, settings, machine)


def gate(options: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Fit the gate to shots of the training family; measure it on another, with its patients or, at the end, others."""
    workspace = Workspace(options.work)
    rated = [
        rate(workspace, dict(options.data), FAMILIES[family], options.count, family == HELD_OUT, say)
        for family in (TRAINING, options.unseen)
    ]
    workspace.write_figures("gate", {"unseen_family": options.unseen, **gate_document(*rated)})


def routes(options: argparse.Namespace) -> dict[str, Any]:
    """Calibrate the camera route, on photographs that passed the gate, and measure what it loses against the files."""
    workspace = Workspace(options.work)
    files, of_files, _ = nested(workspace.out_of_fold())
    before, of_before, _ = nested(workspace.out_of_fold(workspace.networks_before()))
    passed = workspace.photographs_out_of_fold(DEVELOPMENT, workspace.networks())
    if not any(any(fold) for fold in passed):
        raise TrainingError(
            f"{workspace.folder} holds no photographs that passed the gate; "
            f"run `triage-train capture --family {DEVELOPMENT}` first."
        )
    everything = [item for fold in passed for captured in fold for item in captured]
    of_photographs = _of_other_folds(workspace, passed)
    document: dict[str, Any] = {}
    for family in (DEVELOPMENT, HELD_OUT):
        released = _captures(workspace, family, workspace.networks())
        if released:
            naive = _captures(workspace, family, workspace.networks_before())
            document[family] = {
                "released": compare(join(files, released, of_files, of_photographs)),
                "naive": compare(join(before, naive, of_before, of_before)),
            }
    kept = workspace.read_figures("gate", "gate") if workspace.document("gate").is_file() else None
    workspace.write_figures("photographs", to_manifest(calibrate(everything)))
    workspace.write_figures("camera", camera_table(document, kept))
    return document


def learn(
    work: Path, data: list[tuple[str, Path]], recipe: Recipe, camera: CameraRecipe, say: Callable[[str], None]
) -> None:
    """Photograph every study as often as a recipe says, and go on with the networks of all folds."""
    capture(argparse.Namespace(work=work, data=data, family=TRAINING, captures=camera.captures), say)
    for number, fold in enumerate(Workspace(work).folds):
        given = {"only": fold, "seed": recipe.seed_of(number), "epochs": None, "threads": recipe.threads}
        adapt(argparse.Namespace(work=work, **given, device="cpu", workers=0), say)


def measure(work: Path, data: list[tuple[str, Path]], camera: CameraRecipe, say: Callable[[str], None]) -> None:
    """Fit the gate, calibrate the camera route, and measure both on viewers that nothing has learned from.

    The final measurement, of the family that is kept for it, is nobody's but who asks for it by name.
    """
    gate(argparse.Namespace(work=work, data=data, count=camera.photographs, unseen=DEVELOPMENT), say)
    capture(argparse.Namespace(work=work, data=data, family=DEVELOPMENT, captures=1), say)
    routes(argparse.Namespace(work=work))


def camera_study(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure a release on real photographs; the figures are written beside them as well."""
    manifest = read_manifest(options.release)
    scorer = onnx_scorer(released_network(options.release, manifest))
    network = {key: manifest[key] for key in ("name", "version", "sha256")}
    document = {"network": network, **measure_photographs(options.folder, manifest, scorer, say)}
    write_json(options.folder / "report.json", document)
    return document


def _captures(workspace: Workspace, family: str, networks: Sequence[SliceNet]) -> Captures:
    """From captures by fold to captures of all folds."""
    folds = workspace.photographs_out_of_fold(family, networks)
    return [[item for part in parts for item in part] for parts in zip(*folds, strict=True)]


def _of_other_folds(workspace: Workspace, passed: Sequence[Captures]) -> list[Calibration]:
    """For each study, fold by fold, the calibration of the camera route that was fitted to the other folds."""
    found = []
    for number, fold in enumerate(workspace.folds):
        others = [item for other, part in enumerate(passed) if other != number for seen in part for item in seen]
        found += [calibrate(others)] * len(workspace.inside(fold))
    return found
