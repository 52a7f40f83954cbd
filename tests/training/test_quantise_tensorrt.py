"""The 8-bit network in the form that TensorRT reads, and the slices that engines are checked with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import trt_engines
from training.documents import TrainingError, digest
from training.golden import CASES, GOLDEN, golden_entry, one_a_zone, to_bytes
from training.phantoms import HEADS, phantom_study
from training.prepare import prepare_study
from training.quantise_tensorrt import to_tensorrt
from training.scored import onnx_scorer

RELEASED = Path(trt_engines.__file__).parent


@pytest.fixture(scope="module")
def int8() -> bytes:
    document = json.loads((RELEASED / "manifest.json").read_text("utf-8"))
    return (RELEASED / document["int8"]["file"]).read_bytes()


def test_zero_points_are_zero_and_biases_float(int8: bytes) -> None:
    model = onnx.load_from_string(to_tensorrt(int8))
    values = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    pairs = [node for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert len(pairs) > 100
    for node in pairs:
        zero = values[node.input[2]]
        assert zero.dtype == np.int8 and not zero.any()
    assert {value.dtype for value in values.values()} <= {np.dtype(kind) for kind in (np.float32, np.int8, np.int64)}
    makers = {node.output[0]: node for node in model.graph.node}
    quantised = [node for node in model.graph.node if node.op_type == "Conv" and node.input[1] in makers]
    assert len(quantised) == 20
    for node in quantised:
        weights = makers[makers[node.input[1]].input[0]]
        assert makers[node.input[1]].op_type == "DequantizeLinear" and weights.op_type == "QuantizeLinear"
        assert values[weights.input[0]].dtype == np.float32, "TensorRT 8.5 quantises weights itself"
        assert len(node.input) < 3 or values[node.input[2]].dtype == np.float32
    assert [(item.domain, item.version) for item in model.opset_import] == [("", 13)]


def test_it_scores_nearly_as_the_one_it_comes_from(int8: bytes) -> None:
    with np.load(RELEASED / GOLDEN) as content:
        slices = content["slices"][:2].reshape(-1, 1, 160, 160).astype(np.float32) / 255
    before, after = (onnx_scorer(model)(slices) for model in (int8, to_tensorrt(int8)))
    assert 0 < np.abs(after - before).mean() < 0.15


def test_networks_that_are_not_quantised_so(int8: bytes) -> None:
    model = onnx.load_from_string(int8)
    with pytest.raises(TrainingError, match="is not quantised as ONNX Runtime's form has it"):
        to_tensorrt(to_tensorrt(int8))
    zero = next(item for item in model.graph.initializer if item.name.endswith("weight_zero_point"))
    moved = numpy_helper.from_array(np.ones_like(numpy_helper.to_array(zero)), zero.name)
    zero.CopyFrom(moved)
    with pytest.raises(TrainingError, match="has a zero point, which TensorRT does not take"):
        to_tensorrt(model.SerializeToString())


def test_a_release_has_the_golden_slices_and_its_own_scores(tmp_path: Path) -> None:
    document = json.loads((RELEASED / "manifest.json").read_text("utf-8"))
    entry = golden_entry(tmp_path, (RELEASED / document["file"]).read_bytes())
    assert entry["sha256"] == digest((tmp_path / GOLDEN).read_bytes()) == document["golden"]["sha256"]
    assert np.array(entry["scores"]) == pytest.approx(np.array(document["golden"]["scores"]), abs=1e-3)


def test_a_network_of_another_size(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["slices"], ["scores"], axes=[1, 2, 3], keepdims=0)],
        "small",
        [helper.make_tensor_value_info("slices", TensorProto.FLOAT, ["n", 1, 64, 64])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n"])],
    )
    small = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    with pytest.raises(TrainingError, match="render them anew"):
        golden_entry(tmp_path, small)
    assert not (tmp_path / GOLDEN).exists()


def test_the_same_slices_are_the_same_file() -> None:
    content = (RELEASED / GOLDEN).read_bytes()
    with np.load(RELEASED / GOLDEN) as archive:
        assert list(archive["names"]) == list(CASES)
        assert to_bytes(archive["slices"]) == content


@pytest.mark.slow
def test_the_golden_slices_are_simulated_heads() -> None:
    """The first of them, rendered anew: the last bit of a grey level may differ between processors."""
    rendered = one_a_zone(prepare_study(phantom_study(HEADS[0], CASES["no bleed"])))
    with np.load(RELEASED / GOLDEN) as archive:
        difference = np.abs(rendered.astype(int) - archive["slices"][0].astype(int))
    assert difference.mean() < 0.05 and difference.max() < 32
