"""Disks that fill up or fail and records that break, while the whole appliance runs: it says so, and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest

from appliance.config import IngestSettings, Settings, StoreSettings
from appliance.doctor import examine
from appliance.store.aside import DATABASE
from tests.disks import fill, read_only, small_disk
from tests.running import disc_files, wait_for, zipped
from tests.store.test_aside import damage
from tests.test_serve import address_of, document, send, workers

pytestmark = pytest.mark.slow  # one Python is enough

Start = Callable[[Path], str]


@pytest.fixture
def started() -> Iterator[List[subprocess.Popen[str]]]:
    processes: List[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.terminate()
        process.communicate()


@pytest.fixture
def start(repository: Path, started: List[subprocess.Popen[str]]) -> Start:
    """Start ``triage serve`` over a store and return its address."""

    def run(folder: Path) -> str:
        settings = {"STORE_FOLDER": str(folder), "SERVER_PORT": "0", "INGEST_MIN_FREE_MB": "4"}
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli", "serve"],
            cwd=str(repository),
            env={**os.environ, **{f"TRIAGE_{name}": value for name, value in settings.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return address_of(process)

    return run


def refusal(address: str) -> Dict[str, str]:
    """Send a study that is refused, and return why."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        send(address, zipped(disc_files()))
    assert caught.value.code == 507
    error: Dict[str, str] = json.load(caught.value)["error"]
    return error


def judged(address: str, body: bytes) -> object:
    """Send a study and return how it ends."""
    case = send(address, body)
    return wait_for(lambda: document(case))["state"]


def page(address: str) -> str:
    with urllib.request.urlopen(address + "?lang=en") as answer:
        text: str = answer.read().decode()
    return text.replace("&#39;", "'")


def doctor_says(folder: Path) -> str:
    settings = Settings(store=StoreSettings(folder), ingest=IngestSettings(min_free_mb=4))
    return "\n".join(finding.detail for finding in examine(settings) if finding.needed and not finding.works)


def test_a_full_and_a_read_only_disk(tmp_path: Path, start: Start) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        folder = disk / "store"
        address = start(folder)
        ballast = fill(disk, keep=3_000_000)
        assert refusal(address)["code"] == "disk_full"
        sentence = "of the appliance's disk are free: no new study is taken in."
        assert sentence in page(address) and sentence in doctor_says(folder)
        ballast.unlink()
        assert "no new study" not in page(address)
        assert judged(address, zipped(disc_files())) == "done"

        with read_only(folder / "temporary"), read_only(folder / "spool"):
            assert refusal(address)["code"] == "disk_read_only"
            assert "disk cannot be written" in page(address) and "disk cannot be written" in doctor_says(folder)
        assert "cannot be written" not in page(address)
        assert judged(address, zipped(disc_files(seed=1))) == "done"


def test_a_disk_that_is_full_to_the_last_byte(tmp_path: Path, start: Start) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        address = start(disk / "store")
        case = send(address, zipped(disc_files()))
        ballast = fill(disk)
        assert "no new study is taken in" in page(address), "reading needs no room"
        ballast.unlink()
        assert wait_for(lambda: document(case))["state"] == "done", "it waits until there is room"
        assert judged(address, zipped(disc_files(seed=1))) == "done"


def test_records_that_break_while_it_runs(tmp_path: Path, start: Start, started: List[subprocess.Popen[str]]) -> None:
    folder = tmp_path / "store"
    address = start(folder)
    first = send(address, zipped(disc_files()))
    assert wait_for(lambda: document(first))
    for name in (DATABASE, f"{DATABASE}-wal"):
        damage(folder / name)
    (worker,) = wait_for(lambda: workers(started[0]))
    worker.kill()  # or a minute passes: each process has read the file already

    def again() -> bool:
        try:
            return "records were damaged and set aside" in page(address)
        except urllib.error.HTTPError as error:
            assert "Read the study now" in error.read().decode() or error.code == 500
            return False

    wait_for(again)
    assert "records were damaged and set aside" in doctor_says(folder)
    assert judged(address, zipped(disc_files(seed=1))) == "done"
    with urllib.request.urlopen(address) as answer:
        assert answer.read().decode().count('class="word"') == 2, "the first study was judged again from the spool"
