"""The engine on ONNX Runtime: the same network where there is no GPU."""

from __future__ import annotations

import platform
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

WARM_UP_SLICES = (1, 32)
"""Batch sizes run once on entry: a single picture and a whole head."""


class OnnxEngine(Engine):
    """Runs the released ONNX file on the processor.

    Parameters
    ----------
    release : Release
        The network.
    threads : int
        Threads to use; 0 for as many as there are cores.
    """

    def __init__(self, release: Release, threads: int = 0) -> None:
        self._release = release
        self._threads = threads
        self._session: Optional[onnxruntime.InferenceSession] = None

    @property
    def identity(self) -> EngineIdentity:
        """What computes the scores."""
        return EngineIdentity(
            f"onnxruntime {onnxruntime.__version__}", platform.processor() or platform.machine(), "fp32"
        )

    def __enter__(self) -> OnnxEngine:
        """Load the network and run it once.

        Raises
        ------
        ModelError
            When ONNX Runtime cannot load the file.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(self._release.onnx), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except LOAD_ERRORS as error:
            raise ModelError(
                f"ONNX Runtime cannot load the network {self._release.onnx.name}; install it again."
            ) from error
        for count in WARM_UP_SLICES:
            self.scores(np.zeros((count, 1, self._release.size, self._release.size), dtype=np.float32))
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
        (scores,) = self._session.run(["scores"], {"slices": slices})
        return np.asarray(scores, dtype=np.float32).reshape(len(slices))
