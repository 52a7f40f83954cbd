"""What we call of TensorRT is there, in NVIDIA's own bindings, under that name and with those arguments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from tests.inference import contract
from tests.inference.bindings import JETPACK_5, JETPACK_6, Bindings, interpreter, run, unpacked

pytestmark = pytest.mark.slow

NEEDED = {
    "tensorrt_build.py": {"Builder.build_serialized_network", "IOptimizationProfile.set_shape", "OnnxParser.parse"},
    "tensorrt_engine.py": {
        "Runtime.deserialize_cuda_engine",
        "IExecutionContext.set_tensor_address",
        "IExecutionContext.set_input_shape",
        "IExecutionContext.execute_async_v3",
    },
    "tensorrt_device.py": {"__version__"},
}
"""Some of what has to be among the names that were looked up, or nothing was looked at."""

WRONG = """
import tensorrt as trt
def build(logger: trt.Logger, engine: trt.ICudaEngine):
    builder = trt.Builder(logger)
    config = builder.create_builder_config()
    builder.build_cuda_engine_of_old(None)
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKPLACE, 1)
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE)
    config.set_timing_cache(None, ignore_mismatches=False)
    trt.OnnxParser(logger, logger)
    context = engine.create_execution_context()
    context.execute_async_v9(0)
"""


def examined(bindings: Bindings, folder: Path, sources: List[Path]) -> Dict[str, Any]:
    site = unpacked(bindings, folder)
    answer = run(interpreter(bindings), site, Path(contract.__file__), "tensorrt_bindings", *map(str, sources))
    found: Dict[str, Any] = json.loads(answer)
    assert found["version"] == bindings.release
    return found


@pytest.mark.parametrize("bindings", [JETPACK_5, JETPACK_6], ids=["JetPack 5", "JetPack 6"])
def test_all_that_is_called_is_there(bindings: Bindings, repository: Path, tmp_path: Path) -> None:
    sources = sorted((repository / "appliance" / "inference").glob("tensorrt_*.py"))
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    found = examined(bindings, tmp_path, [*sources, wrong])
    faults, _, _ = found["examined"].pop(str(wrong))
    assert sorted(int(fault.split(":")[0][5:]) for fault in faults) == [6, 7, 8, 9, 10, 12], faults
    assert {Path(name).name for name in found["examined"]} == set(NEEDED)
    for name, (faults, used, absent) in found["examined"].items():
        assert faults == []
        assert set(used) >= NEEDED[Path(name).name]
        # JetPack 5 tells neither how far a building is nor the name of an operator; each is asked for first
        lacking = {"IProgressMonitor", "IBuilderConfig.progress_monitor", "ParserError.node_operator"}
        allowed = lacking if bindings is JETPACK_5 else set()
        assert set(absent) <= allowed, f"{name} looks up what {bindings.release} lacks"
    assert {"FP16", "INT8", "TF32"} <= set(found["flags"])


def test_a_version_switch_is_told_from_a_fault(tmp_path: Path) -> None:
    """By its ``hasattr``, and only there."""
    source = "import tensorrt as trt\nif hasattr(trt, 'Novelty'):\n    trt.Novelty\ntrt.Other\n"
    sources = [tmp_path / "switch.py"]
    sources[0].write_text(source)
    ((faults, _, absent),) = examined(JETPACK_5, tmp_path, sources)["examined"].values()
    assert absent == ["Novelty"] and faults == ["line 4: tensorrt_bindings has no Other"]
