"""``triage scp`` as a process: killed, on a disk that fails, inside the appliance, and called by DCMTK."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Callable, Optional

import pytest
from pynetdicom import build_context
from pynetdicom.association import Association

from appliance.phantom.write import unique
from appliance.store import State, Store
from tests.ingest.network import (
    data_sets,
    free_port,
    receiving,
    store,
    write_object,
    write_study,
)
from tests.running import wait_for

VERIFICATION = "1.2.840.10008.1.1"
Calling = Callable[..., Association]


class Process:
    """``triage scp`` in a process of its own."""

    def __init__(self, repository: Path, store: Path, file_max: Optional[int] = None, **settings: object) -> None:
        self.port = free_port()
        environment = {"TRIAGE_STORE_FOLDER": str(store), "TRIAGE_SCP_PORT": str(self.port)}
        environment.update({f"TRIAGE_SCP_{name.upper()}": str(value) for name, value in settings.items()})

        def limit() -> None:
            if file_max is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_max, file_max))

        self.process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli", "scp"],
            cwd=str(repository),
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limit,  # noqa: PLW1509
        )
        assert self.process.stderr is not None
        assert f"TRIAGE listens at 127.0.0.1 port {self.port}" in self.process.stderr.readline()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate()


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path, repository: Path, calling: Calling) -> None:
    paths = [write_object(tmp_path / str(number), number=number) for number in range(4)]
    folder = tmp_path / "store"
    with Process(repository, folder, quiet_s=3600) as process:
        association = calling(process.port)
        assert [store(association, path) for path in paths[:3]] == [0, 0, 0]
        process.process.send_signal(signal.SIGKILL)
        process.process.wait()
        assert store(association, paths[3]) is None
    (study,) = (item for item in (folder / "network").iterdir() if item.is_dir())
    (study / ".part-half").write_bytes(b"half an image")
    with Store(folder) as opened:
        (case,) = opened.recent(2)
        assert case.state is State.RECEIVED
        with Process(repository, folder, quiet_s=0.2) as process:
            wait_for(lambda: opened.recent(1)[0].state is State.QUEUED)
            assert len(opened.recent(2)) == 1
            process.process.terminate()
            assert process.process.wait() == 0
        found = data_sets((opened.spool / case.spool).iterdir())
    assert set(found) == {unique("study", "PHANTOM-1", number) for number in range(3)}


def test_a_disk_that_fails_is_out_of_resources(tmp_path: Path, repository: Path, calling: Calling) -> None:
    large, small = write_object(tmp_path / "large", size=1024), write_object(tmp_path / "small", number=1)
    with Process(repository, tmp_path / "store", file_max=1_000_000, quiet_s=0.2) as process:
        association = calling(process.port)
        assert store(association, large) == 0xA700
        assert store(association, small) == 0
        association.release()
        with Store(tmp_path / "store") as opened:
            wait_for(lambda: opened.recent(1)[0].state is State.QUEUED)
            (case,) = opened.recent(2)
            assert set(data_sets((opened.spool / case.spool).iterdir())) == {unique("study", "PHANTOM-1", 1)}


@pytest.mark.slow
def test_the_appliance_starts_it_where_a_port_is_set(tmp_path: Path, repository: Path, calling: Calling) -> None:
    port = free_port()
    settings = {"STORE_FOLDER": str(tmp_path / "store"), "SERVER_PORT": "0", "SCP_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "serve"],
        cwd=str(repository),
        env={**os.environ, **{f"TRIAGE_{name}": value for name, value in settings.items()}},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for(lambda: listens(port))
        association = calling(port, build_context(VERIFICATION))
        assert association.send_c_echo().Status == 0
    finally:
        process.terminate()
        process.communicate()
    assert process.returncode == 0


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def dcmtk(command: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    found = (shutil.which(command, path=folder) for folder in os.environ["PATH"].split(os.pathsep))
    # pynetdicom's commands have the same names, and are scripts
    programs = [path for path in found if path and Path(path).read_bytes()[:2] != b"#!"]
    if not programs:
        pytest.skip(f"DCMTK's {command} is not installed")
    return subprocess.run([programs[0], *map(str, arguments)], capture_output=True, text=True, timeout=60)


def test_dcmtk_asks_and_sends(tmp_path: Path) -> None:
    disc = write_study(tmp_path / "disc")
    jpeg = write_study(tmp_path / "jpeg", "jpeg", syntax="1.2.840.10008.1.2.4.70")
    with receiving(tmp_path / "store") as receiver:
        address = ("-aec", "TRIAGE", "127.0.0.1", receiver.server.port)
        assert dcmtk("echoscu", *address).returncode == 0
        for folder, *syntax in ((disc,), (jpeg, "-xs")):
            done = dcmtk("storescu", *syntax, "+sd", *address, folder)
            assert done.returncode == 0, done.stderr
        found = [receiver.files(case) for case in receiver.cases(2)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, (data_sets(disc.iterdir()), data_sets(jpeg.iterdir()))))
