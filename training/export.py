"""The trained network as ONNX, and the manifest that says how to feed it and how to read its scores."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from appliance.files import replace_file
from training.calibrate import Calibration, to_manifest
from training.dataset import DatasetInfo
from training.documents import TrainingError, digest, read_json, write_json
from training.golden import golden_entry
from training.prepare import SIZE, WINDOW_LEVEL, WINDOW_WIDTH

MANIFEST = "manifest.json"

OPSET = 13
"""What TensorRT 8.5 reads."""

TOLERANCE = 1e-4
"""Largest difference between the scores of the exported and the trained network, relative to 1 or to the score."""

MAX_MB = 12.0
"""Largest file, in millions of bytes."""


def to_onnx(network: nn.Module, size: int) -> bytes:
    """Export a network and check the export against it.

    Parameters
    ----------
    network : torch.nn.Module
        Scores slices, as `training.network.SliceNet` does; put into evaluation mode.
    size : int
        Side of its input in pixels.

    Returns
    -------
    bytes
        ONNX, opset 13: ``slices`` float32 ``(n, 1, size, size)`` to ``scores`` float32 ``(n,)``, n free.

    Raises
    ------
    TrainingError
        When the file is too large, or ONNX Runtime and torch give different scores.
    """
    network.eval()
    buffer = io.BytesIO()
    torch.onnx.export(
        network,
        (torch.zeros(2, 1, size, size),),
        buffer,  # type: ignore[arg-type]  # the old exporter takes a stream as well
        opset_version=OPSET,
        input_names=["slices"],
        output_names=["scores"],
        dynamic_axes={"slices": {0: "n"}, "scores": {0: "n"}},
        dynamo=False,  # the other exporter writes opset 18 whatever is asked
    )
    model = buffer.getvalue()
    if len(model) > MAX_MB * 1e6:
        raise TrainingError(f"The network has {len(model) / 1e6:.2f} MB as ONNX; {MAX_MB:.0f} MB may be released.")
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    _compare(model, network, size)
    return model


def _compare(model: bytes, network: nn.Module, size: int) -> None:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    for count in (1, 3):
        slices = random.random((count, 1, size, size), dtype=np.float32)
        with torch.no_grad():
            expected = network(torch.from_numpy(slices)).numpy()
        found = session.run(["scores"], {"slices": slices})[0]
        if not np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
            difference = float(np.abs(found - expected).max())
            raise TrainingError(f"The exported network differs from the trained one by {difference:.2g}.")


def write_release(
    folder: Path,
    version: str,
    model: bytes,
    size: int,
    calibration: Calibration,
    data: DatasetInfo,
    development_estimate: dict[str, Any],
    *,
    int8: bytes | None = None,
    int8_auc_loss: float | None = None,
    int8_tensorrt: bytes | None = None,
    photographs: dict[str, Any] | None = None,
) -> Path:
    """Write the ONNX files and their manifest.

    The ONNX files come first and carry their version in their names, so a manifest always names whole files.

    Parameters
    ----------
    folder : pathlib.Path
        Where to.
    version : str
        Of the release.
    model : bytes
        What `to_onnx` returned.
    size : int
        Side of its input in pixels.
    calibration : Calibration
        How to read its scores.
    data : DatasetInfo
        What it has learned from.
    development_estimate : dict
        Figures of the out-of-fold scores.
    int8 : bytes, optional
        What `training.quantise.quantise` made of it.
    int8_auc_loss : float, optional
        What `training.quantise.check_int8` measured.
    int8_tensorrt : bytes, optional
        What `training.quantise_tensorrt.to_tensorrt` made of that.
    photographs : dict, optional
        How to read its scores of photographs, and ``gate``, what refuses some; where both were measured.

    Returns
    -------
    pathlib.Path
        The manifest.
    """
    network = _write_network(folder, f"slicenet-{version}.onnx", model)
    quantised: dict[str, Any] = {}
    if int8 is not None:
        loss = None if int8_auc_loss is None else round(int8_auc_loss, 4)
        written = _write_network(folder, f"slicenet-{version}-int8.onnx", int8)
        quantised = {"int8": {**written, "slice_auc_loss": loss}}
    if int8_tensorrt is not None:
        written = _write_network(folder, f"slicenet-{version}-int8-tensorrt.onnx", int8_tensorrt)
        quantised["int8_tensorrt"] = written
    golden = {"golden": golden_entry(folder, model)} if size == SIZE else {}
    manifest = folder / MANIFEST
    write_json(
        manifest,
        {
            "name": "slicenet",
            "version": version,
            **network,
            **quantised,
            **golden,
            "opset": OPSET,
            "input": {"size": size, "window_width": WINDOW_WIDTH, "window_level": WINDOW_LEVEL},
            **to_manifest(calibration),
            **({"photographs": photographs} if photographs else {}),
            "trained_on": data.attribution,
            "licence": data.licence,
            "development_estimate": development_estimate,
        },
    )
    return manifest


def _write_network(folder: Path, name: str, model: bytes) -> dict[str, str]:
    with replace_file(folder / name) as file:
        file.write(model)
    return {"file": name, "sha256": digest(model)}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a release.

    Raises
    ------
    TrainingError
        When it is absent or damaged.
    """
    manifest: dict[str, Any] = read_json(folder / MANIFEST, "export")
    return manifest


def released_network(folder: Path, manifest: dict[str, Any]) -> bytes:
    """Read the ONNX file that a manifest names.

    Raises
    ------
    TrainingError
        When it is absent or another one.
    """
    path = folder / str(manifest["file"])
    model = path.read_bytes() if path.is_file() else b""
    if digest(model) != manifest["sha256"]:
        raise TrainingError(f"{path} is not the network that its manifest names; run `triage-train export` again.")
    return model
