"""The engines from the terminal: ``triage build-engine`` and ``triage selftest``."""

from __future__ import annotations

import argparse
import logging
import sys
import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator

from appliance.config import Settings
from appliance.engine_state import EngineNote, EngineState, EngineUnusable, engines_folder

_PERIOD_S = 1.0
_PERIOD_LOG_S = 30.0

BROKEN = (EngineState.REFUSED, EngineState.FAILED, EngineState.DAMAGED)
"""States in which an engine is there and must not be used."""


def add_commands(commands: Any) -> None:
    """Add these commands to the command line's parser.

    Parameters
    ----------
    commands : argparse._SubParsersAction
        What `argparse.ArgumentParser.add_subparsers` returned.
    """
    build = commands.add_parser(
        "build-engine", help="build TensorRT's engine for this device and check it; takes minutes"
    )
    build.add_argument("--again", action="store_true", help="even if there is one")
    build.set_defaults(run=_build)
    selftest = commands.add_parser(
        "selftest", help="compare the engine in use with the golden cases; exit status 1 where it must not be used"
    )
    selftest.set_defaults(run=_selftest)


def _build(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.inference.building import build_engine
    from appliance.inference.gpu import find_gpu
    from appliance.inference.release import load_release

    _log_to_stderr()
    if settings.engine.backend == "onnxruntime":
        print(f"Nothing is built. {EngineNote(EngineState.NOT_WANTED).message}")
        return 0
    release = load_release(settings.engine.manifest)
    try:
        gpu = find_gpu()
    except EngineUnusable as unusable:
        if unusable.note.state is EngineState.NO_TENSORRT and settings.engine.backend == "auto":
            print(f"Nothing is built. {unusable.message}")
            return 0
        raise
    with _Progress().shown() as progress:
        folder = engines_folder(settings.store.folder)
        drift = build_engine(release, settings.engine, folder, gpu, progress.say, options.again)
    print(f"{'passes' if drift.passes else 'refused'}: {drift.message}")
    return 0 if drift.passes else 1


def _selftest(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.inference.release import load_release
    from appliance.inference.serving import ServingEngine

    _log_to_stderr()
    release = load_release(settings.engine.manifest)
    with ServingEngine(release, settings.engine, engines_folder(settings.store.folder)) as engine:
        identity = engine.identity
    print(f"{identity.backend}, {identity.precision}, {identity.device}")
    print(engine.note.message)
    if engine.drift is None:
        print("The release has no golden cases; nothing was compared.")
        return 1
    print(f"{identity.backend} in {identity.precision} passes: {engine.drift.message}")
    return 1 if engine.note.state in BROKEN else 0


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")


class _Progress:
    """Shows what is being built and for how long: in one line on a terminal, twice a minute in a log."""

    def __init__(self) -> None:
        self._text = "building"
        self._ended = threading.Event()

    def say(self, text: str) -> None:
        """Take what is being done."""
        self._text = text

    @contextmanager
    def shown(self) -> Iterator[_Progress]:
        """Show it until the end of the block."""
        thread = threading.Thread(target=self._show, name="progress", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()

    def _show(self) -> None:
        began = time.monotonic()
        terminal = sys.stderr.isatty()
        start, end = ("\r\x1b[K", "") if terminal else ("", "\n")
        while not self._ended.wait(_PERIOD_S if terminal else _PERIOD_LOG_S):
            print(f"{start}{time.monotonic() - began:.0f} s: {self._text}", end=end, file=sys.stderr, flush=True)
        if terminal:
            print(start, end="", file=sys.stderr, flush=True)
