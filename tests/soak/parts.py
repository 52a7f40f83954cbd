"""The parts of an appliance as processes of their own, killed at random moments and started again at once."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence

import psutil

from appliance.config import Settings
from appliance.config_file import load_settings

UP_S = 90.0
"""A part that is not up so long after its start is stuck, however busy the machine."""

ENDS_S = 30.0
"""So long may a part take to end when asked, and the children of a killed one by themselves."""


@dataclass(frozen=True)
class Site:
    """Where an appliance keeps what it has, and where it listens."""

    folder: Path
    web_port: int
    scp_port: int

    @property
    def store(self) -> Path:
        """Its store."""
        return self.folder / "store"

    @property
    def drive(self) -> Path:
        """Where media appear."""
        return self.folder / "drive"

    def environment(self) -> Dict[str, str]:
        """The settings: the same network at every start, little work at a start, studies complete after seconds."""
        return {
            "TRIAGE_STORE_FOLDER": str(self.store),
            "TRIAGE_SERVER_PORT": str(self.web_port),
            "TRIAGE_SCP_PORT": str(self.scp_port),
            "TRIAGE_SCP_QUIET_S": "1.5",
            "TRIAGE_SCP_OPEN_S": "3",
            "TRIAGE_SCP_MAX_ASSOCIATIONS": "32",
            "TRIAGE_DECODE_PROCESSES": "1",
            "TRIAGE_DECODE_SECONDS_PER_FILE": "60",
            "TRIAGE_ENGINE_PRECISION": "fp32",
            "TRIAGE_ENGINE_THREADS": "1",
            "TRIAGE_INGEST_MIN_FREE_MB": "100",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }

    def settings(self) -> Settings:
        """The same, read as the parts read them."""
        return load_settings(environment=self.environment())


def site(folder: Path) -> Site:
    """Make the folders, and find two ports.

    They lie below those that the kernel lends to clients: while a part is dead nobody must get its port, not even a
    sender that calls it.
    """
    made = Site(folder, *_quiet_ports(2))
    for path in (made.drive, folder / "logs"):
        path.mkdir(parents=True)
    return made


def _quiet_ports(count: int) -> List[int]:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found: List[int] = []
    port = 10000 + os.getpid() * 16 % max(lowest - 11000, 1)  # another soak beside this one has others
    while len(found) < count:
        port += 1
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found


class Part:
    """A process that is killed and started again. One thread at a time minds it.

    Parameters
    ----------
    name : str
        For messages.
    arguments : sequence of str
        What Python is to run.
    site : Site
        Where.
    says : str
        What stands in its log when it is up.
    answers : callable, optional
        Asked too whether it is up.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        site: Site,
        says: str = "",
        answers: Optional[Callable[[subprocess.Popen[bytes]], bool]] = None,
    ) -> None:
        self.name = name
        self.kills = 0
        self.ended: List[int] = []
        """Statuses with which it ended though nobody killed it."""
        self._orphans: List[psutil.Process] = []
        self._command = [sys.executable, *arguments]
        self._environment = {**os.environ, **site.environment()}
        self._log = site.folder / "logs" / f"{name}.log"
        self._says, self._answers = says, answers
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._log_start = 0

    def start(self) -> None:
        """Start the process, in a group of its own."""
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def is_up(self) -> bool:
        """Tell whether it does its work; start it again where it ended by itself."""
        process = self._running()
        if process.poll() is not None:
            self.ended.append(process.returncode)
            time.sleep(0.5)
            self.start()
            return False
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            said = self._says.encode() in log.read()
        return said and (self._answers is None or self._answers(process))

    def kill(self, whom: str) -> bool:
        """Kill it and start it again.

        Parameters
        ----------
        whom : str
            ``main`` for the process alone, ``all`` for its children too, ``child`` for a child alone, which the process
            then replaces.

        Returns
        -------
        bool
            False where nobody was there to be killed.
        """
        process = self._running()
        if process.poll() is not None:
            return False
        children = _family(process)
        if whom == "child":
            if not children:
                return False
            os.kill(children[0].pid, signal.SIGKILL)
            self.kills += 1
            return True
        if whom == "all":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        self._orphans += children
        self.kills += 1
        self.start()
        return True

    def stop(self) -> Optional[int]:
        """Ask it to end; None where it did not, and had to be killed."""
        process = self._running()
        process.terminate()
        try:
            return process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.end_all()

    def end_all(self) -> None:
        """Leave no process behind."""
        process = self._process
        if process is not None:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def end_orphans(self) -> int:
        """Wait for the children of killed processes to end; how many did not and had to be killed."""
        _, alive = psutil.wait_procs(self._orphans, timeout=ENDS_S)
        stayed = [child for child in alive if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        for child in stayed:
            child.kill()
        return len(stayed)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"the {self.name} was never started")
        return self._process


def parts(site: Site) -> List[Part]:
    """The worker, the pages, network storage and the media watcher, as systemd starts them."""

    def page(process: subprocess.Popen[bytes]) -> bool:
        # a page that answers may still be the orphan of the last kill
        return bool(_family(process)) and page_answers(site.web_port)

    return [
        Part("worker", ["-m", "appliance.cli", "worker"], site, "ready"),
        Part("web", ["-m", "appliance.cli", "web"], site, answers=page),
        Part("scp", ["-m", "appliance.cli", "scp"], site, "listens"),
        Part("media", ["-m", "appliance.cli", "watch-media", "--folder", str(site.drive)], site, "watching"),
    ]


def _family(process: subprocess.Popen[bytes]) -> List[psutil.Process]:
    try:
        return list(psutil.Process(process.pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def page_answers(port: int) -> bool:
    """Tell whether the pages are served."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
