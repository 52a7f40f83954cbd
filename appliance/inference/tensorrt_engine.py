"""The engine on TensorRT: the released network on the graphics processor of this device.

One thread owns the CUDA context, the stream and the buffers, from ``__enter__`` to ``__exit__``; nothing is initialised
when this module is imported. There is no CUDA graph: pycuda cannot capture one, and the few launches of a small network
are covered by one stream.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Iterator, Optional, Type

import numpy as np
import pycuda.driver as cuda
import tensorrt as trt

from appliance.engine import Engine, EngineIdentity
from appliance.engine_state import EngineState, EngineUnusable
from appliance.inference.gpu import PROFILE
from appliance.inference.tensorrt_build import INPUT, OUTPUT, Log

MOST = PROFILE[-1]
"""Slices at once."""

WARM_UP_SLICES = (1, 8, 32, MOST)
"""Batch sizes run once on entry: a picture, the reference's slices, a head, and the most."""


@contextmanager
def cuda_in_words() -> Iterator[None]:
    """Turn what CUDA raises into an error with a sentence.

    Raises
    ------
    EngineUnusable
        With ``FAILED``.
    """
    try:
        yield
    except cuda.Error as error:
        raise EngineUnusable(EngineState.FAILED, detail=str(error)) from error


class TensorRtEngine(Engine):
    """Runs a built engine.

    Parameters
    ----------
    plan : bytes
        The engine, as TensorRT wrote it on this device.
    size : int
        Side of a slice in pixels.
    precision : str
        In which it was built.
    """

    def __init__(self, plan: bytes, size: int, precision: str) -> None:
        self._plan = plan
        self._size = size
        self._precision = precision
        self._device = ""
        self._thread = 0
        self._resources = ExitStack()

    @property
    def identity(self) -> EngineIdentity:
        """What computes the scores."""
        return EngineIdentity(f"tensorrt {trt.__version__}", self._device, self._precision)

    def __enter__(self) -> TensorRtEngine:
        """Take the device, load the engine and run it once for each likely number of slices.

        Raises
        ------
        EngineUnusable
            With ``NO_GPU``, ``DAMAGED`` where TensorRT does not take the engine, or ``FAILED``.
        """
        with cuda_in_words(), ExitStack() as resources:
            cuda.init()
            device = cuda.Device(0)
            context = device.retain_primary_context()  # the one that TensorRT itself works in
            resources.callback(context.detach)
            context.push()
            resources.callback(cuda.Context.pop)
            resources.callback(self._forget)
            self._device = device.name()
            self._thread = threading.get_ident()
            self._load()
            for count in WARM_UP_SLICES:
                self.scores(np.zeros((count, 1, self._size, self._size), dtype=np.float32))
            self._resources = resources.pop_all()
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """Release engine, buffers and device.

        Raises
        ------
        EngineUnusable
            With ``FAILED``, when the device is lost; an error of the block goes on as its context.
        """
        with cuda_in_words():
            self._resources.close()

    def scores(self, slices: np.ndarray) -> np.ndarray:
        """Score each slice; see `appliance.engine.Engine.scores`.

        Raises
        ------
        EngineUnusable
            With ``FAILED``, when the device did not do it.
        """
        if slices.dtype != np.float32 or slices.shape[1:] != (1, self._size, self._size):
            raise ValueError(f"expected float32 (n, 1, {self._size}, {self._size}), got {slices.dtype} {slices.shape}")
        if threading.get_ident() != self._thread:
            raise ValueError("the engine belongs to the thread that entered it, and has been entered by no other")
        found = np.empty(len(slices), dtype=np.float32)
        with cuda_in_words():
            for start in range(0, len(slices), MOST):
                part = slices[start : start + MOST]
                found[start : start + len(part)] = self._run(part)
        return found

    def _load(self) -> None:
        logger = Log()
        self._runtime = trt.Runtime(logger)
        engine = self._runtime.deserialize_cuda_engine(self._plan)
        if engine is None:
            raise EngineUnusable(EngineState.DAMAGED, detail="; ".join(logger.errors) or "TensorRT does not read it")
        names = {engine.get_tensor_name(number) for number in range(engine.num_io_tensors)}
        if names != {INPUT, OUTPUT}:
            raise EngineUnusable(EngineState.DAMAGED, detail=f"it takes and gives {', '.join(sorted(names))}")
        self._context = engine.create_execution_context()
        if self._context is None:
            raise EngineUnusable(EngineState.FAILED, detail="; ".join(logger.errors) or "no memory for its context")
        self._engine = engine
        self._stream = cuda.Stream()
        # page-locked, or a copy is no asynchronous one
        self._slices = cuda.pagelocked_empty((MOST, 1, self._size, self._size), np.float32)
        self._scores = cuda.pagelocked_empty((MOST,), np.float32)
        self._input = cuda.mem_alloc(self._slices.nbytes)
        self._output = cuda.mem_alloc(self._scores.nbytes)
        self._context.set_tensor_address(INPUT, int(self._input))
        self._context.set_tensor_address(OUTPUT, int(self._output))

    def _forget(self) -> None:
        """Drop what lives in the CUDA context, in order, while it is still there."""
        for name in ("_context", "_engine", "_runtime", "_input", "_output", "_slices", "_scores", "_stream"):
            self.__dict__.pop(name, None)
        self._thread = 0

    def _run(self, part: np.ndarray) -> np.ndarray:
        count = len(part)
        self._slices[:count] = part
        if not self._context.set_input_shape(INPUT, part.shape):
            raise EngineUnusable(EngineState.FAILED, detail=f"it does not take {count} slices")
        cuda.memcpy_htod_async(self._input, self._slices[:count], self._stream)
        if not self._context.execute_async_v3(self._stream.handle):
            raise EngineUnusable(EngineState.FAILED, detail="TensorRT did not run it")
        cuda.memcpy_dtoh_async(self._scores[:count], self._output, self._stream)
        self._stream.synchronize()
        return self._scores[:count]
