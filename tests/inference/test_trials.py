"""An engine that ended a process, or failed at work, is not loaded again until it is built again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import List

import numpy as np
import pytest

from appliance.config import EngineSettings
from appliance.engine_state import EngineState, EngineUnusable
from appliance.inference.building import build_engine
from appliance.inference.gpu import Gpu
from appliance.inference.release import Release, load_release
from appliance.inference.serving import ServingEngine
from appliance.stop import TRY_AGAIN
from tests.disks import fill, small_disk
from tests.inference.boards import board, simulated_release
from tests.inference.test_precision import SIZE

LOADS = """
import sys, time
from pathlib import Path
from appliance.config import EngineSettings
from appliance.inference.release import load_release
from appliance.inference.serving import ServingEngine
from tests.inference.boards import PlanEngine, board

class Hanging(PlanEngine):
    def __enter__(self):
        print("loads", flush=True)
        time.sleep(60)

gpu = board(engine=lambda plan, size, precision: Hanging(plan, size, precision))
with ServingEngine(load_release(Path(sys.argv[1])), EngineSettings(threads=1), Path(sys.argv[2]), lambda: gpu):
    print("serves", flush=True)
"""

HANGS = """
import sys, time
from pathlib import Path
import numpy as np
from appliance.config import EngineSettings
from appliance.inference import serving
from appliance.inference.release import load_release
from tests.inference.boards import PlanEngine, board
from tests.inference.test_precision import SIZE

class Hanging(PlanEngine):
    def scores(self, slices):
        time.sleep(60 if len(slices) == 3 else 0)
        return super().scores(slices)

gpu = board(engine=lambda plan, size, precision: Hanging(plan, size, precision))
release = load_release(Path(sys.argv[1]))
with serving.ServingEngine(release, EngineSettings(threads=1), Path(sys.argv[2]), lambda: gpu) as engine:
    engine.scores(np.zeros((5, 1, SIZE, SIZE), np.float32))
    print("answers", flush=True)
    serving.ANSWER_S = 2.0
    engine.scores(np.zeros((3, 1, SIZE, SIZE), np.float32))
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return simulated_release(tmp_path)


@pytest.fixture
def release(manifest: Path) -> Release:
    return load_release(manifest)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "engines"


def built(release: Release, folder: Path, gpu: Gpu, again: bool = False) -> None:
    assert build_engine(release, EngineSettings(), folder, gpu, print, again).passes


def state(release: Release, folder: Path, gpu: Gpu) -> EngineState:
    with ServingEngine(release, EngineSettings(threads=1), folder, lambda: gpu) as engine:
        assert engine.scores(np.zeros((3, 1, SIZE, SIZE), np.float32)).shape == (3,)
        assert engine.drift is not None and engine.drift.passes
        return engine.note.state


def trials(folder: Path) -> List[Path]:
    return sorted(folder.glob("trying-*")) + sorted(folder.glob(".trying-*"))


def loading(repository: Path, manifest: Path, folder: Path) -> subprocess.Popen[str]:
    """Start a process that hangs while it loads the engine."""
    command = [sys.executable, "-c", LOADS, str(manifest), str(folder)]
    child = subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "loads\n"
    return child


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSEGV])
def test_an_engine_that_ends_its_process(
    manifest: Path, release: Release, folder: Path, repository: Path, end: signal.Signals
) -> None:
    gpu = board()
    built(release, folder, gpu)
    child = loading(repository, manifest, folder)
    assert state(release, folder, gpu) is EngineState.SERVES, "it lives still, and may well come to an end"
    os.kill(child.pid, end)
    child.communicate()
    assert state(release, folder, gpu) is EngineState.FAILED
    assert state(release, folder, gpu) is EngineState.FAILED, "nor the next time"
    with pytest.raises(EngineUnusable, match="ended before it was checked.*build-engine --again"):
        built(release, folder, gpu)  # as the unit does at every start
    assert state(release, folder, board(driver="R35.6.0")) is EngineState.STALE, "said of that engine alone"
    with ServingEngine(release, EngineSettings(threads=1), folder, lambda: gpu) as waiting:
        built(release, folder, gpu, again=True)
        assert waiting.outdated, "a worker that runs takes it up"
    assert trials(folder) == [] and state(release, folder, gpu) is EngineState.SERVES


def test_nothing_stays_of_an_engine_that_was_checked(release: Release, folder: Path) -> None:
    built(release, folder, board())
    assert state(release, folder, board()) is EngineState.SERVES and trials(folder) == []
    assert state(release, folder, board(plan=b"nothing")) is EngineState.FAILED and trials(folder) == []
    assert state(release, folder, board(offset=1.0)) is EngineState.REFUSED and trials(folder) == []
    assert state(release, folder, board()) is EngineState.SERVES


def test_a_power_cut_while_loading(manifest: Path, release: Release, folder: Path, repository: Path) -> None:
    """One of them is forgiven, as it says little of the engine; two are not."""

    def cut() -> None:
        child = loading(repository, manifest, folder)
        child.kill()
        child.communicate()
        for path in trials(folder):
            path.write_text(json.dumps({**json.loads(path.read_text()), "boot": "an earlier one"}))

    built(release, folder, board())
    cut()
    assert state(release, folder, board()) is EngineState.SERVES and trials(folder) == []
    cut()
    cut()
    assert state(release, folder, board()) is EngineState.FAILED


def test_an_engine_that_fails_at_work(release: Release, folder: Path) -> None:
    """Its golden slices say nothing against it, so only a new building helps, also after the device was restarted."""
    gpu = board()
    built(release, folder, gpu)
    with ServingEngine(release, EngineSettings(threads=1), folder, lambda: gpu) as engine:
        engine.give_up(EngineUnusable(EngineState.FAILED, detail="an illegal memory access was encountered"))
    (trial,) = trials(folder)
    trial.write_text(json.dumps({**json.loads(trial.read_text()), "boot": "an earlier one"}))
    with ServingEngine(release, EngineSettings(threads=1), folder, lambda: gpu) as engine:
        assert engine.note.state is EngineState.FAILED and "illegal memory access" in engine.note.message
        engine.give_up(EngineUnusable(EngineState.FAILED, detail="of ONNX Runtime"))
    assert trials(folder) == [trial]
    built(release, folder, gpu, again=True)
    assert state(release, folder, gpu) is EngineState.SERVES


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_torn_trial_accuses_nobody(release: Release, folder: Path, text: str) -> None:
    built(release, folder, board())
    (folder / "trying-torn").write_text(text)
    assert state(release, folder, board()) is EngineState.SERVES
    built(release, folder, board(), again=True)
    assert trials(folder) == []


def test_a_full_disk_keeps_no_engine_from_serving(
    tmp_path: Path, release: Release, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        built(release, disk, board())
        fill(disk)
        assert state(release, disk, board()) is EngineState.SERVES and trials(disk) == []
    assert "that an engine is tried cannot be noted" in caplog.text


def test_an_engine_that_hangs_at_work(manifest: Path, release: Release, folder: Path, repository: Path) -> None:
    """Its process ends, to be started again, and ONNX Runtime judges from then on."""
    built(release, folder, board())
    command = [sys.executable, "-c", HANGS, str(manifest), str(folder)]
    ended = subprocess.run(command, cwd=repository, stdout=subprocess.PIPE, text=True, timeout=50)
    assert (ended.returncode, ended.stdout) == (TRY_AGAIN, "answers\n")
    with ServingEngine(release, EngineSettings(threads=1), folder, board) as engine:
        assert engine.note.state is EngineState.FAILED and "did not answer within 2 s" in engine.note.message
    built(release, folder, board(), again=True)
    assert state(release, folder, board()) is EngineState.SERVES
