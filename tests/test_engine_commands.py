"""The engine on the command line, on the page, and in the worker."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import List, Optional

import pytest

import trt_engines
from appliance.config import EngineSettings, Settings, StoreSettings
from appliance.engine_state import (
    SENTENCES,
    EngineNote,
    EngineState,
    EngineUnusable,
    engines_folder,
    read_note,
    write_note,
)
from appliance.inference.building import build_engine
from appliance.inference.engine_cache import EngineCache
from appliance.inference.release import load_release
from appliance.inference.serving import ServingEngine
from appliance.stop import TRY_AGAIN
from appliance.store import Store
from appliance.store.troubles import TroubleCode, troubles
from appliance.worker import _finish, _say_which_engine
from tests.arrivals import received
from tests.inference.boards import board, simulated_release

VALUES = {"device": "Orin", "detail": "driver R35.4.1, here R35.6.0", "precision": "int8"}


def triage(repository: Path, folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TRIAGE_STORE_FOLDER": str(folder), **variables}
    command = [sys.executable, "-m", "appliance.cli", *arguments]
    return subprocess.run(command, cwd=str(repository), env=environment, capture_output=True, text=True)


def drifted_manifest(folder: Path) -> Path:
    """The released network, with golden scores that nothing gives."""
    released = Path(trt_engines.__file__).parent
    for path in released.iterdir():
        if path.suffix in {".onnx", ".npz"}:
            (folder / path.name).symlink_to(path)
    document = json.loads((released / "manifest.json").read_text("utf-8"))
    document["golden"]["scores"][0][0] += 2.0
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(document))
    return manifest


def test_selftest_of_onnx_runtime(repository: Path, tmp_path: Path) -> None:
    found = triage(repository, tmp_path, "selftest", TRIAGE_ENGINE_BACKEND="onnxruntime")
    assert found.returncode == 0, found.stderr
    engine, why, result = found.stdout.splitlines()
    assert engine.startswith("onnxruntime 1.")
    assert why == SENTENCES[EngineState.NOT_WANTED]
    backend, precision, _ = engine.split(", ", 2)
    assert result.startswith(f"{backend} in {precision} passes: its scores of 32 golden slices differ by 0.")


def test_selftest_and_worker_refuse_scores_that_drifted(repository: Path, tmp_path: Path) -> None:
    manifest = str(drifted_manifest(tmp_path))
    found = triage(repository, tmp_path / "store", "selftest", TRIAGE_ENGINE_MANIFEST=manifest)
    assert found.returncode == 1
    sentence = "ONNX Runtime does not score as the released network does: its scores of 32 golden slices differ by"
    assert sentence in found.stderr and "The appliance does not judge; install it again" in found.stderr
    environment = {"TRIAGE_STORE_FOLDER": str(tmp_path / "store"), "TRIAGE_ENGINE_MANIFEST": manifest}
    worker = subprocess.run(
        [sys.executable, "-m", "appliance.cli", "worker"],
        cwd=str(repository),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert worker.returncode == 78 and sentence in worker.stderr, "it is not started a second time"


@pytest.mark.skipif(importlib.util.find_spec("tensorrt") is not None, reason="TensorRT is installed")
@pytest.mark.parametrize("backend", ["auto", "tensorrt"])
def test_building_where_there_is_no_tensorrt(repository: Path, tmp_path: Path, backend: str) -> None:
    """That is a fault only where TensorRT was asked for: the unit that builds is not to end as failed."""
    found = triage(repository, tmp_path, "build-engine", TRIAGE_ENGINE_BACKEND=backend)
    sentence = "TensorRT is not installed here"
    if backend == "auto":
        assert found.returncode == 0 and found.stdout.startswith(f"Nothing is built. {sentence}")
    else:
        assert found.returncode == 1 and found.stdout == "" and sentence in found.stderr
    assert not (tmp_path / "engines").exists()


def test_nothing_is_built_that_nobody_wants(repository: Path, tmp_path: Path) -> None:
    found = triage(repository, tmp_path, "build-engine", "--again", TRIAGE_ENGINE_BACKEND="onnxruntime")
    assert found.returncode == 0 and found.stdout == f"Nothing is built. {SENTENCES[EngineState.NOT_WANTED]}\n"
    assert not (tmp_path / "engines").exists()


@pytest.mark.parametrize(
    ("state", "backend", "expected"),
    [
        (None, "auto", None),
        (EngineState.SERVES, "tensorrt", None),
        (EngineState.NO_TENSORRT, "auto", None),
        (EngineState.NO_TENSORRT, "tensorrt", "cannot be used"),
        (EngineState.NO_GPU, "auto", "cannot be used"),
        (EngineState.NO_NETWORK, "auto", "cannot be used"),
        (EngineState.FAILED, "auto", "cannot be used"),
        (EngineState.FAILED, "onnxruntime", None),
        (EngineState.ABSENT, "auto", "is not built, or was built for other software"),
        (EngineState.STALE, "auto", "is not built, or was built for other software"),
        (EngineState.DAMAGED, "auto", "is not built, or was built for other software"),
        (EngineState.REFUSED, "auto", "scores differently from the released network"),
    ],
)
def test_what_the_page_says(
    tmp_path: Path, state: Optional[EngineState], backend: str, expected: Optional[str]
) -> None:
    settings = Settings(store=StoreSettings(tmp_path), engine=EngineSettings(backend=backend))  # type: ignore[arg-type]
    with Store(tmp_path) as store:
        if state:
            write_note(engines_folder(tmp_path), EngineNote(state, VALUES))
        found = [trouble.message for trouble in troubles(store, settings) if trouble.code.value.startswith("engine")]
    assert len(found) == bool(expected) and (not expected or expected in found[0])


def test_the_page_says_that_an_engine_is_being_built(tmp_path: Path) -> None:
    def codes(store: Store) -> List[TroubleCode]:
        return [trouble.code for trouble in troubles(store, settings) if trouble.code.value.startswith("engine")]

    settings = Settings(store=StoreSettings(tmp_path))
    with Store(tmp_path) as store:
        write_note(engines_folder(tmp_path), EngineNote(EngineState.ABSENT))
        with EngineCache(engines_folder(tmp_path)).building():
            assert codes(store) == [TroubleCode.ENGINE_BUILDING]
        assert codes(store) == [TroubleCode.ENGINE_NOT_BUILT]


@pytest.mark.parametrize("state", list(EngineState))
def test_every_state_has_a_sentence_that_says_who_judges(state: EngineState) -> None:
    message = EngineNote(state, VALUES).message
    assert "%" not in message and message.endswith(".")
    assert ("TensorRT judges on Orin" if state is EngineState.SERVES else "judges on the processor") in message


def test_a_note_that_is_torn_says_nothing(tmp_path: Path) -> None:
    write_note(tmp_path, EngineNote(EngineState.REFUSED, {"detail": "x"}))
    assert read_note(tmp_path) == EngineNote(EngineState.REFUSED, {"detail": "x"})
    for text in ("", "[]", '{"state": "novelty", "values": {}}'):
        (tmp_path / "in_use.json").write_text(text)
        assert read_note(tmp_path).state is EngineState.NOT_WANTED


class LostPipeline:
    """Its graphics processor goes away in the middle of a job."""

    def __init__(self, engine: ServingEngine) -> None:
        self.engine = engine

    def judge(self, *arguments: object) -> object:
        raise EngineUnusable(EngineState.FAILED, detail="an illegal memory access was encountered")
        yield


def test_a_graphics_processor_that_fails_ends_the_worker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The case is taken up again when its lease has run out, by a worker that judges with ONNX Runtime."""
    (tmp_path / "release").mkdir()
    release, gpu = load_release(simulated_release(tmp_path / "release")), board()
    with Store(tmp_path / "store") as store:
        folder = engines_folder(store.folder)
        build_engine(release, EngineSettings(), folder, gpu, print)
        serving = ServingEngine(release, EngineSettings(threads=1), folder, lambda: gpu)
        lost = LostPipeline(serving.__enter__())
        _say_which_engine(store, lost)  # type: ignore[arg-type]
        assert read_note(folder) == EngineNote(EngineState.SERVES, {"device": "Board"})
        case = received(store)
        job = store.jobs.claim()
        assert job is not None
        with pytest.raises(SystemExit) as ended:
            _finish(store, lost, job, None)  # type: ignore[arg-type]
        assert ended.value.code == TRY_AGAIN
        assert "does not run (an illegal memory access was encountered)" in caplog.text
        found = store.case(case.id)
        assert found is not None and not found.state.final
        with ServingEngine(release, EngineSettings(threads=1), folder, lambda: gpu) as engine:
            _say_which_engine(store, LostPipeline(engine))  # type: ignore[arg-type]
        codes = [trouble.code for trouble in troubles(store, Settings(store=StoreSettings(store.folder)))]
        assert TroubleCode.ENGINE_UNUSABLE in codes
