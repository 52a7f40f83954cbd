"""What the parts tell the service manager, through a real socket of its kind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional

import pytest

from appliance import notify
from appliance.config import ServerSettings, Settings
from appliance.web.answers import page_status
from tests.ingest.network import free_port

PATIENCE_S = 90.0


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    """A service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(address)
        heard.settimeout(PATIENCE_S)
        yield heard


def test_without_a_service_manager_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(notify.VARIABLE, raising=False)
    notify.ready()
    notify.alive()


def test_a_service_manager_that_went_away_ends_nothing(tmp_path: Path) -> None:
    notify.ready(str(tmp_path / "gone"))


@pytest.mark.parametrize("abstract", [False, True])
def test_states_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    name = f"triage-test-{os.getpid()}"
    with manager("\0" + name if abstract else str(tmp_path / "notify")) as heard:
        monkeypatch.setenv(notify.VARIABLE, "@" + name if abstract else str(tmp_path / "notify"))
        notify.ready()
        notify.alive()
        assert [heard.recv(100), heard.recv(100)] == [b"READY=1", b"WATCHDOG=1"]


def test_a_socket_that_is_full_does_not_hold_a_part(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with manager(path):
        began = time.monotonic()
        for _ in range(5000):
            notify.alive(path)
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("part", ["worker", "web", "scp", "watch-media", "camera"])
def test_each_part_says_when_it_is_ready_and_that_it_goes_on(tmp_path: Path, part: str) -> None:
    (tmp_path / "drive").mkdir()
    port = free_port()
    environment: Dict[str, str] = {
        **os.environ,
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "TRIAGE_STORE_FOLDER": str(tmp_path / "store"),
        "TRIAGE_SERVER_PORT": str(port),
        "TRIAGE_SCP_PORT": "0",
        "TRIAGE_MEDIA_WATCH": "folder",
        "TRIAGE_MEDIA_FOLDER": str(tmp_path / "drive"),
        "TRIAGE_ENGINE_PRECISION": "fp32",
        "TRIAGE_ENGINE_THREADS": "1",
    }
    command = [sys.executable, "-m", "appliance.cli", part]
    with manager(environment["NOTIFY_SOCKET"]) as heard:
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            said = heard_until(heard, b"WATCHDOG=1")
            assert said.index(b"READY=1") < said.index(b"WATCHDOG=1"), said
            assert said.count(b"READY=1") == 1
            if part == "web":
                answers = subprocess.run([*command[:-1], "health"], env=environment, capture_output=True, text=True)
                assert (answers.returncode, answers.stdout) == (0, "The page answers.\n")
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def test_a_page_over_damaged_records_is_left_alive(tmp_path: Path) -> None:
    """It is the one that shows the trouble; `triage health` says that not all is well."""
    store = tmp_path / "store"
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "TRIAGE_STORE_FOLDER": str(store),
        "TRIAGE_SERVER_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "appliance.cli"]
    with manager(environment["NOTIFY_SOCKET"]) as heard:
        process = subprocess.Popen([*command, "web"], env=environment, stderr=subprocess.PIPE, text=True)
        try:
            heard_until(heard, b"WATCHDOG=1")
            for path in store.glob("cases.sqlite*"):
                path.write_bytes(b"no database" * 1000)
            health = subprocess.run([*command, "health"], env=environment, capture_output=True, text=True)
            assert health.returncode == 1
            heard.setblocking(False)
            while True:  # what was said before the damage was seen
                try:
                    heard.recv(4096)
                except BlockingIOError:
                    break
            heard.settimeout(PATIENCE_S)
            heard_until(heard, b"WATCHDOG=1")
            again = subprocess.run([*command, "health"], env=environment, capture_output=True, text=True)
            assert again.returncode == 1
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", 200),
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", 500),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\nok\n", None),
        (b"HTTP/1.1 20", None),
        (b"", None),
    ],
)
def test_only_a_whole_answer_is_one(sent: bytes, status: Optional[int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(sent)

        thread = threading.Thread(target=answer)
        thread.start()
        settings = Settings(server=ServerSettings(port=listening.getsockname()[1]))
        assert page_status(settings) == status
        thread.join()


def heard_until(heard: socket.socket, last: bytes) -> List[bytes]:
    """All states up to the first of a kind; of those that say more than one thing, each."""
    said: List[bytes] = []
    while last not in said:
        said += heard.recv(4096).split(b"\n")
    return said


def test_a_page_that_does_not_answer_is_named(tmp_path: Path) -> None:
    environment = {**os.environ, "TRIAGE_SERVER_PORT": str(free_port()), "TRIAGE_STORE_FOLDER": str(tmp_path)}
    command = [sys.executable, "-m", "appliance.cli", "health"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (1, "The page does not answer; see what its log says.\n")
