"""Speed of the viewer in a real browser: ``python -m tests.benchmarks.viewer``.

Judges and renders one simulated study of 320 slices of 512 x 512, serves it as ``triage serve`` does, opens its case in
headless Chromium with software rendering, and prints

(a) how long rendering took, and what it takes on the disk;
(b) the time from the beginning of navigation to the frame after the first slice was painted;
(c) frames a second while a wheel turns one notch a frame through all slices, first while they are still on their way,
    then from memory: by the times of the frames, and by the frames that the browser's own trace says were drawn.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from appliance import worker
from appliance.config import ServerSettings, Settings, StoreSettings
from appliance.ingest.spool import medium_path, take_in
from appliance.phantom.dicomise import write_series
from appliance.pipeline import Pipeline
from appliance.rendering import render_next
from appliance.stop import StopRequest
from appliance.store import Source, Store
from tests.running import wait_for
from tests.simulated import options, volume
from tests.web.browser import CHROMIUM, OPTIONS, answers

SLICES = 320
STEP_MM = 0.5
OPENINGS = 7

# when the canvas has taken the place of the picture that stands in for it, and that frame is over
FIRST = """
window.first = new Promise((done) => {
  const look = () => {
    if (!document.querySelector('.viewer[data-state=shown]')) return requestAnimationFrame(look);
    requestAnimationFrame(() => done(performance.now()));
  };
  requestAnimationFrame(look);
});
"""

SCROLL = """
(slices) => new Promise((done) => {
  const stage = document.querySelector('.stage');
  const number = document.querySelector('[data-over=slice]');
  const box = stage.getBoundingClientRect();
  const times = [], shown = new Set();
  const turn = (now) => {
    times.push(now);
    shown.add(number.textContent);
    if (times.length === slices) return done([times, shown.size]);
    stage.dispatchEvent(new WheelEvent('wheel', {
      deltaY: 100, bubbles: true, cancelable: true, clientX: box.left + 50, clientY: box.top + 50 }));
    requestAnimationFrame(turn);
  };
  requestAnimationFrame(turn);
})
"""


def prepare(settings: Settings) -> str:
    """Judge and render the study; return the case's id."""
    with tempfile.TemporaryDirectory() as folder, Store(settings.store.folder) as store, Pipeline(settings) as pipeline:
        write_series(Path(folder), volume(STEP_MM, rows=512), options(STEP_MM, rows=512))
        files = [[path.read_bytes()] for path in sorted(Path(folder).iterdir())]
        case = take_in(store, settings.ingest, files, Source.UPLOAD)
        job = store.jobs.claim()
        if job is None or not worker._finish(store, pipeline, job, StopRequest()):
            raise RuntimeError("no verdict")
        begun = time.perf_counter()
        render_next(store, pipeline.reader, settings.ingest, lambda spool: medium_path(store, spool), lambda: False)
        took = time.perf_counter() - begun
        size = sum(path.stat().st_size for path in (store.rendered / case.id / "series").iterdir())
        print(f"(a) {SLICES} slices of 512 x 512 rendered in {took:.2f} s, {size / 1e6:.0f} MB on the disk", flush=True)
        return case.id


def opened(browser: Browser, url: str) -> float:
    """Seconds from navigation to the first slice."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(FIRST)
    page.goto(url)
    seconds = float(page.evaluate("window.first")) / 1000
    page.close()
    return seconds


def scrolled(browser: Browser, url: str) -> None:
    """Scroll twice and print."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(url)
    page.wait_for_selector(".viewer[data-state=shown]")
    page.evaluate("document.querySelector('.viewer').scrollIntoView()")
    for name in ("on their way", "from memory"):
        page.locator("#slice").press("Home")
        page.wait_for_timeout(300 if name == "on their way" else 5000)
        browser.start_tracing(
            page=page, categories=["devtools.timeline", "disabled-by-default-devtools.timeline.frame"]
        )
        times, shown = page.evaluate(SCROLL, SLICES)
        trace = json.loads(browser.stop_tracing())["traceEvents"]
        drawn = sorted(event["ts"] for event in trace if event["name"] == "DrawFrame")
        steps = np.diff(times).tolist()
        rate = 1000 * len(steps) / sum(steps)
        by_trace = (len(drawn) - 1) * 1e6 / (drawn[-1] - drawn[0]) if len(drawn) > 1 else float("nan")
        print(
            f"(c) slices {name}: {rate:.0f} frames a second, {by_trace:.0f} drawn by the trace, longest frame "
            f"{max(steps):.0f} ms, 95th percentile {statistics.quantiles(steps, n=20)[-1]:.0f} ms, "
            f"{shown} of {SLICES} slices shown",
            flush=True,
        )
    page.close()


def main() -> None:
    """Measure and print."""
    if CHROMIUM is None:
        sys.exit("There is no Chromium on this machine.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(server=ServerSettings(port=port), store=StoreSettings(Path(folder) / "store"))
        url = f"http://127.0.0.1:{port}/cases/{prepare(settings)}?lang=en"
        environment = {"TRIAGE_STORE_FOLDER": str(settings.store.folder), "TRIAGE_SERVER_PORT": str(port)}
        process = subprocess.Popen([sys.executable, "-m", "appliance.cli", "web"], env={**os.environ, **environment})
        try:
            wait_for(lambda: answers(url))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
                times = [opened(browser, url) for _ in range(OPENINGS)]
                print(f"(b) first slice after {statistics.median(times):.3f} s (", end="")
                print(f"{min(times):.3f} to {max(times):.3f}, {OPENINGS} openings)", flush=True)
                scrolled(browser, url)
                browser.close()
        finally:
            process.terminate()
            process.wait()
        print(f"load {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
