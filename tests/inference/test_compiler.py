"""A real compiler of the TensorRT family reads and builds what is released, with the code that builds on the device.

TensorRT for RTX builds ahead of time on a machine without a graphics processor. It types networks strongly, as TensorRT
does from version 11 on, so it takes the float network in single precision and the 8-bit one as its nodes say; half
precision is a flag that it no longer has.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from onnx import TensorProto, helper

from appliance.inference.release import load_release

pytestmark = pytest.mark.slow

COMPILE = """
import json, sys
from pathlib import Path
import tensorrt_rtx_libs  # loads the libraries
import tensorrt_rtx_bindings
sys.modules["tensorrt"] = tensorrt_rtx_bindings
from appliance.errors import TriageError
from appliance.inference.tensorrt_build import build, flags_in_words

for path, size, precision in json.loads(sys.argv[1]):
    said, fault, made = [], None, None
    try:
        made = build(Path(path).read_bytes(), size, precision, b"", said.append)
    except TriageError as error:
        fault = error.message
    bytes_made = [len(made.engine), len(made.timings)] if made else []
    print(json.dumps({"made": bytes_made, "said": said[:1] + said[-1:], "fault": fault}))
"""

POLYGRAPHY = "import sys; from polygraphy.tools import main; sys.exit(main())"

NOVELTY = helper.make_model(
    helper.make_graph(
        [helper.make_node("Novelty", ["slices"], ["scores"], domain="nobody.knows")],
        "unsupported",
        [helper.make_tensor_value_info("slices", TensorProto.FLOAT, ["n", 1, 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n"])],
    ),
    opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("nobody.knows", 1)],
    ir_version=8,
).SerializeToString()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Dict[str, Any]]:
    """Every released network, one in a form that TensorRT does not read, and one with an operator it does not know."""
    for module in ("tensorrt_rtx_bindings", "tensorrt_rtx_libs"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    release = load_release()
    novelty = tmp_path_factory.mktemp("networks") / "novelty.onnx"
    novelty.write_bytes(NOVELTY)
    assert release.int8 is not None and release.int8_tensorrt is not None
    asked = {
        "fp32": (release.onnx, "fp32"),
        "int8": (release.int8_tensorrt, "int8"),
        "fp16": (release.onnx, "fp16"),
        "another form": (release.int8, "int8"),
        "novelty": (novelty, "fp32"),
    }
    jobs = json.dumps([(str(path), release.size, precision) for path, precision in asked.values()])
    run = subprocess.run([sys.executable, "-c", COMPILE, jobs], cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    yield dict(zip(asked, map(json.loads, run.stdout.splitlines())))


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_every_released_network_is_built(compiled: Dict[str, Any], precision: str) -> None:
    found = compiled[precision]
    assert found["fault"] is None
    engine, timings = found["made"]
    assert engine > 1_000_000 and timings > 0
    assert found["said"][0] == "Building engine", "a person who waits is told how far it is"


def test_a_network_in_another_form(compiled: Dict[str, Any]) -> None:
    """That for ONNX Runtime has biases in 32-bit integers."""
    fault = compiled["another form"]["fault"]
    assert " of kind DequantizeLinear of the network (Invalid Node - " in fault and "ONNX Runtime serves." in fault


def test_an_operator_that_is_not_supported(compiled: Dict[str, Any]) -> None:
    fault = compiled["novelty"]["fault"]
    assert "cannot read node 0 of kind Novelty of the network (" in fault
    assert "Install a release whose network is made for this TensorRT." in fault


def test_a_precision_that_a_version_lacks(compiled: Dict[str, Any]) -> None:
    assert "cannot build in fp16; set [engine] precision to fp32 or int8." in compiled["fp16"]["fault"]


@pytest.mark.parametrize("name", ["onnx", "int8_tensorrt"])
def test_polygraphy_inspects_what_is_released(name: str) -> None:
    for module in ("polygraphy", "onnx"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    path = getattr(load_release(), name)
    run = subprocess.run(
        [sys.executable, "-c", POLYGRAPHY, "inspect", "model", str(path)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    size = load_release().size
    assert "ONNX Opset: 13" in run.stdout
    assert f"{{slices [dtype=float32, shape=('n', 1, {size}, {size})]}}" in run.stdout
    assert "{scores [dtype=float32, shape=('n',)]}" in run.stdout
