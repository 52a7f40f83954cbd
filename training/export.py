"""The trained network as ONNX, and the manifest that says how to feed it and how to read its scores."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from appliance.files import replace_file
from training.calibrate import Calibration, to_manifest
from training.dataset import DatasetInfo
from training.documents import TrainingError, digest, read_json, write_json
from training.network import SliceNet

MANIFEST = "manifest.json"

OPSET = 13
"""What TensorRT 8.5 reads."""

TOLERANCE = 1e-4
"""Largest difference between the scores of the exported and the trained network, relative to 1 or to the score."""

WINDOW_WIDTH, WINDOW_LEVEL = 120, 40
"""Brain window of the training pictures, in Hounsfield units."""


def to_onnx(network: SliceNet, size: int) -> bytes:
    """Export a network and check the export against it.

    Parameters
    ----------
    network : SliceNet
        In evaluation mode.
    size : int
        Side of its input in pixels.

    Returns
    -------
    bytes
        ONNX, opset 13: ``slices`` float32 ``(n, 1, size, size)`` to ``scores`` float32 ``(n,)``, n free.

    Raises
    ------
    TrainingError
        When ONNX Runtime and torch give different scores.
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
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    _compare(model, network, size)
    return model


def _compare(model: bytes, network: SliceNet, size: int) -> None:
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
) -> Path:
    """Write the ONNX file and its manifest; the figures of the test are entered later, by it.

    The ONNX file comes first and carries its version in its name, so a manifest always names a whole file.

    Returns
    -------
    pathlib.Path
        The manifest.
    """
    name = f"slicenet-{version}.onnx"
    with replace_file(folder / name) as file:
        file.write(model)
    manifest = folder / MANIFEST
    write_json(
        manifest,
        {
            "name": "slicenet",
            "version": version,
            "file": name,
            "sha256": digest(model),
            "opset": OPSET,
            "input": {"size": size, "window_width": WINDOW_WIDTH, "window_level": WINDOW_LEVEL},
            **to_manifest(calibration),
            "trained_on": data.attribution,
            "licence": data.licence,
            "development_estimate": development_estimate,
            "test": {},
        },
    )
    return manifest


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
