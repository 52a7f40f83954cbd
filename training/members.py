"""The networks that a released one averages, read back out of its ONNX."""

from __future__ import annotations

from functools import partial

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn

from training.documents import TrainingError
from training.network import Ensemble, SliceNet
from training.prepare import SIZE
from training.scored import onnx_scorer

TOLERANCE = 1e-4
"""Largest difference between the scores of the file and of what was read out of it."""

BATCH = 64
"""Slices that are looked at together while a network's features are measured."""


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


def able_to_learn(network: SliceNet, slices: np.ndarray) -> SliceNet:
    """Give a network that was read back the normalisations that the exporter had merged.

    In training a batch normalisation divides by the spread of its features; one that only adds would then change what
    the network says. How large the features are is measured on what the network has learned from, and its kernels,
    whose size a normalisation makes good again, get that of the last one that was not merged: from it follows how far
    a step of training turns them. In evaluation mode the network scores as before.

    Parameters
    ----------
    network : SliceNet
        One of `members`; it is changed.
    slices : numpy.ndarray
        uint8, shape ``(n, size, size)``: what it has learned from.

    Returns
    -------
    SliceNet
        The same one, in evaluation mode.
    """
    kernels = network.kernels()
    merged = [index for index in kernels if isinstance(network.features[index + 1], nn.BatchNorm2d)]
    sums = {index: torch.zeros(3, kernels[index].num_features, dtype=torch.float64) for index in merged}
    hooks = [network.features[index].register_forward_hook(partial(_add, sums[index])) for index in merged]
    state = network.state_dict()
    with torch.no_grad():
        for start in range(0, len(slices), BATCH):
            network(torch.from_numpy(slices[start : start + BATCH, None]).float() / 255)
    for hook in hooks:
        hook.remove()
    usual = _size(state[f"features.{max(set(kernels) - set(merged))}.weight"]).median()
    for index in merged:
        kernel = state[f"features.{index}.weight"]
        slope, offset, mean, variance = (
            state[f"features.{index + 1}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")
        )
        count, total, squares = sums[index]
        measured, epsilon = total / count, kernels[index].eps
        spread = (squares / count - measured**2).clamp(min=0)
        larger = usual / _size(kernel).clamp(min=1e-6)
        slope /= torch.sqrt(variance + epsilon)
        offset += slope * (measured - mean)
        mean.copy_(measured * larger)
        variance.copy_(spread * larger**2)
        slope *= torch.sqrt(variance + epsilon) / larger
        kernel *= larger[:, None, None, None]
    return network


def _add(sums: Tensor, _layer: nn.Module, _shown: tuple[Tensor, ...], features: Tensor) -> None:
    values = features.double().transpose(0, 1).flatten(1)
    sums += torch.stack([torch.full_like(sums[0], values.shape[1]), values.sum(1), values.square().sum(1)])


def _size(kernels: Tensor) -> Tensor:
    """Root mean square of each kernel."""
    return kernels.square().mean(dim=(1, 2, 3)).sqrt()


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
