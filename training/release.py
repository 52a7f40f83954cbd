"""The folder of a release: network, manifest, folds, evaluation, model card and pictures, all from one workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from appliance.files import replace_file
from training import sources
from training.calibrate import Calibration
from training.dataset import ADULT_YEARS, DatasetInfo
from training.documents import TrainingError, read_json, write_json
from training.export import MAX_MB, read_manifest, to_onnx, write_release
from training.model_card import CHECKS, render, runs_tried
from training.network import SliceNet, parameter_count
from training.plots import read_log
from training.prepare import SIZE, PreparedStudy
from training.quantise import check_int8, quantise
from training.quantise_tensorrt import to_tensorrt
from training.splits import write_splits
from training.workspace import Workspace

EVALUATION = "evaluation.json"

PICTURES = ("roc", "reliability", "training")

CALIBRATION_SLICES = 500
"""Slices that set the ranges of the 8-bit network."""


def release(workspace: Workspace, folder: Path, version: str, calibration: Calibration, int8: bool) -> Path:
    """Write a release; the manifest comes last but one, the card that describes it last.

    Parameters
    ----------
    workspace : Workspace
        Trained, calibrated and evaluated.
    folder : pathlib.Path
        Where to.
    version : str
        Of the release.
    calibration : Calibration
        Fitted to the out-of-fold scores.
    int8 : bool
        Whether to release the network in 8-bit integers beside it.

    Returns
    -------
    pathlib.Path
        The manifest.

    Raises
    ------
    TrainingError
        When a step before is missing, its networks were not trained alike, or that in 8-bit
        integers judges differently.
    """
    evaluation = gather(workspace)
    pictures = {name: _picture(workspace, name) for name in PICTURES}
    model = to_onnx(workspace.ensemble(), SIZE)
    quantised = _quantised(workspace, model) if int8 else {}
    for name, splits in workspace.splits().items():
        write_splits(folder / f"splits-{name}.json", splits)
    write_json(folder / EVALUATION, evaluation)
    for name, picture in pictures.items():
        _write(folder / f"{name}.png", picture)
    manifest = write_release(
        folder,
        version,
        model,
        SIZE,
        calibration,
        _all_data(list(workspace.splits())),
        evaluation["development"],
        **quantised,
        photographs=_photographs(workspace),
    )
    _write(folder / "MODEL_CARD.md", render(read_manifest(folder), evaluation).encode())
    return manifest


def _photographs(workspace: Workspace) -> dict[str, Any] | None:
    """How the camera route reads scores; None where that was not measured."""
    if not all(workspace.document(name).is_file() for name in ("photographs", "gate")):
        return None
    gate = workspace.read_figures("gate", "gate")["gate"]
    return {**workspace.read_figures("photographs", "routes"), "gate": gate}


def _quantised(workspace: Workspace, model: bytes) -> dict[str, Any]:
    """The network in 8-bit integers, and what it loses; measured on the slices that the float network knows as well."""
    studies = [study for study in workspace.studies() if study.labelled]
    slices = np.concatenate([study.slices for study in studies])[:, None].astype(np.float32) / 255
    chosen = np.linspace(0, len(slices) - 1, min(CALIBRATION_SLICES, len(slices))).astype(int)
    int8 = quantise(model, slices[chosen])
    labels = np.concatenate([study.labels for study in studies])
    loss = check_int8(model, int8, slices, labels)
    for_tensorrt = to_tensorrt(int8)
    check_int8(model, for_tensorrt, slices, labels, MAX_MB)
    return {"int8": int8, "int8_auc_loss": loss, "int8_tensorrt": for_tensorrt}


def gather(workspace: Workspace) -> dict[str, Any]:
    """Collect what the model card says of a training, as `training.model_card.render` takes it."""
    leakage = workspace.document("leakage")
    first = next(iter(workspace.splits().values()))
    return {
        "development": workspace.read_figures("development", "evaluate"),
        "pooling": workspace.read_figures("pooling", "evaluate"),
        "leakage": read_json(leakage, "leakage") if leakage.is_file() else None,
        "tables": [workspace.read_figures(name, "check") for name in CHECKS if workspace.document(name).is_file()],
        "sources": [_source(workspace, name) for name in workspace.splits()],
        "splits": {"seed": first.seed, "folds": len(first.parts)},
        **_trained(workspace),
        "runs_tried": runs_tried(),
    }


def _trained(workspace: Workspace) -> dict[str, Any]:
    """How the networks came into being: here, or before a release that was put back."""
    if workspace.restored_file.is_file():
        kept = dict(read_json(workspace.restored_file, "restore"))
        return {**kept, "adaptation": workspace.adaptation(), "adapted_anew": True} if workspace.adapted_here else kept
    return {
        "settings": _settings(workspace),
        "adaptation": workspace.adaptation() if workspace.adapted else None,
        "network": {
            "networks": len(workspace.folds),
            "parameters": parameter_count(SliceNet()),
            "torch": torch.__version__,
            "minutes": [round(_minutes(workspace.log_file(fold))) for fold in workspace.folds],
        },
    }


def _minutes(log: Path) -> float:
    """How long a training took."""
    return float(read_log(log)["seconds"].sum()) / 60


def _source(workspace: Workspace, name: str) -> dict[str, Any]:
    info = sources.info(name)
    studies = [study for study in workspace.studies() if study.patient.startswith(f"{name}/")]
    return {
        "name": name,
        "attribution": info.attribution,
        "licence": info.licence,
        "labels": info.labels,
        "patients": len({study.patient for study in studies}),
        "patients_with_haemorrhage": len({study.patient for study in studies if study.haemorrhage}),
        "children": len({study.patient for study in studies if _child(study)}),
    }


def _child(study: PreparedStudy) -> bool:
    return study.age_years is not None and study.age_years < ADULT_YEARS


def _settings(workspace: Workspace) -> dict[str, Any]:
    """The settings of all folds; their seeds alone may differ."""
    every = workspace.settings()
    shared = [{key: value for key, value in settings.items() if key != "seed"} for settings in every]
    if any(settings != shared[0] for settings in shared):
        raise TrainingError(f"The folds in {workspace.folder} were trained with different settings; train them alike.")
    return {**shared[0], "seed": sorted({settings["seed"] for settings in every})}


def _all_data(names: list[str]) -> DatasetInfo:
    """What has to be said of all data sets together."""
    infos = [sources.info(name) for name in names]
    attribution, licence, labels = (
        "; ".join(dict.fromkeys(getattr(info, field) for info in infos))
        for field in ("attribution", "licence", "labels")
    )
    return DatasetInfo(name="+".join(names), attribution=attribution, licence=licence, labels=labels)


def _picture(workspace: Workspace, name: str) -> bytes:
    path = workspace.picture(name)
    if not path.is_file():
        raise TrainingError(f"{path} is absent; run `triage-train evaluate` first.")
    return path.read_bytes()


def _write(path: Path, data: bytes) -> None:
    with replace_file(path) as file:
        file.write(data)
