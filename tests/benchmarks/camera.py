"""Does the appliance keep up with a camera? ``python -m tests.benchmarks.camera [SECONDS]``.

A simulated camera (1280 x 720, 30 frames a second) films a console while somebody scrolls through a simulated head. The
frames are looked at

(a) one after the other, each timed: processor time of this thread, and time by the clock;
(b) as they come from a live source that never waits: how many are used;
(c) and from the last frame on it is timed until there is a verdict.

On a busy machine the processor time is what the appliance needs; the clock says what it got.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from appliance.camera.live import LiveSource
from appliance.camera.lookers import ScrollLooker
from appliance.camera.sources import Frame
from appliance.camera.stream import StreamEnded
from appliance.config import EngineSettings, Settings
from appliance.pipeline import Pipeline
from appliance.scoring import Clock, Judgement
from tests.screens import manifest_for_photographs, slices
from training.screen.families import TRAINING
from training.screen.scroll_video import scroll_script, scroll_video
from training.screen.video_file import RATE

SEED = 3


def film(seconds: float) -> list[bytes]:
    """Frames as a camera sends them: JPEG."""
    random = np.random.default_rng(SEED)
    shown = slices()[4:-2]
    script = scroll_script(len(shown), random, (0.15, 0.4))
    factor = min(seconds / script[-1][0], 1.0)  # a short film shows the series from its start
    last = next(number for number, (at, _) in enumerate(script) if at >= factor * script[-1][0])
    frames = scroll_video(shown, random, replace(TRAINING, usable=1.0), False, script[: last + 1])
    return [cv2.imencode(".jpg", frame.photo, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes() for frame in frames]


class Recorded:
    """A camera that gives recorded frames at their rate, whether anybody looks or not."""

    def __init__(self, frames: Sequence[bytes]) -> None:
        self._frames = frames
        self._began = time.monotonic()
        self.given = 0

    def read(self) -> np.ndarray:
        """Return the frame of this moment."""
        if self.given == len(self._frames):
            raise StreamEnded
        time.sleep(max(0.0, self._began + self.given / RATE - time.monotonic()))
        self.given += 1
        return np.asarray(cv2.imdecode(np.frombuffer(self._frames[self.given - 1], np.uint8), cv2.IMREAD_COLOR))

    def darken(self) -> bool:
        """Do nothing."""
        return False

    def close(self) -> None:
        """Do nothing."""


def line(name: str, seconds: Sequence[float]) -> None:
    """Print how times are spread, in milliseconds."""
    middle, most, longest = np.percentile(seconds, (50, 95, 100)) * 1000
    print(f"{name:<44} median {middle:6.1f} ms, 95 % within {most:6.1f} ms, longest {longest:6.1f} ms", flush=True)


def main() -> None:
    """Measure and print."""
    frames = film(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
    print(f"{len(frames)} frames, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    looker, spent, waited, decoding = ScrollLooker(None), [], [], []
    for number, data in enumerate(frames):
        begun = time.thread_time()
        picture = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
        decoding.append(time.thread_time() - begun)
        begun, clock = time.thread_time(), time.perf_counter()
        looker.look(Frame(picture, number / RATE, number))
        spent.append(time.thread_time() - begun)
        waited.append(time.perf_counter() - clock)
    line("(a) a frame decoded, processor", decoding)
    line("    a frame looked at, processor", spent)
    line("    a frame looked at, clock", waited)
    print(f"    mean {1000 * np.mean(spent):.1f} ms of {1000 / RATE:.1f} ms; {looker.slices} slices", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(engine=EngineSettings(manifest=manifest_for_photographs(Path(folder) / "released")))
        with Pipeline(settings) as pipeline:
            begun, clock = time.process_time(), time.perf_counter()
            gathered = looker.gathered()
            between = time.perf_counter()
            *_, last = pipeline.pictures.gathered(gathered, Clock())
            took = f"{between - clock:.2f} s for the slices, {time.perf_counter() - between:.2f} s for the verdict"
            print(f"(c) last frame to verdict: {took} by the clock; {time.process_time() - begun:.2f} s of processor")
            if isinstance(last, Judgement):
                print(f"    {last.verdict.colour.value}: {last.verdict.reasons[0].code.value}", flush=True)

    camera, used, looker = Recorded(frames), 0, ScrollLooker(None)
    with LiveSource(lambda: camera) as source:
        for item in source:
            if isinstance(item, Frame):
                looker.look(item)
                used += 1
            if camera.given == len(frames):
                break
    print(f"(b) live: {used} of {len(frames)} frames used ({100 * used / len(frames):.0f} %), {looker.slices} slices")


if __name__ == "__main__":
    main()
