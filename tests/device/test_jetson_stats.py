"""jetson-stats: absent, its service not running, refusing, hanging, lost, and answering.

Its licence keeps it out of what the tests install, so a module of the same surface stands in for it; where the real one
is installed, the tests at the end ask that.
"""

from __future__ import annotations

import importlib.util
import socket
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Iterator, List

import pytest

from appliance.device.jetson_stats import JetsonStats, Told

PATIENCE_S = 20.0


class JtopException(Exception):
    """Its own error; other faults come through as they are."""


class Client:
    """What `jtop.jtop` is to whoever asks: started, asked whether there is more, closed."""

    board = {"hardware": {"Model": "Jetson-AGX", "L4T": "35.6.0", "Jetpack": "", "Serial Number": "1421"}}
    nvpmodel = SimpleNamespace(name="MODE 15W", id=2)
    gpu = {"gv11b": {"type": "integrated", "status": {"railgate": False, "load": 43.75}, "freq": {"cur": 1377000}}}
    temperature = {"GPU": {"temp": 47.25, "online": True}, "CV0": {"temp": -256, "online": False}}

    fault: Any = None
    rounds = 10**6
    closed: List[bool] = []
    hangs = threading.Event()

    def __init__(self, interval: float = 1.0) -> None:
        self._rounds = 0

    def start(self) -> None:
        if self.fault == "hangs":
            self.hangs.wait(PATIENCE_S)
        elif self.fault is not None:
            raise self.fault

    def ok(self) -> bool:
        self._rounds += 1
        self.hangs.wait(0.005)
        return self._rounds <= self.rounds

    def close(self) -> None:
        self.closed.append(True)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The stand-in; its attributes can be set."""
    module: Any = ModuleType("jtop")
    module.jtop, module.JtopException, module.__version__ = type("Own", (Client,), {"closed": []}), JtopException, "4.3"
    monkeypatch.setitem(sys.modules, "jtop", module)
    module.jtop.hangs = threading.Event()
    yield module.jtop
    module.jtop.hangs.set()


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A socket of a service."""
    (tmp_path / "jtop.sock").touch()
    return tmp_path / "jtop.sock"


def test_absent(monkeypatch: pytest.MonkeyPatch, there: Path) -> None:
    monkeypatch.setitem(sys.modules, "jtop", None)  # as if it were not installed
    with JetsonStats(there) as statistics:
        assert statistics.told(PATIENCE_S) is None
        assert statistics.state == "not installed"


def test_its_service_does_not_run(client: Any, tmp_path: Path) -> None:
    client.fault = AssertionError("nobody asks a service that is not there")
    with JetsonStats(tmp_path / "jtop.sock") as statistics:
        assert statistics.told(PATIENCE_S) is None
        assert statistics.state == "its service does not run"


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (JtopException("I can't access jtop.service.\nPlease logout."), "I can't access jtop.service. Please logout."),
        (ConnectionRefusedError(111, "Connection refused"), "[Errno 111] Connection refused"),
        (EOFError(), "EOFError"),
        (KeyError("board"), "'board'"),
    ],
)
def test_it_refuses(client: Any, there: Path, fault: Exception, state: str) -> None:
    client.fault = fault
    with JetsonStats(there) as statistics:
        assert statistics.told(PATIENCE_S) is None
        assert statistics.state == state


def test_it_hangs(client: Any, there: Path) -> None:
    client.fault = "hangs"
    with JetsonStats(there) as statistics:
        assert statistics.told(0.1) is None
        assert statistics.state == "its service does not answer"


def test_it_answers(client: Any, there: Path) -> None:
    with JetsonStats(there) as statistics:
        assert statistics.told(PATIENCE_S) == Told(
            source="jetson-stats 4.3",
            model="Jetson-AGX",
            l4t="35.6.0",
            jetpack=None,
            power_mode="MODE 15W",
            temperatures_c={"GPU": 47.25},
            gpu_load=0.4375,
        )
        assert statistics.state == "answers"


def test_a_board_that_it_knows_little_of(client: Any, there: Path) -> None:
    client.board, client.nvpmodel, client.gpu, client.temperature = {}, None, {}, {}
    with JetsonStats(there) as statistics:
        assert statistics.told(PATIENCE_S) == Told("jetson-stats 4.3")


def test_it_is_lost(client: Any, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.device.jetson_stats._OLD_S", 0.0)
    client.rounds = 3
    with JetsonStats(there) as statistics:
        statistics.told(PATIENCE_S)
        for _ in range(1000):
            if statistics.state == "its service ended":
                break
            client.hangs.wait(0.01)
        assert statistics.state == "its service ended" and client.closed == [True]
        assert statistics.told() is None, "what it said is not of now"


real = pytest.mark.skipif(importlib.util.find_spec("jtop") is None, reason="jetson-stats is not installed")
not_on_a_board = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # in its own thread


@real
@not_on_a_board
def test_the_real_client_finds_nobody_at_its_socket(there: Path) -> None:
    with JetsonStats(there) as statistics:
        assert statistics.told(PATIENCE_S) is None
        assert "jtop.service is not active" in statistics.state


@real
@not_on_a_board
def test_the_real_client_is_refused(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(there))  # nobody listens there
        monkeypatch.setattr("jtop.service.JTOP_PIPE", str(there))
        with JetsonStats(there) as statistics:
            assert statistics.told(PATIENCE_S) is None
            assert "jtop.service is not active" in statistics.state
