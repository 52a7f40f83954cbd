"""The faster of two networks is taken, and only where it is clearly faster."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import List

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import trt_engines
from appliance.config_file import load_settings
from appliance.errors import ConfigError, ModelError
from appliance.inference.onnx_engine import CLEARLY_FASTER, OnnxEngine
from appliance.inference.release import Release, load_release

SIZE = 64

LIMIT_MS = 10.0
"""What a slice may take on one core."""


def network(convolutions: int, score: float) -> bytes:
    """A network that works for as many convolutions and then gives each slice the same score."""
    weights = np.zeros((32, 32, 3, 3), np.float32)
    first = np.zeros((32, 1, 3, 3), np.float32)
    nodes = [helper.make_node("Conv", ["slices", "first"], ["features0"], pads=[1] * 4)]
    for number in range(convolutions):
        nodes.append(
            helper.make_node("Conv", [f"features{number}", "weights"], [f"features{number + 1}"], pads=[1] * 4)
        )
    nodes += [
        helper.make_node("ReduceMean", [f"features{convolutions}"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Add", ["mean", "score"], ["scores"]),
    ]
    values = {"first": first, "weights": weights, "score": np.float32([score])}
    graph = helper.make_graph(
        nodes,
        "simulated",
        [helper.make_tensor_value_info("slices", TensorProto.FLOAT, ["n", 1, SIZE, SIZE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n"])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def write(folder: Path, whole: bytes, int8: bytes) -> Path:
    """A release of two networks; its manifest."""
    document = json.loads((Path(trt_engines.__file__).parent / "manifest.json").read_text("utf-8"))
    document["input"]["size"] = SIZE
    for beside in ("int8_tensorrt", "golden"):
        document.pop(beside, None)
    for entry, name, model in (
        (document, "whole.onnx", whole),
        (document.setdefault("int8", {}), "whole-int8.onnx", int8),
    ):
        (folder / name).write_bytes(model)
        entry.update(file=name, sha256=hashlib.sha256(model).hexdigest())
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(document))
    return manifest


def taken(release: Release) -> List[object]:
    """Which network a fresh engine takes, and the score it gives."""
    slices = np.zeros((1, 1, SIZE, SIZE), np.float32)
    with OnnxEngine(release, threads=1) as engine:
        return [engine.identity.precision, float(engine.scores(slices)[0])]


def test_int8_is_taken_where_it_is_clearly_faster(tmp_path: Path) -> None:
    release = load_release(write(tmp_path, whole=network(12, 1.0), int8=network(2, 2.0)))
    assert [taken(release) for _ in range(3)] == [["int8", 2.0]] * 3


def test_fp32_is_taken_where_int8_is_slower_or_about_as_fast(tmp_path: Path) -> None:
    """A tie must not be drawn by lot: each start would give other scores."""
    assert CLEARLY_FASTER > 1.1
    slower = load_release(write(tmp_path, whole=network(2, 1.0), int8=network(12, 2.0)))
    assert taken(slower) == ["fp32", 1.0]
    alike = load_release(write(tmp_path, whole=network(12, 1.0), int8=network(12, 2.0)))
    assert [taken(alike) for _ in range(5)] == [["fp32", 1.0]] * 5


@pytest.mark.parametrize(("precision", "score"), [("fp32", 1.0), ("int8", 2.0)])
def test_a_setting_overrules_the_measurement(tmp_path: Path, precision: str, score: float) -> None:
    convolutions = {"fp32": (12, 2), "int8": (2, 12)}[precision]  # the other one would be the faster
    release = load_release(write(tmp_path, network(convolutions[0], 1.0), network(convolutions[1], 2.0)))
    chosen = load_settings(None, {"TRIAGE_ENGINE_PRECISION": precision}).engine.precision
    with OnnxEngine(release, 1, chosen) as engine:
        assert engine.identity.precision == precision
        assert engine.scores(np.zeros((1, 1, SIZE, SIZE), np.float32))[0] == score


def test_a_setting_that_is_no_precision() -> None:
    assert load_settings(None, {}).engine.precision == "auto"
    with pytest.raises(ConfigError, match="auto, fp32, fp16, int8"):
        load_settings(None, {"TRIAGE_ENGINE_PRECISION": "fp8"})


def test_without_an_int8_network_all_is_as_before(tmp_path: Path) -> None:
    manifest = write(tmp_path, network(2, 1.0), network(1, 2.0))
    document = json.loads(manifest.read_text("utf-8"))
    del document["int8"]
    manifest.write_text(json.dumps(document))
    release = load_release(manifest)
    assert release.int8 is None
    assert OnnxEngine(release).identity.precision == "fp32"
    assert taken(release) == ["fp32", 1.0]
    with pytest.raises(ModelError, match="has no int8"), OnnxEngine(release, 1, "int8"):
        pass


def test_a_damaged_int8_network(tmp_path: Path) -> None:
    """Refused before anything runs it, also where the float one is whole."""
    manifest = write(tmp_path, network(2, 1.0), network(1, 2.0))
    path = tmp_path / "whole-int8.onnx"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="whole-int8.onnx is not the one"):
        load_release(manifest)
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_release(manifest)
    document = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps({**document, "int8": "whole-int8.onnx"}))
    with pytest.raises(ModelError, match="damaged"):
        load_release(manifest)


def test_the_released_network_takes_at_most_ten_milliseconds_a_slice() -> None:
    """Of one core, and the shortest of several runs, since the machine may have other work."""
    release = load_release()
    slices = np.zeros((1, 1, release.size, release.size), np.float32)
    times = []
    with OnnxEngine(release, threads=1) as engine:
        for _ in range(20):
            begun = time.thread_time()
            engine.scores(slices)
            times.append(time.thread_time() - begun)
    assert min(times) * 1000 <= LIMIT_MS
