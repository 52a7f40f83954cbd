"""Speed and memory of the appliance beside SimpleITK, on one simulated study: ``make bench``.

Writes 320 slices of 512 x 512, uncompressed and JPEG lossless, and measures in one run

(a) a warm appliance, folder to verdict, every slab judged;
(b) SimpleITK's series reader on the same files, averaged into the same slabs, followed by the same network on them;
(c) the memory of (a), all its processes together;
(d) a cold ``triage study`` on 30 slices;
(e) the network alone on one core, float against int8.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import psutil
import SimpleITK

from appliance.config_file import load_settings
from appliance.dicom.stack import window
from appliance.imaging.brain import find_brain
from appliance.imaging.head import find_heads
from appliance.imaging.tensor import to_tensor
from appliance.inference.onnx_engine import OnnxEngine
from appliance.inference.release import Release, load_release
from appliance.phantom.dicomise import write_series
from appliance.phantom.transcode import JPEG_LOSSLESS
from appliance.pipeline import Pipeline
from appliance.scoring import Judgement
from appliance.study import SliceStack
from tests.benchmarks.network import measure
from tests.simulated import options, volume

SLICES = 320
STEP_MM = 0.5
REPEATS = 7
UNCOMPRESSED = "1.2.840.10008.1.2.1"


class Memory:
    """Peak of the proportional memory (PSS) of this process's children and itself, sampled in the background."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        parent = psutil.Process()
        while not self._stop.wait(0.02):
            total = 0
            for process in [parent, *parent.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak_mb = max(self.peak_mb, total / 1e6)


def seconds(run: Callable[[], object]) -> list[float]:
    """Times of several runs."""
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return times


def line(name: str, times: Sequence[float]) -> None:
    """Print a median and the range around it."""
    print(f"{name:<68} {statistics.median(times):6.3f} s  ({min(times):.3f} to {max(times):.3f}, {len(times)} runs)")


def appliance_judges(pipeline: Pipeline, folder: Path) -> Judgement:
    """Folder to verdict."""
    *_, last = pipeline.judge(folder)
    if not isinstance(last, Judgement) or not last.verdict.zones:
        raise RuntimeError(f"no verdict: {last}")
    return last


def simpleitk_judges(engine: OnnxEngine, release: Release, folder: Path) -> np.ndarray:
    """The same with SimpleITK's reader: series, volume, slabs of 10 slices, head, tensor, network."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    slices = SimpleITK.GetArrayViewFromImage(image)
    per_slab = round(5.0 / STEP_MM)
    slabs = slices.reshape(-1, per_slab, *slices.shape[1:]).mean(axis=1, dtype=np.float32)
    hounsfield = np.rint(slabs).astype(np.int16)
    pixels = window(hounsfield, release.window_width, release.window_level)
    stack = SliceStack(pixels, tuple(map(str, range(len(pixels)))))
    heads = find_heads(stack)
    return engine.scores(to_tensor(stack, heads, release.size, find_brain(stack, heads).indices))


def main() -> None:
    """Measure and print."""
    settings = load_settings()
    release = load_release(settings.engine.manifest)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; simulated head, ", end="")
    print(f"{SLICES} slices of 512 x 512, {STEP_MM} mm; times are medians", flush=True)
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as root:
        folders = {"uncompressed": Path(root) / "raw", "JPEG lossless": Path(root) / "jpeg"}
        head = volume(STEP_MM, rows=512)
        for folder, syntax in zip(folders.values(), (UNCOMPRESSED, JPEG_LOSSLESS)):  # noqa: B905
            write_series(folder, head, options(STEP_MM, rows=512, transfer_syntax=syntax))
        thick = Path(root) / "thick"
        cold_volume = volume(5.0, rows=512)[:30]
        write_series(thick, cold_volume, options(5.0, rows=512, positions_mm=options(5.0).positions_mm[:30]))
        volume.cache_clear()
        del head

        with Pipeline(settings) as pipeline:
            ours = {}
            for name, folder in folders.items():
                appliance_judges(pipeline, folder)
                ours[name] = seconds(lambda folder=folder: appliance_judges(pipeline, folder))
                line(f"(a) warm appliance, {name}", ours[name])
        # apart from the times, which the sampling would lengthen
        with Memory() as memory, Pipeline(settings) as pipeline:
            for folder in folders.values():
                appliance_judges(pipeline, folder)
        with OnnxEngine(release, settings.engine.threads) as engine:
            for name, folder in folders.items():
                simpleitk_judges(engine, release, folder)
                theirs = seconds(lambda folder=folder: simpleitk_judges(engine, release, folder))
                line(f"(b) SimpleITK {SimpleITK.Version_VersionString()} and the same network, {name}", theirs)
                print(f"    (b) / (a): {statistics.median(theirs) / statistics.median(ours[name]):.2f}")
            zeros = np.zeros((32, 1, release.size, release.size), dtype=np.float32)
            line("    the network alone, 32 slices", seconds(lambda: engine.scores(zeros)))
        print(f"{'(c) peak memory of the appliance, all processes':<68} {memory.peak_mb:6.0f} MB (PSS)")
        command = [sys.executable, "-m", "appliance.cli", "study", str(thick), "--json"]
        line(
            "(d) cold `triage study`, 30 slices",
            seconds(lambda: subprocess.run(command, check=True, capture_output=True)),
        )
    print("(e) ", end="")
    measure(release)


if __name__ == "__main__":
    main()
