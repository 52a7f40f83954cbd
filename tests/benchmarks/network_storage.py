"""Network storage under load, beside DCMTK's storescp: ``python -m tests.benchmarks.network_storage [STUDIES]``.

Eight senders at once, each a process of its own, send simulated head studies one after the other, an association a
study. The odd ones are DCMTK's storescu, the even ones pynetdicom. Printed are studies a minute, how long pynetdicom's
senders wait for an answer, and, for the appliance, whose worker judges meanwhile, the time from the last image of a
study to its verdict; then the same for single studies that come to an idle appliance.

The appliance has an image on the disk before it answers; storescp answers when the image is written, and leaves it to
the system when it is on the disk.
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

from appliance.phantom.disc import DEMO_BLEED, write_demo_disc
from appliance.store import Case, State, Store
from tests.ingest.network import CT, EXPLICIT, free_port
from tests.soak.studies import study

SENDERS = 8
STUDIES = 40
QUIET_S = 3.0
ALONE = 5

Sent = tuple[list[float], dict[str, float]]
"""Seconds to the answer of each image, and when the last image of each study was sent."""


@contextmanager
def appliance_receives(folder: Path, port: int) -> Iterator[None]:
    """``triage serve`` with network storage, over an empty store."""
    settings = {"STORE_FOLDER": str(folder), "SCP_PORT": str(port), "SCP_MAX_ASSOCIATIONS": "16", "SERVER_PORT": "0"}
    settings["SCP_QUIET_S"] = str(QUIET_S)
    environment = {**os.environ, **{f"TRIAGE_{name}": value for name, value in settings.items()}}
    with _running([sys.executable, "-m", "appliance.cli", "serve"], port, environment):
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


def send_by_pynetdicom(port: int, folders: list[tuple[str, Path]]) -> Sent:
    """Send studies in turn, image by image."""
    times, last = [], {}
    for uid, folder in folders:
        association = AE("SCANNER").associate("127.0.0.1", port, contexts=[build_context(CT, [EXPLICIT])])
        for path in sorted(folder.iterdir()):
            begun = time.perf_counter()
            status = association.send_c_store(path)
            times.append(time.perf_counter() - begun)
            if status.get("Status") != 0:
                raise RuntimeError(f"not stored: {status}")
        last[uid] = time.time()
        association.release()
    return times, last


def send_by_dcmtk(port: int, folders: list[tuple[str, Path]]) -> Sent:
    """Send studies in turn with storescu, which says nothing of single images."""
    last = {}
    for uid, folder in folders:
        subprocess.run(["storescu", "+sd", "127.0.0.1", str(port), str(folder)], check=True, capture_output=True)
        last[uid] = time.time()
    return [], last


def send(number: int, port: int, folders: list[tuple[str, Path]]) -> Sent:
    """Send by one of the two."""
    by_dcmtk = number % 2 == 1 and shutil.which("storescu") is not None
    return (send_by_dcmtk if by_dcmtk else send_by_pynetdicom)(port, folders)


def measure(name: str, port: int, studies: list[list[tuple[str, Path]]]) -> dict[str, float]:
    """Print what one receiver does, and return when each study was sent."""
    with multiprocessing.get_context("spawn").Pool(SENDERS) as pool:
        pool.map(abs, range(SENDERS * 4), chunksize=1)  # every sender is up
        begun = time.perf_counter()
        sent = pool.starmap(send, [(number, port, own) for number, own in enumerate(studies)], chunksize=1)
        seconds = time.perf_counter() - begun
    count = sum(map(len, studies))
    answers = spread([seconds for times, _ in sent for seconds in times])
    print(f"{name:<20} {count / seconds * 60:6.0f} studies a minute; an image {answers}")
    return {uid: when for _, last in sent for uid, when in last.items()}


def spread(times: list[float]) -> str:
    """Median, 95th percentile and longest, in words."""
    times = sorted(times)
    late = times[int(len(times) * 0.95)]
    return f"{statistics.median(times):.3f} s, 95 % within {late:.3f} s, longest {times[-1]:.3f} s"


def verdicts(folder: Path, count: int) -> list[Case]:
    """Wait for the end of so many cases."""
    with Store(folder) as store:
        while sum(case.state.final for case in store.recent(-1)) < count:
            time.sleep(0.2)
        return store.recent(-1)


def latencies(cases: list[Case], sent: dict[str, float]) -> list[float]:
    """Seconds from the last image of each study to its verdict."""
    return [
        case.finished_at.timestamp() - sent[case.judged_study_uid]
        for case in cases
        if case.finished_at and case.judged_study_uid in sent
    ]


def write_studies(root: Path, each: int) -> list[list[tuple[str, Path]]]:
    """Write the studies of each sender into folders."""
    written = []
    for sender in range(SENDERS):
        own = []
        for number in range(sender * each, (sender + 1) * each):
            made, folder = study(number + 1), root / f"{number:05d}"
            folder.mkdir(parents=True)
            for index, content in enumerate(made.images.values()):
                (folder / f"{index:03d}").write_bytes(content)
            own.append((made.uid, folder))
        written.append(own)
    return written


def main(each: int = STUDIES) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as name:
        root = Path(name)
        studies = write_studies(root / "sent", each)
        machine, images = f"{platform.machine()}, {os.cpu_count()} cores", len(study(1).images)
        print(f"{machine}; {SENDERS} senders, {each} studies of {images} images each")
        port, folder = free_port(), root / "appliance"
        with appliance_receives(folder, port):
            sent = measure("the appliance", port, studies)
            cases = verdicts(folder, SENDERS * each)
            arrived, colours = len({case.judged_study_uid for case in cases}), sum(c.state is State.DONE for c in cases)
            print(f"{'':<20} {arrived} studies arrived, {colours} have a colour")
            waited = f"from the last image to the verdict, {QUIET_S:.0f} s of waiting included"
            print(f"{'':<20} {waited}: {spread(latencies(cases, sent))}")
            alone = []
            for seed in range(ALONE):
                disc = write_demo_disc(root / f"disc-{seed}", DEMO_BLEED, seed)
                soft = [(disc.study_uid, disc.series["soft"][0].parent)]
                _, last = send_by_pynetdicom(port, soft)
                alone += latencies(verdicts(folder, SENDERS * each + seed + 1), last)
            print(f"{'':<20} single studies of {len(disc.series['soft'])} images of 512 x 512: {spread(alone)}")
        if shutil.which("storescp") is None:
            print("DCMTK's storescp is not installed: nothing to compare with")
            return
        port = free_port()
        with dcmtk_receives(root / "dcmtk", port):
            measure("DCMTK's storescp", port, studies)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
