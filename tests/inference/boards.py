"""Graphics processors that are none: what they build is the network itself, and ONNX Runtime runs it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Optional, Type

import numpy as np
import onnxruntime

from appliance.engine import Engine, EngineIdentity
from appliance.engine_state import EngineState, EngineUnusable
from appliance.inference.gpu import Built, Gpu, Say
from appliance.inference.onnx_engine import OnnxEngine
from appliance.inference.release import load_release
from tests.inference.test_precision import SIZE, network, write

SCORE = 1.0
"""What the simulated network gives every slice."""


class PlanEngine(Engine):
    """Runs what a board built."""

    def __init__(self, plan: bytes, size: int, precision: str, offset: float = 0.0) -> None:
        self._plan, self._precision, self._offset = plan, precision, offset
        self._session: Optional[onnxruntime.InferenceSession] = None

    @property
    def identity(self) -> EngineIdentity:
        return EngineIdentity("simulated 1", "Board", self._precision)

    def __enter__(self) -> PlanEngine:
        if self._plan == b"nothing":
            raise EngineUnusable(EngineState.FAILED, detail="out of memory")
        self._session = onnxruntime.InferenceSession(self._plan, providers=["CPUExecutionProvider"])
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self._session = None

    def scores(self, slices: np.ndarray) -> np.ndarray:
        assert self._session is not None
        return self._session.run(["scores"], {"slices": slices})[0] + np.float32(self._offset)


def build(onnx: bytes, size: int, precision: str, timings: bytes, say: Say) -> Built:
    say("simulated building")
    return Built(onnx, timings + b"t")


def board(offset: float = 0.0, plan: Optional[bytes] = None, **facts: Any) -> Gpu:
    """A board whose engines score by an offset too high, or are of some bytes."""

    def engine(built: bytes, size: int, precision: str) -> Engine:
        return PlanEngine(built if plan is None else plan, size, precision, offset)

    known = {"device": "Board", "architecture": "sm_72", "tensorrt": "8.5.2", "cuda": "11.4", "driver": "R35.4.1"}
    return Gpu(**{"flags": lambda precision: f"{precision} flags", "build": build, "engine": engine, **known, **facts})


def simulated_release(folder: Path, golden: float = SCORE) -> Path:
    """A small release with networks for everything and golden cases; its manifest."""
    manifest = write(folder, network(2, SCORE), network(1, SCORE))
    document = json.loads(manifest.read_text("utf-8"))
    slices = np.random.default_rng(0).integers(0, 256, (2, 8, SIZE, SIZE), dtype=np.uint8)
    np.savez_compressed(folder / "golden.npz", names=np.array(["first", "second"]), slices=slices)
    digest = hashlib.sha256((folder / "golden.npz").read_bytes()).hexdigest()
    document["golden"] = {"file": "golden.npz", "sha256": digest, "scores": [[golden] * 8] * 2}
    document["int8_tensorrt"] = document["int8"]
    manifest.write_text(json.dumps(document))
    with OnnxEngine(load_release(manifest), 1, "fp32") as engine:
        assert engine.scores(slices.reshape(-1, 1, SIZE, SIZE).astype(np.float32) / 255)[0] == SCORE
    return manifest
