"""The steps of `triage-train` for the camera route: photographs to learn from, learning, gate, measurement."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import torch

from training import sources
from training.calibrate import calibrate, to_manifest
from training.documents import TrainingError
from training.gated import gate_document, rate
from training.judged import nested
from training.machine import Machine
from training.photographed import photographed
from training.routes import compare, join
from training.screen.families import FAMILIES
from training.settings import Settings
from training.workspace import HELD_OUT, TRAINING, Workspace

EPOCHS = 20
"""Passes with photographs, after those without."""

CAPTURES = {TRAINING: 3, HELD_OUT: 2}
"""How often every study is photographed."""

RATED = 600
"""Photographs to which the gate is fitted, and again those by which it is measured."""


def capture(options: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Photograph every study, screen by screen, with the appliance's own reading of the photographs."""
    workspace = Workspace(options.work)
    for family, count in CAPTURES.items():
        if options.only in (None, family):
            captures = [
                [photographed(sources.load(name, folder), FAMILIES[family], number) for name, folder in options.data]
                for number in range(count)
            ]
            workspace.capture(family, captures, say)


def adapt(options: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Go on with the networks of all folds, or of one, on photographs."""
    torch.set_num_threads(options.threads)
    workspace = Workspace(options.work)
    folds = workspace.folds
    if options.only is not None and options.only not in folds:
        raise TrainingError(f"There is no run {options.only}; --only takes one of {', '.join(folds)}.")
    settings = Settings(epochs=options.epochs or EPOCHS, hard=1.0, photographed=0.5, seed=options.seed or 1)
    with Machine.here(options.device, options.workers) as machine:
        for fold in folds if options.only is None else [options.only]:
            say(f"adapting {workspace.run_folder(fold)}")
            workspace.adapt(fold, settings, machine)


def gate(options: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Fit the gate to photographs of the training family, and measure it on those of the other."""
    workspace = Workspace(options.work)
    rated = {
        family: rate(workspace, dict(options.data), FAMILIES[family], options.count or RATED, family == HELD_OUT, say)
        for family in (TRAINING, HELD_OUT)
    }
    workspace.write_figures("gate", gate_document(rated[TRAINING], rated[HELD_OUT]))


def routes(options: argparse.Namespace) -> dict[str, Any]:
    """Calibrate the camera route, and measure what it loses against the files."""
    workspace = Workspace(options.work)
    files, of_files, _ = nested(workspace.out_of_fold())
    networks = workspace.networks()
    learned = workspace.photographs_out_of_fold(TRAINING, networks)
    everything = [item for fold in learned for captured in fold for item in captured]
    workspace.write_figures("photographs", to_manifest(calibrate(everything)))
    of_photographs = _nested(workspace, learned)
    document: dict[str, Any] = {}
    for family in (TRAINING, HELD_OUT):
        seen = learned if family == TRAINING else workspace.photographs_out_of_fold(family, networks)
        naive = workspace.photographs_out_of_fold(family, workspace.networks_before())
        document[family] = {
            "adapted": compare(join(files, _captures(seen), of_files, of_photographs)),
            # the same photographs by networks that never saw one, read as files are
            "naive": compare(join(files, _captures(naive), of_files, of_files)),
        }
    workspace.write_figures("routes", document)
    return document


def _nested(workspace: Workspace, learned: list[list[list[Any]]]) -> list[Any]:
    """For each study, fold by fold, the calibration of the camera route that was fitted to the other folds."""
    found = []
    for number, fold in enumerate(workspace.folds):
        others = [item for other, part in enumerate(learned) if other != number for seen in part for item in seen]
        found += [calibrate(others)] * len(workspace.inside(fold))
    return found


def _captures(folds: list[list[list[Any]]]) -> list[list[Any]]:
    """From captures by fold to captures of all folds."""
    return [[item for part in parts for item in part] for parts in zip(*folds, strict=True)]
