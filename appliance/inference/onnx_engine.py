"""The engine on ONNX Runtime: the same network where there is no GPU."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from types import TracebackType
from typing import Optional, Type

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as states

from appliance.engine import Engine, EngineIdentity
from appliance.errors import ModelError
from appliance.inference.release import Release

LOAD_ERRORS = (states.Fail, states.InvalidArgument, states.InvalidGraph, states.InvalidProtobuf, states.NoSuchFile)
"""What ONNX Runtime raises on a file that is no network it can run; they share no base class of their own."""

BATCH = 8
"""Slices at once: more are no faster on a processor, and hold memory that other work needs."""

WARM_UP_SLICES = (1, BATCH)
"""Batch sizes run once on entry: a single picture and a full batch."""

CLEARLY_FASTER = 1.25
"""How many times as fast as the float network the 8-bit one must be before it is taken. With 8-bit instructions (VNNI)
it is three times as fast. The limit keeps the noise of a short measurement, up to a tenth on a busy machine, from
drawing a tie by lot; near the limit itself, starts on one machine may still take different networks."""

TIMED_RUNS = 5
"""Runs of a single slice by each network that the choice rests on, after one that allocates; the shortest counts."""


class OnnxEngine(Engine):
    """Runs a released ONNX file on the processor: the float network, or the 8-bit one where that is faster.

    Parameters
    ----------
    release : Release
        The network.
    threads : int
        Threads to use; 0 for as many as there are cores.
    precision : str
        ``fp32``, ``int8``, or ``auto`` to measure which is faster when the engine is entered.
    """

    def __init__(self, release: Release, threads: int = 0, precision: str = "auto") -> None:
        self._release = release
        self._threads = threads
        self._precision = "fp32" if precision == "auto" and release.int8 is None else precision
        self._session: Optional[onnxruntime.InferenceSession] = None

    @property
    def identity(self) -> EngineIdentity:
        """What computes the scores."""
        device = platform.processor() or platform.machine()
        return EngineIdentity(f"onnxruntime {onnxruntime.__version__}", device, self._precision)

    def __enter__(self) -> OnnxEngine:
        """Choose and load the network and run it once.

        Raises
        ------
        ModelError
            When ONNX Runtime cannot load the file, or the release has no 8-bit network and one is asked for.
        """
        if self._precision == "auto":
            self._precision = self._faster()
        self._session = self._load(self._precision, self._threads)
        for count in WARM_UP_SLICES:
            self.scores(self._blank(count))
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """Release the session."""
        self._session = None

    def scores(self, slices: np.ndarray) -> np.ndarray:
        """Score each slice; see `appliance.engine.Engine.scores`."""
        size = self._release.size
        if slices.dtype != np.float32 or slices.shape[1:] != (1, size, size):
            raise ValueError(f"expected float32 (n, 1, {size}, {size}), got {slices.dtype} {slices.shape}")
        if self._session is None:
            raise ValueError("the engine has not been entered")
        parts = [slices[start : start + BATCH] for start in range(0, len(slices), BATCH)]
        scores = [self._session.run(["scores"], {"slices": part})[0] for part in parts]
        return np.concatenate([np.empty(0, dtype=np.float32), *scores])

    def _faster(self) -> str:
        """Take the 8-bit network where it is clearly faster.

        What counts is processor time of one slice on one thread, which other work on the machine hardly lengthens. The
        two run in turn: whatever slows the processor for a while slows both.
        """
        sessions = {precision: self._load(precision, threads=1) for precision in ("fp32", "int8")}
        slices = self._blank(1)
        shortest = dict.fromkeys(sessions, float("inf"))
        for run in range(1 + TIMED_RUNS):
            for precision, session in sessions.items():
                begun = time.thread_time()
                session.run(["scores"], {"slices": slices})
                if run:
                    shortest[precision] = min(shortest[precision], time.thread_time() - begun)
        return "int8" if shortest["fp32"] >= CLEARLY_FASTER * shortest["int8"] else "fp32"

    def _blank(self, count: int) -> np.ndarray:
        return np.zeros((count, 1, self._release.size, self._release.size), dtype=np.float32)

    def _load(self, precision: str, threads: int) -> onnxruntime.InferenceSession:
        path: Optional[Path] = self._release.int8 if precision == "int8" else self._release.onnx
        if path is None:
            raise ModelError(
                f"The network {self._release.name} {self._release.version} has no int8 file; "
                'set [engine] precision to "auto".'
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
        except LOAD_ERRORS as error:
            raise ModelError(f"ONNX Runtime cannot load the network {path.name}; install it again.") from error
