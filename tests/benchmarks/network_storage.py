"""Network storage under load, beside DCMTK's storescp: ``python -m tests.benchmarks.network_storage [STUDIES]``.

Eight senders at once, each a process of its own, send studies of small images one after the other, an association a
study. Printed are studies a minute, and the time from an image's request to its answer. The appliance has an image on
the disk before it answers; storescp answers when the image is written, and leaves it to the system when it is on the
disk. The same senders send to both.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pynetdicom import AE, build_context

from appliance.store import Store
from tests.ingest.network import CT, EXPLICIT, free_port, write_object

SENDERS = 8
STUDIES = 40
IMAGES = 10
ROWS = 128


@contextmanager
def appliance_receives(folder: Path, port: int) -> Iterator[None]:
    """``triage scp`` over an empty store."""
    settings = {"STORE_FOLDER": str(folder), "SCP_PORT": str(port), "SCP_MAX_ASSOCIATIONS": "16", "SCP_QUIET_S": "2"}
    environment = {**os.environ, **{f"TRIAGE_{name}": value for name, value in settings.items()}}
    with _running([sys.executable, "-m", "appliance.cli", "scp"], port, environment):
        yield


@contextmanager
def dcmtk_receives(folder: Path, port: int) -> Iterator[None]:
    """DCMTK's ``storescp``, a process an association."""
    folder.mkdir()
    with _running(["storescp", "--fork", "+xa", "-od", str(folder), str(port)], port, dict(os.environ)):
        yield


@contextmanager
def _running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def send_studies(port: int, studies: list[list[Path]]) -> list[float]:
    """Send them in turn; seconds of each image."""
    times = []
    for study in studies:
        association = AE("SCANNER").associate("127.0.0.1", port, contexts=[build_context(CT, [EXPLICIT])])
        for path in study:
            begun = time.perf_counter()
            status = association.send_c_store(path)
            times.append(time.perf_counter() - begun)
            if status.get("Status") != 0:
                raise RuntimeError(f"not stored: {status}")
        association.release()
    return times


def measure(name: str, port: int, studies: list[list[list[Path]]]) -> None:
    """Print what one receiver does."""
    with multiprocessing.get_context("spawn").Pool(SENDERS) as pool:
        pool.map(abs, range(SENDERS * 4), chunksize=1)  # every sender is up
        begun = time.perf_counter()
        times = sorted(sum(pool.starmap(send_studies, [(port, own) for own in studies], chunksize=1), []))
        seconds = time.perf_counter() - begun
    count, late = sum(map(len, studies)), times[int(len(times) * 0.95)]
    print(
        f"{name:<24} {count / seconds * 60:7.0f} studies a minute, {len(times) / seconds:6.1f} images a second; "
        f"an image {statistics.median(times) * 1000:.1f} ms, 95 % within {late * 1000:.1f} ms, "
        f"longest {times[-1] * 1000:.0f} ms",
        flush=True,
    )


def main(each: int = STUDIES) -> None:
    """Measure and print."""
    print(f"{platform.machine()}, {os.cpu_count()} cores; {SENDERS} senders, {each} studies each, ", end="")
    print(f"{IMAGES} images of {ROWS} x {ROWS} a study", flush=True)
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as root:
        studies = [
            [
                [
                    write_object(
                        Path(root) / "sent" / f"{sender}-{study}-{number}", f"{sender}-{study}", number, size=ROWS
                    )
                    for number in range(IMAGES)
                ]
                for study in range(each)
            ]
            for sender in range(SENDERS)
        ]
        port = free_port()
        folder = Path(root) / "appliance"
        with appliance_receives(folder, port):
            measure("the appliance", port, studies)
            with Store(folder) as store:
                begun = time.perf_counter()
                while len(store.recent(SENDERS * each + 1)) < SENDERS * each and time.perf_counter() - begun < 120:
                    time.sleep(0.1)
                handed = len(store.recent(SENDERS * each + 1))
                print(f"{'':<24} {handed} studies queued {time.perf_counter() - begun:.1f} s after the last image")
        if shutil.which("storescp") is None:
            print("DCMTK's storescp is not installed: nothing to compare with")
            return
        port = free_port()
        with dcmtk_receives(Path(root) / "dcmtk", port):
            measure("DCMTK's storescp", port, studies)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
