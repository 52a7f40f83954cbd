"""The whole appliance in one process tree: the worker, the pages, network storage, the media watcher and the camera
process where the settings ask for them, and this process, which minds them all.
"""

from __future__ import annotations

import multiprocessing
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from typing import Callable, Optional, Sequence

from appliance import worker
from appliance.config import Settings
from appliance.errors import TriageError
from appliance.ingest import camera, scp, watcher
from appliance.ingest.folder import ingest_folder
from appliance.phantom.disc import DEMO_BLEED, write_demo_disc
from appliance.stop import CANNOT_START, StopRequest
from appliance.store import Case, Source, Store
from appliance.store.aside import set_aside_if_damaged
from appliance.web import certificate, server
from appliance.web.answers import page_answers

RESTART_S = 5.0
"""A part that dies at once is not started more often than this."""

SLOW_RESTART_S = 30.0
"""Nor one that said that it would not start a second time."""

_PERIOD_S = 0.1
_PAGE_UP_S = 30.0
_AT_START_S = 15.0
_STOP_S = 10.0
_DEMO_SEED = 0


class AddressInUseError(TriageError):
    """The address cannot be listened on."""

    code = "address_in_use"
    exit_status = 2


class Part:
    """A child process that is started again when it died.

    Parameters
    ----------
    name : str
        For messages.
    function : callable
        What it runs.
    settings : Settings
        What it is given.
    """

    def __init__(self, name: str, function: Callable[[Settings], None], settings: Settings) -> None:
        self._name = name
        self._function = function
        self._settings = settings
        self._process: Optional[SpawnProcess] = None
        self._started = 0.0

    def tend(self, at_start: bool = False) -> None:
        """Start the process if it does not run, unless it was started a moment ago.

        Parameters
        ----------
        at_start : bool
            Whether somebody waits for the appliance to start, and can mend what is wrong. Later the other parts go on
            without this one, and the pages say that it does not run.

        Raises
        ------
        TriageError
            At the start, when it said that it would not start a second time either; it has said why.
        """
        if self._process is not None and not self._process.is_alive():
            cannot = self._process.exitcode == CANNOT_START
            if cannot and at_start:
                raise TriageError(f"The {self._name} cannot start, for the reason given above.")
            if self._started + (SLOW_RESTART_S if cannot else RESTART_S) > time.monotonic():
                return
            print(
                f"The {self._name} ended with status {self._process.exitcode}; it is started again.",
                file=sys.stderr,
            )
            self._process = None
        if self._process is None:
            # spawn: a fork would share the parent's threads' locks and its open database
            context = multiprocessing.get_context("spawn")
            self._process = context.Process(target=self._function, args=(self._settings,), name=self._name)
            self._process.start()
            self._started = time.monotonic()

    def stop(self) -> None:
        """End the process, by force if it does not end when asked."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(_STOP_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()


def serve(settings: Settings, demo: bool) -> int:
    """Run the worker, the pages, and network storage if ``[scp] port`` is set, the media watcher if ``[media] watch``
    names something, and the camera process if there may be a camera, until SIGINT or SIGTERM.

    The address is printed to standard output when the page is up.

    Parameters
    ----------
    settings : Settings
        All settings; port 0 takes a free one.
    demo : bool
        Whether to judge a simulated study first, by the road that an upload takes, and print its verdict and address.

    Returns
    -------
    int
        0, since it was asked to stop.

    Raises
    ------
    TriageError
        When the address is in use, the store cannot be used, or the network is absent.
    """
    settings = _with_free_port(settings)
    stop = StopRequest()
    scheme = "https" if certificate.speaks_tls(settings) else "http"
    address = f"{scheme}://{_bracketed(settings.server.host)}:{settings.server.port}/"
    with ExitStack() as resources:
        set_aside_if_damaged(settings.store.folder)
        store = resources.enter_context(Store(settings.store.folder, "serve"))
        store.recover()
        parts = [Part("worker", worker.run, settings), Part("web server", server.run, settings)]
        if settings.scp.port is not None:
            parts.append(Part("network storage", scp.run, settings))
        if settings.media.watch != "nothing":
            parts.append(Part("media watcher", watcher.run, settings))
        if settings.camera.source or settings.camera.browsers:
            parts.append(Part("camera process", camera.run, settings))
        for part in parts:
            resources.callback(part.stop)
            part.tend(at_start=True)
        began = time.monotonic()
        while not stop.set and not page_answers(settings):
            _wait(parts, began)
            if time.monotonic() - began > _PAGE_UP_S:
                raise TriageError(f"The page did not come up at {address}; the reason stands above.")
        if not stop.set:
            print(address, flush=True)
        waiting = _ingest_demo(store, settings) if demo and not stop.set else None
        while not stop.set:
            _wait(parts, began)
            case = store.case(waiting.id) if waiting else None
            if case and case.state.final:
                print(f"{_in_words(case)}\n{address}cases/{case.id}", flush=True)
                waiting = None
    return 0


def _wait(parts: Sequence[Part], began: float) -> None:
    time.sleep(_PERIOD_S)
    for part in parts:
        part.tend(at_start=time.monotonic() - began < _AT_START_S)


def _with_free_port(settings: Settings) -> Settings:
    """Return the settings with the port that will be taken.

    Gunicorn itself would try for seconds, and then say so in a log.
    """
    host, port = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise AddressInUseError(
                f"The page cannot be put at {host} port {port} ({reason}); name another with [server] port, "
                "or TRIAGE_SERVER_PORT."
            ) from error
        return replace(settings, server=replace(settings.server, port=listener.getsockname()[1]))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _ingest_demo(store: Store, settings: Settings) -> Case:
    with store.scratch("demo") as folder:
        disc = write_demo_disc(folder / "disc", DEMO_BLEED, _DEMO_SEED)
        return ingest_folder(store, settings.ingest, disc.folder, Source.DEMO)


def _in_words(case: Case) -> str:
    if case.verdict is None:
        return f"Simulated study: not judged. {case.error_message}"
    reasons = " ".join(reason["message"] for reason in case.verdict["reasons"])
    return f"Simulated study: {case.verdict['verdict']}. {reasons}"
