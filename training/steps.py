"""The steps of `triage-train`, each taking its options from the command line and its input from the steps before."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from training.calibrate import calibrate as fit_calibration
from training.calibrate import from_manifest, read_calibration, write_calibration
from training.ct_ich import INFO, load_ct_ich
from training.documents import TrainingError, read_json, write_json
from training.evaluate import development_estimate
from training.evaluate import evaluate as measure
from training.export import read_manifest, released_network, to_onnx, write_release
from training.prepare import SIZE, prepare_study, write_prepared
from training.scored import onnx_scorer, score
from training.splits import SEED, make_splits, read_splits, write_splits
from training.train import Settings, load_trained
from training.workspace import Workspace


def prepare(options: argparse.Namespace) -> None:
    """Preprocess every study and draw the splits."""
    workspace = Workspace(options.work)
    dataset = load_ct_ich(options.data)
    seed = SEED if options.split_seed is None else options.split_seed
    splits = make_splits(dataset.info.name, dataset.studies, seed)
    for study in dataset.studies:
        prepared = prepare_study(study)
        write_prepared(workspace.slices, prepared)
        outside = int(study.labels.sum() - prepared.labels.sum())
        _say(f"{study.uid}: {len(prepared.labels)} slices of {len(study.labels)} show brain, {outside} bleeding do not")
    write_splits(workspace.splits_file, splits)


def train(options: argparse.Namespace) -> None:
    """Train the networks of all folds and the final one, or one of them."""
    torch.set_num_threads(options.threads)
    workspace = Workspace(options.work)
    given = {name: getattr(options, name) for name in ("epochs", "simulated", "seed")}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    folds = len(workspace.splits().folds)
    runs: dict[str, int | None] = {**{str(fold): fold for fold in range(folds)}, "final": None}
    only = getattr(options, "only", None)
    if only is not None and only not in runs:
        raise TrainingError(f"There is no run {only}; --only takes one of {', '.join(runs)}.")
    for name in [only] if only is not None else runs:
        _say(f"training {workspace.run_folder(runs[name])}")
        workspace.train(runs[name], settings)


def calibrate(options: argparse.Namespace) -> None:
    """Fit the calibration to out-of-fold scores."""
    workspace = Workspace(options.work)
    scored = [item for fold in workspace.out_of_fold() for item in fold]
    write_calibration(workspace.calibration_file, fit_calibration(scored))


def evaluate(options: argparse.Namespace) -> None:
    """Measure the out-of-fold scores, or a release on the held-out patients."""
    workspace = Workspace(options.work)
    released = getattr(options, "test", None)
    if released is None:
        figures = development_estimate(workspace.out_of_fold())
        write_json(workspace.development_file, figures)
    else:
        figures = _test(workspace, released)
    print(json.dumps(figures, indent=2))


def export(options: argparse.Namespace) -> None:
    """Write the release: ONNX, manifest and splits."""
    workspace = Workspace(options.work)
    model = to_onnx(load_trained(workspace.run_folder(None)), SIZE)
    estimate = read_json(workspace.development_file, "evaluate")
    manifest = write_release(
        options.to, options.version, model, SIZE, read_calibration(workspace.calibration_file), INFO, estimate
    )
    write_splits(options.to / "splits.json", workspace.splits())
    _say(f"released {manifest}")


def release(options: argparse.Namespace) -> None:
    """All steps, one after the other."""
    for step in (prepare, train, calibrate, evaluate, export):
        step(options)
    print(json.dumps(_test(Workspace(options.work), options.to), indent=2))


def _test(workspace: Workspace, folder: Path) -> dict[str, Any]:
    """Judge a release on the held-out patients and enter the figures in its manifest.

    One network is tested in a workspace, and may be tested again to repeat its figures. A second network would be
    chosen by them.
    """
    manifest = read_manifest(folder)
    tested = workspace.test_file.is_file() and read_json(workspace.test_file, "evaluate")["sha256"]
    if tested and tested != manifest["sha256"]:
        raise TrainingError(f"{workspace.folder} has tested another network already; the test set is scored once.")
    patients = read_splits(folder / "splits.json").test
    calibration = from_manifest(manifest)
    scored = score(onnx_scorer(released_network(folder, manifest)), workspace.held_out(patients))
    figures = measure(scored, [calibration] * len(scored), calibration.highest)
    write_json(workspace.test_file, {"sha256": manifest["sha256"], **figures})
    if manifest["test"] != figures:
        write_json(folder / "manifest.json", {**manifest, "test": figures})
    return figures


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
