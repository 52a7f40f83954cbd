"""Speed of a released network on one core, float against int8: ``python -m tests.benchmarks.network [MANIFEST]``."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime

from appliance.inference.onnx_engine import OnnxEngine
from appliance.inference.release import Release, load_release

BATCHES = (1, 8, 32)
"""A picture, the reference's study, and a whole head."""

SLICES = 320
"""Slices that each batch size scores in all."""


def milliseconds(engine: OnnxEngine, size: int, batch: int) -> list[float]:
    """Processor time of a slice in each of several runs of one batch, which other work on the machine hardly moves."""
    slices = np.random.default_rng(0).random((batch, 1, size, size), dtype=np.float32)
    times = []
    for _ in range(SLICES // batch):
        begun = time.thread_time()
        engine.scores(slices)
        times.append((time.thread_time() - begun) * 1000 / batch)
    return times


def measure(release: Release) -> None:
    """Print ms a slice at each precision and batch size, the size of the file, and which one the engine takes."""
    files = {"fp32": release.onnx, "int8": release.int8}
    print(f"{release.name} {release.version}, {release.size} x {release.size}, ", end="")
    print(f"onnxruntime {onnxruntime.__version__}, one core; ms of it a slice, median (shortest)")
    for precision, path in files.items():
        if path is None:
            continue
        with OnnxEngine(release, 1, precision) as engine:
            runs = {batch: milliseconds(engine, release.size, batch) for batch in BATCHES}
        figures = [f"{batch} at once {statistics.median(ms):.2f} ({min(ms):.2f})" for batch, ms in runs.items()]
        print(f"    {precision}, {path.stat().st_size / 1e6:.2f} MB: {', '.join(figures)}")
    begun = time.perf_counter()
    with OnnxEngine(release, 1) as engine:
        print(f"    taken: {engine.identity.precision}, ready after {time.perf_counter() - begun:.2f} s", flush=True)


if __name__ == "__main__":
    measure(load_release(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
