"""A release put back into a folder of training, so that a step can be taken again without hours of learning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from appliance.files import replace_file
from training.calibrate import from_manifest, to_manifest
from training.checkpoint import data_digest, write_checkpoint
from training.documents import TrainingError, read_json, write_json
from training.export import read_manifest, released_network
from training.members import members
from training.model_card import CHECKS
from training.network import SliceNet
from training.release import EVALUATION, PICTURES
from training.settings import Settings
from training.splits import read_splits
from training.training_log import write_log
from training.workspace import ADAPTED, Workspace


def restore(workspace: Workspace, release: Path, before: Path | None) -> None:
    """Put the networks and figures of a release where its training had left them.

    What is of photographs is left out: the captures that were learned from are no part of a release, and gate,
    calibration and figures of the camera route are what is to be made anew.

    Parameters
    ----------
    workspace : Workspace
        Prepared from the same data, folds and seed.
    release : pathlib.Path
        Folder of the release.
    before : pathlib.Path or None
        ONNX file of the same networks before they saw photographs; without it, networks that went on with
        photographs stand in their own place, and "naive" ones cannot be told from them.

    Raises
    ------
    TrainingError
        When the release is not whole, or of other folds.
    """
    manifest, evaluation = read_manifest(release), read_json(release / EVALUATION, "export")
    for name, splits in workspace.splits().items():
        if read_splits(release / f"splits-{name}.json") != splits:
            raise TrainingError(f"The release has other folds of {name}; prepare it with the seed of its recipe.")
    released = members(released_network(release, manifest))
    if len(released) != len(workspace.folds):
        raise TrainingError(f"The release has {len(released)} networks, and {workspace.folder} other folds.")
    first = released if before is None else members(_read(before))
    adaptation = evaluation["adaptation"] or [None] * len(released)
    seeds = evaluation["settings"]["seed"]
    for number, fold in enumerate(workspace.folds):
        seed = seeds[number] if len(seeds) == len(released) else seeds[0]
        settings = {**evaluation["settings"], "seed": seed}
        minutes = evaluation["network"]["minutes"][number]
        folder, outside = workspace.run_folder(fold), workspace.outside(fold)
        _write_run(folder, first[number], settings, data_digest(outside), minutes)
        if adaptation[number] is not None:
            digest = data_digest(outside, (), first[number])
            _write_run(folder / ADAPTED, released[number], adaptation[number], digest, 0.0)
    figures = {name: evaluation[name] for name in ("development", "pooling", "leakage")}
    figures["calibration"] = to_manifest(from_manifest(manifest))
    figures |= {name: table for name, table in zip(CHECKS, evaluation["tables"], strict=False) if name != "camera"}
    for name, found in figures.items():
        workspace.write_figures(name, found)
    for name in PICTURES:
        with replace_file(workspace.picture(name)) as file:
            file.write(_read(release / f"{name}.png"))


def _write_run(folder: Path, network: SliceNet, settings: Mapping[str, Any], data: str, minutes: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    known = asdict(Settings(**{name: settings[name] for name in asdict(Settings()) if name in settings}))
    state = {"settings": known, "data": data, "epoch": settings["epochs"], "average": network.state_dict()}
    write_checkpoint(folder, state)
    write_json(folder / "settings.json", dict(settings))
    write_log(folder, {"epoch": settings["epochs"], "seconds": 60 * minutes})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path} cannot be read.") from error
