"""The engine that serves is one that gave the golden scores; whatever keeps TensorRT from serving has its sentence."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Callable, List

import numpy as np
import pytest

from appliance.config import EngineSettings
from appliance.engine_state import EngineState, EngineUnusable, build_lock
from appliance.errors import ModelError
from appliance.inference.building import build_engine
from appliance.inference.golden import LIMITS, Drift, compare, read_golden
from appliance.inference.gpu import CannotBuildError, Gpu, driver_release, find_gpu
from appliance.inference.onnx_engine import OnnxEngine
from appliance.inference.release import Calibration, Release, load_release
from appliance.inference.serving import ServingEngine
from tests.inference.boards import SCORE, PlanEngine, board, simulated_release
from tests.inference.test_precision import SIZE

SLICES = np.zeros((3, 1, SIZE, SIZE), np.float32)


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return load_release(simulated_release(tmp_path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "engines"


def finds(gpu: Gpu) -> Callable[[], Gpu]:
    return lambda: gpu


def state(release: Release, folder: Path, gpu: Gpu, **settings: object) -> List[object]:
    """Who serves, with which precision, and why."""
    chosen = replace(EngineSettings(threads=1), **settings)  # type: ignore[arg-type]
    with ServingEngine(release, chosen, folder, finds(gpu)) as engine:
        assert engine.scores(SLICES).shape == (3,)
        assert engine.drift is not None and engine.drift.passes
        return [engine.note.state, engine.identity.backend.split()[0], engine.identity.precision, engine.note.message]


def built(release: Release, folder: Path, gpu: Gpu, again: bool = False, **settings: object) -> Drift:
    chosen = replace(EngineSettings(), **settings)  # type: ignore[arg-type]
    return build_engine(release, chosen, folder, gpu, print, again)


def test_from_nothing_to_an_engine_that_serves(
    release: Release, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    gpu = board()
    first, backend, _, message = state(release, folder, gpu)
    assert (first, backend) == (EngineState.ABSENT, "onnxruntime") and "Run `triage build-engine`" in str(message)
    assert built(release, folder, gpu).passes
    assert "an engine in fp16 is built: there is none" in caplog.text
    assert state(release, folder, gpu) == [EngineState.SERVES, "simulated", "fp16", "TensorRT judges on Board."]
    caplog.clear()
    assert built(release, folder, gpu).passes
    assert "the engine in fp16 is up to date" in caplog.text
    sidecar = json.loads((folder / "slicenet-fp16.json").read_text())
    assert sidecar["golden"] == {"precision": "fp16", "slices": 16, "mean": 0.0, "largest": 0.0, "changed": []}
    assert (folder / "timing.cache").read_bytes() == b"t"


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_every_precision_has_an_engine_of_its_own(release: Release, folder: Path, precision: str) -> None:
    gpu = board()
    built(release, folder, gpu, precision=precision)
    assert state(release, folder, gpu, precision=precision)[:3] == [EngineState.SERVES, "simulated", precision]
    assert state(release, folder, gpu)[0] is EngineState.ABSENT


def test_a_changed_driver(release: Release, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    built(release, folder, board())
    newer = board(driver="R35.6.0")
    found = state(release, folder, newer)
    assert found[:2] == [EngineState.STALE, "onnxruntime"]
    assert "was built for something else (driver R35.4.1, here R35.6.0)" in str(found[3])
    assert str(found[3]) in caplog.text
    built(release, folder, newer)
    assert "built: the one there was built for something else (driver R35.4.1, here R35.6.0)" in caplog.text
    assert state(release, folder, newer)[0] is EngineState.SERVES


def test_a_foreign_and_a_torn_engine(release: Release, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    gpu = board()
    built(release, folder, gpu)
    path = folder / "slicenet-fp16.engine"
    path.write_bytes(path.read_bytes()[:100])
    found = state(release, folder, gpu)
    assert found[:2] == [EngineState.DAMAGED, "onnxruntime"]
    assert "is damaged (its content is not what was built)" in str(found[3])
    built(release, folder, gpu)
    assert "built: the one there is damaged (its content is not what was built)" in caplog.text
    assert state(release, folder, gpu)[0] is EngineState.SERVES
    elsewhere = board(device="Orin", architecture="sm_87")
    assert "device Board, here Orin, architecture sm_72, here sm_87" in str(state(release, folder, elsewhere)[3])


@pytest.mark.parametrize(("precision", "offset"), [("fp32", 0.02), ("fp16", 0.11), ("int8", 0.6)])
def test_drifted_scores(release: Release, folder: Path, precision: str, offset: float) -> None:
    """Refused when built, refused when opened, and again the next time, until it is built again."""
    drifted = board(offset=offset)
    drift = built(release, folder, drifted, precision=precision)
    assert not drift.passes and drift.largest == pytest.approx(offset, abs=1e-3)
    found = state(release, folder, drifted, precision=precision)
    assert found[:2] == [EngineState.REFUSED, "onnxruntime"]
    assert f"differ by {offset:.4f} on average" in str(found[3]) and "--again" in str(found[3])
    with pytest.raises(EngineUnusable, match="is not used: its scores.*build-engine --again"):
        built(release, folder, board(), precision=precision)  # as the unit does at every start
    assert built(release, folder, board(), again=True, precision=precision).passes
    assert state(release, folder, board(), precision=precision)[0] is EngineState.SERVES
    assert state(release, folder, drifted, precision=precision)[0] is EngineState.REFUSED, "checked at every start"


def test_within_the_limits_it_serves(release: Release, folder: Path) -> None:
    assert built(release, folder, board(offset=0.01)).passes
    assert state(release, folder, board(offset=0.01))[0] is EngineState.SERVES


def test_scores_that_are_no_numbers(release: Release, folder: Path) -> None:
    drift = built(release, folder, board(offset=float("nan")))
    assert not drift.passes
    json.loads((folder / "slicenet-fp16.json").read_text(), parse_constant=pytest.fail)


def test_an_engine_that_does_not_run(release: Release, folder: Path) -> None:
    built(release, folder, board())
    found = state(release, folder, board(plan=b"nothing"))
    assert found[:2] == [EngineState.FAILED, "onnxruntime"] and "does not run (out of memory)" in str(found[3])


def test_an_operator_that_is_not_supported(release: Release, folder: Path) -> None:
    def cannot(*arguments: object) -> None:
        raise CannotBuildError("TensorRT 8.5.2 cannot read the network (Invalid Node - Novelty).")

    with pytest.raises(CannotBuildError, match="Invalid Node"):
        built(release, folder, board(build=cannot))
    assert state(release, folder, board())[0] is EngineState.ABSENT


def test_what_the_settings_forbid(release: Release, folder: Path) -> None:
    gpu = board()
    built(release, folder, gpu)
    found = state(release, folder, gpu, backend="onnxruntime")
    assert found[:2] == [EngineState.NOT_WANTED, "onnxruntime"] and "as the settings say" in str(found[3])
    assert state(release, folder, gpu, backend="tensorrt")[0] is EngineState.SERVES


def test_a_release_without_a_network_for_it(release: Release, folder: Path) -> None:
    lacking = replace(release, int8_tensorrt=None)
    found = state(lacking, folder, board(), precision="int8")
    assert found[0] is EngineState.NO_NETWORK and "TensorRT in int8" in str(found[3])
    without = replace(release, golden=None)
    with ServingEngine(without, EngineSettings(threads=1), folder, finds(board())) as engine:
        assert engine.note.state is EngineState.NO_NETWORK and engine.drift is None, "nothing unchecked on the GPU"


def test_no_tensorrt_here(release: Release, folder: Path) -> None:
    pytest.importorskip("onnxruntime")
    if "tensorrt" in sys.modules:
        pytest.skip("TensorRT is installed")
    with pytest.raises(EngineUnusable) as caught:
        find_gpu()
    assert caught.value.note.state is EngineState.NO_TENSORRT
    assert caught.value.message.startswith("TensorRT is not installed here (")
    with ServingEngine(release, EngineSettings(threads=1), folder) as engine:
        assert engine.note.state is EngineState.NO_TENSORRT and engine.drift is not None


def test_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: Release, folder: Path) -> None:
    """Without a driver, loading pycuda fails so."""
    package = ModuleType("pycuda")
    package.__path__ = [str(tmp_path)]
    (tmp_path / "driver.py").write_text("raise ImportError('libcuda.so.1: cannot open shared object file')")
    monkeypatch.setitem(sys.modules, "pycuda", package)
    monkeypatch.delitem(sys.modules, "pycuda.driver", raising=False)
    monkeypatch.delitem(sys.modules, "appliance.inference.tensorrt_device", raising=False)
    with ServingEngine(release, EngineSettings(threads=1), folder) as engine:
        assert engine.note.state is EngineState.NO_GPU
        assert "(libcuda.so.1: cannot open shared object file)" in engine.note.message


def test_onnx_runtime_that_drifts_serves_nobody(tmp_path: Path, folder: Path) -> None:
    release = load_release(simulated_release(tmp_path, golden=1.5))
    serving = ServingEngine(release, EngineSettings(threads=1, backend="onnxruntime"), folder)
    with pytest.raises(ModelError, match="does not score as the released network does.*does not judge"), serving:
        pass


def test_an_engine_that_was_built_meanwhile(release: Release, folder: Path) -> None:
    """The worker opens anew once it is there, and not before."""
    gpu = board()
    with ServingEngine(release, EngineSettings(threads=1), folder, finds(gpu)) as engine:
        assert not engine.outdated
        seen = []

        def slow(*arguments: object) -> object:
            seen.append(engine.outdated)
            return board().build(*arguments)  # type: ignore[arg-type]

        built(release, folder, replace(gpu, build=slow))
        assert seen == [False] and engine.outdated
        with build_lock(folder).open("rb"):
            assert engine.outdated
    with ServingEngine(release, EngineSettings(threads=1), folder, finds(gpu)) as engine:
        assert not engine.outdated and engine.note.state is EngineState.SERVES


def test_the_released_networks_pass_where_they_were_released() -> None:
    release = load_release()
    assert release.golden is not None
    cases = read_golden(release.golden)
    assert cases.slices.shape == (4, 8, release.size, release.size)
    assert np.ptp(cases.scores) > 5, "scores of many heights"
    for precision in ("fp32", "int8"):
        with OnnxEngine(release, 1, precision) as engine:
            drift = compare(engine, release, cases)
        assert drift.passes and drift.changed == (), drift.message
    assert release.int8_tensorrt is not None
    with OnnxEngine(replace(release, int8=release.int8_tensorrt), 1, "int8") as engine:
        drift = compare(engine, release, cases)
    assert drift.passes and 0 < drift.mean < LIMITS["int8"].mean, drift.message


@pytest.mark.parametrize("damage", ["torn", "rows", "file"])
def test_damaged_golden_cases(tmp_path: Path, damage: str) -> None:
    release = load_release(simulated_release(tmp_path))
    assert release.golden is not None
    reference = release.golden
    if damage == "torn":
        reference.file.write_bytes(reference.file.read_bytes()[:-50])
    elif damage == "rows":
        reference = replace(reference, scores=reference.scores[:1])
    else:
        reference.file.unlink()
    with pytest.raises(ModelError, match="golden.npz are damaged; install the appliance again"):
        read_golden(reference)


def test_the_release_of_a_driver(tmp_path: Path) -> None:
    module, board_file = tmp_path / "version", tmp_path / "nv_tegra_release"
    assert driver_release((module, board_file)) == "unknown"
    board_file.write_text("# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64\n")
    assert driver_release((module, board_file)) == "R35.4.1"
    module.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n")
    assert driver_release((module, board_file)) == "535.104.05 R35.4.1"
    module.write_text("NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.3.0  Release Build\n")
    board_file.write_text("# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n")
    assert driver_release((module, board_file)) == "540.3.0 R36.4.3"
    board_file.unlink()
    assert driver_release((module, board_file)) == "540.3.0"


@pytest.mark.parametrize("wrong", [1, 8, 32, 70])
def test_a_kernel_that_is_wrong_for_some_numbers_of_slices(release: Release, folder: Path, wrong: int) -> None:
    class Wrong(PlanEngine):
        def scores(self, slices: np.ndarray) -> np.ndarray:
            found = super().scores(slices)
            found[-1] += 1.0 if len(slices) == wrong else 0.0
            return found

    drift = built(release, folder, board(engine=Wrong))
    assert not drift.passes and drift.largest == pytest.approx(1.0)


def test_a_verdict_that_changes_on_photographs_alone(release: Release, folder: Path) -> None:
    """Within the limits of a score, and across the operating point of that route."""
    point = 1 / (1 + np.exp(-(SCORE + 0.005)))
    plain = Calibration(1.0, 0.0)
    far, near = (replace(release.files, study_calibration=plain, operating_point=at) for at in (0.99, float(point)))
    assert built(replace(release, files=far), folder, board(offset=0.009)).passes
    drift = built(replace(release, files=far, photographs=near), folder, board(offset=0.009), again=True)
    assert drift.changed == ("first", "second") and not drift.passes
