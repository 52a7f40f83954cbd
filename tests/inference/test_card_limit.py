"""The figure that a measured speed is compared with."""

from __future__ import annotations

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


def test_the_limit_is_every_unit_in_every_clock() -> None:
    counted = multiply_adds(network())
    assert slices_a_second(network(), "fp16", (8, 7), 16, 1.3e9) == pytest.approx(1024 * 16 * 1.3e9 / counted)


def test_the_released_network_can_be_counted() -> None:
    release = load_release()
    counted = multiply_adds(release.onnx.read_bytes())
    assert 1e7 < counted < 1e10
