"""The figure that a measured speed is compared with."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from appliance.inference.release import load_release
from tests.inference.card_limit import multiply_adds, slices_a_second


def network() -> bytes:
    """Two maps of 4 x 4 by kernels of 3 x 3 on one channel of 6 x 6, then 5 sums over all 32 values."""
    weights = [
        numpy_helper.from_array(np.zeros(shape, np.float32), name)
        for name, shape in (("kernel", (2, 1, 3, 3)), ("matrix", (32, 5)))
    ]
    nodes = [
        helper.make_node("Conv", ["slices", "kernel"], ["maps"]),
        helper.make_node("Flatten", ["maps"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix"], ["scores"]),
    ]
    given = helper.make_tensor_value_info("slices", TensorProto.FLOAT, ["n", 1, 6, 6])
    answer = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 5])
    graph = helper.make_graph(nodes, "small", [given], [answer], weights)
    return bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString())


def test_multiply_adds_are_counted() -> None:
    assert multiply_adds(network()) == 2 * 16 * 9 + 32 * 5


@pytest.mark.parametrize(
    ("card", "precision", "teraflops"),
    [
        (((8, 7), 16, 1.3e9), "fp32", 5.3),  # AGX Orin 64 GB, 2048 cores
        (((8, 9), 128, 2.52e9), "fp16", 330.3),  # RTX 4090, without sparsity
        (((9, 0), 132, 1.83e9), "fp16", 989.4),  # H100 SXM, without sparsity
    ],
)
def test_the_limit_is_what_the_card_s_maker_says(
    card: Tuple[Tuple[int, int], int, float], precision: str, teraflops: float
) -> None:
    found = slices_a_second(network(), precision, *card) * 2 * multiply_adds(network())
    assert found == pytest.approx(teraflops * 1e12, rel=0.01)


def test_the_released_network_can_be_counted() -> None:
    release = load_release()
    counted = multiply_adds(release.onnx.read_bytes())
    assert counted == 1_436_992_810
