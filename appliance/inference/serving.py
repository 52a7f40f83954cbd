"""The engine that serves: TensorRT where it is there and right, ONNX Runtime otherwise; neither goes unchecked."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Callable, Optional, Type

import numpy as np

from appliance.config import EngineSettings
from appliance.engine import Engine, EngineIdentity
from appliance.engine_state import QUIET, EngineNote, EngineState, EngineUnusable, build_lock
from appliance.errors import ModelError
from appliance.inference.building import wanted
from appliance.inference.engine_cache import EngineCache, EngineKey
from appliance.inference.golden import AT_ONCE, Drift, compare, read_golden
from appliance.inference.gpu import Gpu, find_gpu
from appliance.inference.onnx_engine import OnnxEngine
from appliance.inference.release import Release
from appliance.inference.trials import Trials
from appliance.presence import is_present
from appliance.stop import TRY_AGAIN

WAITING = (EngineState.ABSENT, EngineState.STALE, EngineState.DAMAGED, EngineState.REFUSED, EngineState.FAILED)
"""States that a new building ends."""

ANSWER_S = 30.0
"""A graphics processor that has not scored a head by then hangs; it takes well under a second."""

log = logging.getLogger("appliance.engine")


class ServingEngine(Engine):
    """Chooses an engine when it is entered, checks it with the golden cases, and passes slices on to it.

    Parameters
    ----------
    release : Release
        The network.
    settings : EngineSettings
        Which engine is wanted.
    folder : pathlib.Path
        Where built engines are kept.
    find : callable
        Finds the graphics processor; raises `EngineUnusable` where there is none.

    Attributes
    ----------
    note : EngineNote
        Whether TensorRT serves, or why not.
    drift : Drift or None
        What the golden check of the engine that serves found; None where the release has no golden cases.
    """

    def __init__(
        self, release: Release, settings: EngineSettings, folder: Path, find: Callable[[], Gpu] = find_gpu
    ) -> None:
        self._release = release
        self._settings = settings
        self._cache = EngineCache(folder)
        self._trials = Trials(folder)
        self._key: Optional[EngineKey] = None
        self._find = find
        self._resources = ExitStack()
        precision = "auto" if settings.precision == "fp16" else settings.precision  # ONNX Runtime has no fp16 here
        self._onnx = OnnxEngine(release, settings.threads, precision)
        self._engine: Engine = self._onnx
        self._built = self._newest()
        self.note = EngineNote(EngineState.NOT_WANTED)
        self.drift: Optional[Drift] = None

    @property
    def identity(self) -> EngineIdentity:
        """What computes the scores."""
        return self._engine.identity

    @property
    def outdated(self) -> bool:
        """Whether an engine was built since, so that opening anew may give a faster one."""
        waits = self.note.state in WAITING
        return waits and self._newest() != self._built and not is_present(build_lock(self._cache.folder))

    def __enter__(self) -> ServingEngine:
        """Open TensorRT's engine, or ONNX Runtime where that cannot be used.

        Raises
        ------
        ModelError
            When ONNX Runtime cannot load the network, or itself does not give the golden scores.
        """
        self._built, self._key = self._newest(), None
        try:
            self._engine = self._tensorrt()
            self.note = EngineNote(EngineState.SERVES, {"device": self._engine.identity.device})
        except EngineUnusable as unusable:
            self.note = unusable.note
            self._engine = self._resources.enter_context(self._onnx)
            self.drift = self._checked()
        log.log(logging.INFO if self.note.state in QUIET else logging.WARNING, "%s", self.note.message)
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """Release the engine."""
        self._resources.close()

    def scores(self, slices: np.ndarray) -> np.ndarray:
        """Score each slice; see `appliance.engine.Engine.scores`.

        Nothing ends a call that waits for a graphics processor for ever, so where one takes longer than `ANSWER_S` the
        process ends with `TRY_AGAIN`, and the engine is not loaded again.
        """
        if self._key is None:
            return self._engine.scores(slices)
        waiting = threading.Timer(ANSWER_S, self._hangs)
        waiting.daemon = True
        waiting.start()
        try:
            return self._engine.scores(slices)
        finally:
            waiting.cancel()

    def give_up(self, unusable: EngineUnusable) -> None:
        """Note that TensorRT failed at work, so that who opens an engine next takes ONNX Runtime."""
        if self._key is not None:
            self._trials.give_up(self._key, unusable.note.values.get("detail", unusable.message))

    def _hangs(self) -> None:
        fault = f"it did not answer within {ANSWER_S:.0f} s"
        try:
            log.critical("the engine %s; the process ends", fault)
            self.give_up(EngineUnusable(EngineState.FAILED, detail=fault))
        finally:
            os._exit(TRY_AGAIN)

    def _tensorrt(self) -> Engine:
        """Open the built engine and check it.

        Raises
        ------
        EngineUnusable
            When it is not wanted, not there, of another device, damaged, does not run, ended the process that loaded
            it before, or scores differently.
        """
        if self._settings.backend == "onnxruntime":
            raise EngineUnusable(EngineState.NOT_WANTED)
        gpu = self._find()
        asked = wanted(self._release, self._settings, gpu)
        kept = self._cache.look(asked.key)
        if kept.engine is None:
            raise EngineUnusable(kept.state, detail=kept.detail)
        self._trials.check(asked.key)
        with self._trials.trying(asked.key), ExitStack() as resources:
            engine = resources.enter_context(gpu.engine(kept.engine, self._release.size, asked.key.precision))
            drift = compare(engine, self._release, read_golden(asked.golden), AT_ONCE)
            if not drift.passes:
                raise EngineUnusable(EngineState.REFUSED, detail=drift.message)
            self.drift = drift
            self._resources = resources.pop_all()
        self._trials.passed(asked.key)
        self._key = asked.key
        return engine

    def _checked(self) -> Optional[Drift]:
        """Check ONNX Runtime; there is nothing to fall back to."""
        if self._release.golden is None:
            return None
        drift = compare(self._onnx, self._release, read_golden(self._release.golden))
        if not drift.passes:
            self._resources.close()
            raise ModelError(
                f"ONNX Runtime does not score as the released network does: {drift.message}. The appliance does not "
                "judge; install it again, with the onnxruntime it was released with."
            )
        return drift

    def _newest(self) -> int:
        """Return when the newest sidecar was written, in nanoseconds; 0 where there is none."""
        return max((path.stat().st_mtime_ns for path in self._cache.folder.glob("slicenet-*.json")), default=0)
