"""Where media appear, and the command that watches there."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

from appliance import notify
from appliance.config import IngestSettings
from appliance.ingest.copies import Copies
from appliance.ingest.place import FolderPlace, MediaPlaceError, printable
from appliance.ingest.survey import survey
from appliance.ingest.udev import UdevPlace, mounts_below
from appliance.store import Store
from tests.running import disc_files, wait_for


def test_names_of_media_are_one_line() -> None:
    assert printable("ＣＴ disc 1") == "ＣＴ disc 1"
    assert printable("a\nb\x1b[31m\udc83") == "a?b?[31m?"
    assert len(printable("x" * 200)) == 40


def test_mounts_are_those_directly_below_the_folder() -> None:
    mounts = "\n".join(
        [
            "36 35 8:17 / /run/triage-media/sdb1 ro,nosuid - vfat /dev/sdb1 ro",
            r"37 35 11:0 / /run/triage-media/a\040b ro - iso9660 /dev/sr0 ro",
            "38 35 8:1 / / rw - ext4 /dev/sda1 rw",
            "39 36 8:33 / /run/triage-media/sdb1/deeper ro - vfat /dev/sdc1 ro",
            "",
        ]
    )
    folder = Path("/run/triage-media")
    assert mounts_below(folder, mounts) == {"8:17": ("36", folder / "sdb1"), "11:0": ("37", folder / "a b")}


def test_without_pyudev_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyudev", None)
    with pytest.raises(MediaPlaceError, match="pip install 'pyudev>=0.24'"):
        UdevPlace(tmp_path)


def test_a_folder_that_is_not_there_has_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MediaPlaceError, match="--folder"):
        FolderPlace(tmp_path / "absent")


def test_a_large_file_and_a_long_list_are_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scratched disc may hold either for minutes; the service manager is told at each piece of them."""
    disc = tmp_path / "disc"
    (disc / "DICOM").mkdir(parents=True)
    (disc / "DICOM" / "IM1").write_bytes(bytes(128) + b"DICM" + bytes(4 << 20))
    (disc / "README").write_text("a viewer")
    monkeypatch.setenv(notify.VARIABLE, str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard, Store(tmp_path / "store") as store:
        heard.bind(str(tmp_path / "notify"))
        heard.setblocking(False)

        def signs() -> int:
            found = 0
            while True:
                try:
                    found += heard.recv(100) == b"WATCHDOG=1"
                except BlockingIOError:
                    return found

        survey(disc, IngestSettings())
        assert signs() == 2 + 2 + 2, "two folders, two files, and the start of each"
        copy = Copies(store, tmp_path, IngestSettings()).take(str(disc / "DICOM" / "IM1"))
        assert copy is not None and copy.stat().st_size == 132 + (4 << 20)
        assert signs() >= 4, "one for each MiB"


@pytest.fixture
def watching(tmp_path: Path, repository: Path) -> Iterator[Callable[[], Store]]:
    """Start the real command over a folder, and open its store."""
    (tmp_path / "drive").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "watch-media", "--folder", str(tmp_path / "drive")],
        cwd=str(repository),
        env={**os.environ, "TRIAGE_STORE_FOLDER": str(tmp_path / "store")},
        stderr=subprocess.PIPE,
        text=True,
    )
    with Store(tmp_path / "store") as store:
        yield lambda: store
    process.send_signal(signal.SIGTERM)
    _, complaints = process.communicate()
    assert process.returncode == 0 and "Traceback" not in complaints


def test_the_command_waits_for_a_folder_that_is_being_filled(watching: Callable[[], Store], tmp_path: Path) -> None:
    store = watching()
    disc = tmp_path / "drive" / "disc"
    disc.mkdir()
    files = [file for file in disc_files() if len(file) > 100_000]
    for number, content in enumerate(files):
        (disc / f"IM{number}").write_bytes(content)
        time.sleep(0.03)
    row = wait_for(lambda: next(iter(store.media.shown()), None))
    wait_for(lambda: store.recent(1))
    (case,) = store.recent(9)
    assert len(list((store.spool / case.spool).iterdir())) == len(files)
    assert row.name == "disc"
    shutil.rmtree(disc)
    wait_for(lambda: not store.media.shown())


def test_the_command_without_a_folder_is_one_sentence(tmp_path: Path, repository: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "appliance.cli", "watch-media"],
        cwd=str(repository),
        env={**os.environ, "TRIAGE_STORE_FOLDER": str(tmp_path / "store")},
        capture_output=True,
        text=True,
    )
    assert run.returncode not in (0, 1) and "--folder DIR" in run.stderr and "Traceback" not in run.stderr
