"""What jetson-stats says of the board, where its service runs.

jetson-stats is optional: its licence is the AGPL, so the appliance neither brings it nor needs it, and asks the service
that somebody installed. Its client is known to wait, sometimes for good, when the service hangs, so a thread of its own
asks, and whoever wants to know takes what was said last.
"""

from __future__ import annotations

import importlib
import logging
import queue
import threading
import time
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Mapping, Optional, Type

SOCKET = Path("/run/jtop.sock")
"""Where the service of jetson-stats 4 listens."""

_INTERVAL_S = 2.0
_AGAIN_S = 60.0
_OLD_S = 30.0
_FAULTS = (OSError, EOFError, queue.Empty, LookupError, ValueError, TypeError, AttributeError, AuthenticationError)

log = logging.getLogger("appliance.device")


@dataclass(frozen=True)
class Told:
    """What jetson-stats says; None, or nothing, where it does not say.

    Attributes
    ----------
    source : str
        Its name and version.
    model, l4t, jetpack, power_mode : str or None
        As in `appliance.board.Board`.
    temperatures_c : mapping of str to float
        In degrees Celsius, by the name of the sensor.
    gpu_load : float or None
        Share of the time in which the GPU works.
    """

    source: str
    model: Optional[str] = None
    l4t: Optional[str] = None
    jetpack: Optional[str] = None
    power_mode: Optional[str] = None
    temperatures_c: Mapping[str, float] = field(default_factory=dict)
    gpu_load: Optional[float] = None


class JetsonStats:
    """A connection to the service of jetson-stats that is made again when it was lost; a context manager.

    Parameters
    ----------
    socket : pathlib.Path
        Where the service listens.

    Attributes
    ----------
    state : str
        Whether it answers, or why not: a part of a sentence.
    """

    def __init__(self, socket: Path = SOCKET) -> None:
        self.state = "not asked yet"
        self._socket = socket
        self._told: Optional[Told] = None
        self._told_at = 0.0
        self._settled = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="jetson-stats", daemon=True)

    def __enter__(self) -> JetsonStats:
        """Start to ask."""
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """Ask no more. The thread may wait for a service that hangs, and ends with the process."""
        self._ended.set()

    def told(self, wait_s: float = 0.0) -> Optional[Told]:
        """Return what was said a moment ago; None where nothing was, and `state` says why.

        Parameters
        ----------
        wait_s : float
            How long to wait for the first answer, in seconds.
        """
        if wait_s and not self._settled.wait(wait_s):
            self.state = "its service does not answer"
        fresh = time.monotonic() - self._told_at < _OLD_S
        return self._told if fresh else None

    def _ask(self) -> None:
        try:
            jtop = importlib.import_module("jtop")
        except ImportError:
            self._settle("not installed")
            return
        while not self._ended.is_set():
            if self._socket.exists():
                self._follow(jtop)
            else:
                self._settle("its service does not run")
            self._ended.wait(_AGAIN_S)

    def _follow(self, jtop: Any) -> None:
        """Take what the service says until it is lost."""
        try:
            client = jtop.jtop(interval=_INTERVAL_S)
            client.start()
            try:
                while client.ok() and not self._ended.is_set():
                    self._told, self._told_at = _read(jtop, client), time.monotonic()
                    self._settle("answers")
            finally:
                client.close()  # leaving its context does not
            if not self._ended.is_set():
                self._settle("its service ended")
        except (jtop.JtopException, *_FAULTS) as error:
            # its messages have line ends
            self._settle(" ".join(str(error).split()) or type(error).__name__)

    def _settle(self, state: str) -> None:
        if state != self.state:
            log.info("jetson-stats: %s", state)
        self.state = state
        self._settled.set()


def _read(jtop: Any, client: Any) -> Told:
    hardware: Mapping[str, str] = client.board.get("hardware", {})
    loads = [gpu.get("status", {}).get("load") for gpu in dict(client.gpu).values()]
    load = next((float(load) for load in loads if load is not None), None)
    return Told(
        source=f"jetson-stats {jtop.__version__}",
        model=hardware.get("Model") or None,
        l4t=hardware.get("L4T") or None,
        jetpack=hardware.get("Jetpack") or None,
        power_mode=None if client.nvpmodel is None else str(client.nvpmodel.name),
        temperatures_c=_temperatures(client.temperature),
        gpu_load=None if load is None else min(1.0, max(0.0, load / 100)),  # in percent
    )


def _temperatures(sensors: Mapping[str, Mapping[str, Any]]) -> Dict[str, float]:
    online = {name: sensor for name, sensor in sensors.items() if sensor.get("online")}
    return {name: float(online[name]["temp"]) for name in sorted(online)}
