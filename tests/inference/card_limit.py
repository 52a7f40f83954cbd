"""How many slices a second a card's arithmetic allows by direct convolution: what a measured speed is a share of."""

from __future__ import annotations

from math import prod
from typing import Dict, Tuple

import onnx

FMA_A_CLOCK: Dict[Tuple[int, int], Dict[str, int]] = {
    (7, 2): {"fp32": 64, "fp16": 512, "int8": 1024},  # Xavier
    (7, 5): {"fp32": 64, "fp16": 512, "int8": 1024},
    (8, 0): {"fp32": 64, "fp16": 1024, "int8": 2048},
    (8, 6): {"fp32": 128, "fp16": 512, "int8": 1024},
    (8, 7): {"fp32": 128, "fp16": 1024, "int8": 2048},  # Orin
    (8, 9): {"fp32": 128, "fp16": 512, "int8": 1024},
    (9, 0): {"fp32": 128, "fp16": 2048, "int8": 4096},
}
"""Fused multiply-adds of one multiprocessor in a clock, by compute capability, without sparsity: for single precision
its plain cores (the engines are built without TF32), else its tensor cores. From the architectures' white papers."""


def multiply_adds(model: bytes) -> int:
    """Multiply-adds of convolutions and matrix products for one slice; nearly all that the network computes."""
    document = onnx.load_from_string(model)
    dimension = document.graph.input[0].type.tensor_type.shape.dim[0]
    dimension.dim_value = 1
    graph = onnx.shape_inference.infer_shapes(document, strict_mode=True, data_prop=True).graph
    shapes = {item.name: list(item.dims) for item in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        shapes[value.name] = [item.dim_value for item in value.type.tensor_type.shape.dim]
    total = 0
    for node in graph.node:
        if node.op_type == "Conv":
            total += prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])
        elif node.op_type in ("MatMul", "Gemm"):
            turned = any(item.name == "transA" and item.i for item in node.attribute)
            total += prod(shapes[node.output[0]]) * shapes[node.input[0]][-2 if turned else -1]
    return total


def slices_a_second(
    model: bytes, precision: str, capability: Tuple[int, int], multiprocessors: int, clock_hz: float
) -> float:
    """Slices a second if every multiprocessor multiplied and added in every clock; an algorithm may need fewer.

    Raises
    ------
    KeyError
        For a kind of card that is not listed.
    """
    return FMA_A_CLOCK[capability][precision] * multiprocessors * clock_hz / multiply_adds(model)
