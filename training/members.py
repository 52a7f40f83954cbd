"""The networks that a released one averages, read back out of its ONNX."""

from __future__ import annotations

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import nn

from training.documents import TrainingError
from training.network import Ensemble, SliceNet
from training.prepare import SIZE
from training.scored import onnx_scorer

TOLERANCE = 1e-4
"""Largest difference between the scores of the file and of what was read out of it."""


def members(model: bytes) -> list[SliceNet]:
    """Read the networks back out of a released one.

    The exporter leaves a batch normalisation that a pool parts from its convolution as it was, and merges every other
    one into its convolution; the merged ones come back as normalisations that only add.

    Parameters
    ----------
    model : bytes
        What `training.export.to_onnx` made of a `training.network.Ensemble`.

    Returns
    -------
    list of SliceNet
        In evaluation mode, in their order.

    Raises
    ------
    TrainingError
        When it is of another architecture.
    """
    try:
        graph = onnx.load_from_string(model).graph
        arrays = {item.name: torch.from_numpy(numpy_helper.to_array(item).copy()) for item in graph.initializer}
        for node in graph.node:
            if node.op_type == "Identity":  # the exporter keeps equal arrays once
                arrays[node.output[0]] = arrays[node.input[0]]
        convolutions = [list(node.input) for node in graph.node if node.op_type == "Conv"]
        each = len(SliceNet().kernels()) + 1  # the last is the map's
        networks = [
            _member(arrays, f"members.{number}.", convolutions[number * each : (number + 1) * each])
            for number in range(len(convolutions) // each)
        ]
    except (DecodeError, ValueError, KeyError, IndexError, RuntimeError) as error:
        raise TrainingError("This file holds no networks of this project's architecture.") from error
    if not networks:
        raise TrainingError("This file holds no networks of this project's architecture.")
    _compare(model, networks)
    return networks


def _member(arrays: dict[str, torch.Tensor], prefix: str, convolutions: list[list[str]]) -> SliceNet:
    network = SliceNet()
    state = network.state_dict()
    found = {key: arrays[prefix + key] for key in state if prefix + key in arrays}
    for (index, normalisation), inputs in zip(network.kernels().items(), convolutions, strict=False):
        if len(inputs) < 3:
            continue  # not merged: a convolution of its own has no offsets
        kernel, offset = (arrays[name] for name in inputs[1:])
        epsilon = normalisation.eps
        found[f"features.{index}.weight"] = kernel
        for name, value in (
            ("weight", torch.ones_like(offset)),
            ("bias", offset),
            ("running_mean", torch.zeros_like(offset)),
            ("running_var", torch.full_like(offset, 1 - epsilon)),
        ):
            found[f"features.{index + 1}.{name}"] = value
    counted = {key: value for key, value in state.items() if key.endswith("num_batches_tracked")}
    network.load_state_dict({**counted, **found})
    return network.eval()


def _compare(model: bytes, networks: list[SliceNet]) -> None:
    slices = np.random.default_rng(0).random((3, 1, SIZE, SIZE), dtype=np.float32)
    ensemble: nn.Module = Ensemble(networks).eval()
    with torch.no_grad():
        found = ensemble(torch.from_numpy(slices)).numpy()
    if not np.allclose(found, onnx_scorer(model)(slices), rtol=TOLERANCE, atol=TOLERANCE):
        raise TrainingError("What was read out of this file scores otherwise than the file does.")
