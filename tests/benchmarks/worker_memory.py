"""Memory of the worker while it judges many studies: ``python -m tests.benchmarks.worker_memory [STUDIES]``.

Each is a small simulated study of another patient; every fifth comes twice and every seventh is damaged, as in life.
Printed is the memory that belongs to the worker and its decoding children alone (unique set size), and at the end how
much it has grown since the fiftieth study.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from appliance import worker
from appliance.config import Settings, StoreSettings
from appliance.ingest.spool import take_in
from appliance.store import Case, Source, Store
from tests.soak.studies import study

STUDIES = 1000
SETTLED = 50
LIMIT_MB = 20.0
_AT_ONCE = 10


def files_of(number: int) -> list[bytes]:
    """Content of a study's files; some are torn."""
    files = list(study(number).images.values())
    return [file[: len(file) // 2] for file in files] if number % 7 == 0 else files


def send(store: Store, settings: Settings, numbers: Iterator[int]) -> list[Case]:
    """Take in the next studies."""
    cases = []
    for number in numbers:
        for _ in range(2 if number % 5 == 0 else 1):
            cases.append(take_in(store, settings.ingest, [[file] for file in files_of(number)], Source.UPLOAD))
        if len(cases) >= _AT_ONCE:
            break
    return cases


def megabytes(pid: int) -> tuple[float, float]:
    """Unique memory of a worker, and of it with its children."""
    process = psutil.Process(pid)
    own = process.memory_full_info().uss
    family = sum(child.memory_full_info().uss for child in process.children(recursive=True))
    return own / 1e6, (own + family) / 1e6


def main(count: int = STUDIES) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as folder:
        settings = Settings(store=StoreSettings(Path(folder) / "store"))
        with Store(settings.store.folder) as store:
            process = multiprocessing.get_context("spawn").Process(target=worker.run, args=(settings,))
            process.start()
            numbers, done, begun = iter(range(1, count + 1)), 0, time.monotonic()
            measured: list[tuple[int, float, float]] = []
            while True:
                cases = send(store, settings, numbers)
                if not cases:
                    break
                while not all(found.state.final for found in map(store.numbered, (c.number for c in cases)) if found):
                    time.sleep(0.02)
                done += len(cases)
                if not measured or done - measured[-1][0] >= SETTLED:
                    measured.append((done, *megabytes(process.pid or 0)))
                    print("after {:5d} cases: worker {:6.1f} MB, with its children {:6.1f} MB".format(*measured[-1]))
            seconds = time.monotonic() - begun
            measured.append((done, *megabytes(process.pid or 0)))
            process.terminate()
            process.join()
        first = next(values for values in measured if values[0] >= SETTLED)
        own, family = measured[-1][1] - first[1], measured[-1][2] - first[2]
        highest = max(values[1] for values in measured) - first[1]
        print(f"{done} cases in {seconds:.0f} s; since case {first[0]} the worker has grown by {own:.1f} MB ", end="")
        print(f"(at most {highest:.1f}; the limit is {LIMIT_MB:.0f}), with its children by {family:.1f} MB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
