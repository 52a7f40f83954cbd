"""A release put back into a folder of training, so that a later step can be taken again without hours of learning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from appliance.files import replace_file
from training.calibrate import calibrate as fit_calibration
from training.calibrate import from_manifest, to_manifest
from training.checkpoint import data_digest, write_checkpoint
from training.documents import TrainingError, digest, read_json, write_json
from training.export import read_manifest, released_network
from training.members import able_to_learn, members
from training.model_card import CHECKS
from training.network import SliceNet
from training.release import EVALUATION, PICTURES
from training.splits import read_splits
from training.workspace import ADAPTED, Workspace

CLOSE = 1e-3
"""Largest difference between a calibration that is fitted again to the same networks and data, and the released one."""


def restore(workspace: Workspace, release: Path, before: Path | None) -> None:
    """Put the networks and figures of a release where its training had left them.

    They can be measured and released again, and those that saw no photographs can go on with them
    (`training.members.able_to_learn`). What is of photographs is left out: the captures that were learned from are no
    part of a release, and gate, calibration and figures of the camera route are what is to be made anew.

    Parameters
    ----------
    workspace : Workspace
        Prepared from the same data, folds and seed, and not trained.
    release : pathlib.Path
        Folder of the release.
    before : pathlib.Path or None
        ONNX file of the same folds' networks before they saw photographs, where those of the release did.

    Raises
    ------
    TrainingError
        When the release is not whole, or of other data or folds; when something was trained here already.
    """
    manifest, evaluation = read_manifest(release), read_json(release / EVALUATION, "export")
    _require_alike(workspace, release, evaluation)
    adapted = evaluation["adaptation"] is not None
    if adapted != (before is not None):
        said = "went on with photographs: name what they were before" if adapted else "saw no photographs: name none"
        raise TrainingError(f"The networks of this release {said} with --before.")
    released = _networks(workspace, released_network(release, manifest))
    first = released if before is None else _networks(workspace, _read(before))
    scored = [item for fold in workspace.out_of_fold(released) for item in fold]
    if not _close(to_manifest(fit_calibration(scored)), manifest):
        raise TrainingError("These networks score the prepared studies otherwise than when they were released.")
    known = {name: manifest[name] for name in ("version", "sha256")}
    if before is not None:
        known["before"] = digest(_read(before))
    trained = {name: evaluation[name] for name in ("settings", "adaptation", "network")}
    # first: should the rest fail, nothing may be trained in this folder
    write_json(workspace.restored_file, {"release": known, **trained})
    for number, fold in enumerate(workspace.folds):
        folder, outside = workspace.run_folder(fold), workspace.outside(fold)
        able_to_learn(first[number], np.concatenate([study.slices for study in outside]))
        _write(folder, first[number], data_digest(outside))
        if adapted:
            _write(folder / ADAPTED, released[number], data_digest(outside, (), first[number]))
    figures = {name: evaluation[name] for name in ("development", "pooling", "leakage") if evaluation[name] is not None}
    figures["calibration"] = to_manifest(from_manifest(manifest))
    figures |= {name: table for name, table in zip(CHECKS, evaluation["tables"], strict=False) if name != "camera"}
    for name, found in figures.items():
        workspace.write_figures(name, found)
    for name in PICTURES:
        with replace_file(workspace.picture(name)) as file:
            file.write(_read(release / f"{name}.png"))


def _require_alike(workspace: Workspace, release: Path, evaluation: dict[str, Any]) -> None:
    splits = workspace.splits()
    if {source["name"] for source in evaluation["sources"]} != set(splits):
        raise TrainingError(f"The release has learned from other data sets than {workspace.folder} holds.")
    for name, found in splits.items():
        if read_splits(release / f"splits-{name}.json") != found:
            raise TrainingError(f"The release has other folds of {name}; prepare it with the seed of its recipe.")
    if any(workspace.run_folder(fold).exists() for fold in workspace.folds):
        raise TrainingError(f"{workspace.folder} holds a training; name another folder with --work.")
    if len(evaluation["tables"]) < len(CHECKS) - 1:
        raise TrainingError("The release has fewer tables of checks than `triage-train check` makes.")


def _networks(workspace: Workspace, model: bytes) -> list[SliceNet]:
    found = members(model)
    if len(found) != len(workspace.folds):
        raise TrainingError(f"The file holds {len(found)} networks for the {len(workspace.folds)} folds.")
    return found


def _write(folder: Path, network: SliceNet, data: str) -> None:
    """Write what judges; a checkpoint without an optimiser cannot go on."""
    folder.mkdir(parents=True)
    write_checkpoint(folder, {"settings": {"epochs": 0}, "data": data, "epoch": 0, "average": network.state_dict()})


def _close(one: Any, other: Any) -> bool:
    """Tell whether all numbers of a document are nearly those of another, which may hold more."""
    if isinstance(one, dict):
        return all(name in other and _close(value, other[name]) for name, value in one.items())
    return abs(one - other) <= CLOSE * max(abs(other), 1)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path} cannot be read.") from error
