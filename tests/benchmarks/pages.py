"""Open pages under load: ``python -m tests.benchmarks.pages [SECONDS]``.

A store of 200 judged cases. First a real browser: until the wall can be used, and from a verdict to its card on an open
page. Then 50 open pages and a study a second: every request's time, what failed, and whether every page heard of every
study.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import sync_playwright

from appliance.store import Source, Store
from appliance.store.pictures import write_pictures
from tests.soak.studies import study
from tests.verdicts import VERDICTS
from tests.web.test_browser import CHROMIUM, OPTIONS

CASES = 200
PAGES = 50
SECONDS = 120
_SEEN = """
() => {
  window.seen = {};
  const look = () => document.querySelectorAll(".cards li").forEach((card) => {
    const key = card.querySelector("a").pathname + " " + card.className;
    window.seen[key] = window.seen[key] || Date.now() / 1000;
  });
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}
"""


@dataclass
class Tally:
    """What the clients of a load met."""

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    heard: list[set[str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def timed(self, ask: Callable[[], None]) -> None:
        """Ask, and note how long it took or what went wrong."""
        begun = time.perf_counter()
        try:
            ask()
        except (OSError, http.client.HTTPException, ValueError) as error:
            with self.lock:
                self.failed.append(repr(error))
        with self.lock:
            self.seconds.append(time.perf_counter() - begun)


def fill(store: Store) -> None:
    """Make the store that of a busy week."""
    names = list(VERDICTS)
    for number in range(CASES):
        verdict = VERDICTS[names[number % len(names)]]
        store.arrivals.queue(Source.MEDIA, f"filled-{number}")
        job = store.jobs.claim()
        if job is None:
            raise RuntimeError("nothing to claim")
        write_pictures(store.rendered, job.case_id, [np.full((256, 256), 90, np.uint8)] * len(verdict.zones))
        store.jobs.finish(job, verdict)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """``triage serve`` over a store; its address."""
    environment = {**os.environ, "TRIAGE_STORE_FOLDER": str(folder), "TRIAGE_SERVER_PORT": "0"}
    command = [sys.executable, "-m", "appliance.cli", "serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if process.stdout is None:
        raise RuntimeError("no output")
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait()


def ask(address: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    headers = {"Accept": "application/json" if body else "text/html"}
    if body:
        headers["Content-Type"] = "multipart/form-data; boundary=x"
    connection.request("POST" if body else "GET", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def upload(address: str, number: int) -> str:
    """Send a study as a browser does, and return its case's path."""
    form = b'--x\r\nContent-Disposition: form-data; name="files"; filename="1"\r\n\r\n' + study(number).zipped()
    status, content = ask(address, "/cases", form + b"\r\n--x--\r\n")
    if status != 201:
        raise ValueError(f"upload: {status}")
    return str(json.loads(content)["case"])


def open_page(address: str, tally: Tally, heard: set[str], until: float) -> None:
    """Be an open wall: ask once, then listen, or ask again where there is no place to listen."""

    def get() -> None:
        status, content = ask(address, "/?lang=en")
        if status != 200:
            raise ValueError(f"wall: {status}")
        heard.update(re.findall(r'href="(/cases/[^"?]+)"', content.decode()))

    tally.timed(get)
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request("GET", "/events?lang=en")
    stream = connection.getresponse()
    while time.monotonic() < until:
        if stream.status == 200:
            line = stream.readline().decode()
            if line.startswith("data: "):
                heard.update(re.findall(r'href="(/cases/[^"?]+)"', json.loads(line[6:])))
        else:
            time.sleep(2)
            tally.timed(get)
    connection.close()


def load(address: str, seconds: float) -> None:
    """Measure and print the load."""
    tally, until = Tally(), time.monotonic() + seconds + 5
    pages = []
    for _ in range(PAGES):
        heard: set[str] = set()
        tally.heard.append(heard)
        pages.append(threading.Thread(target=open_page, args=(address, tally, heard, until), daemon=True))
        pages[-1].start()
    sent: list[str] = []
    begun = time.monotonic()
    for number in range(int(seconds)):
        time.sleep(max(0.0, begun + number - time.monotonic()))
        threading.Thread(
            target=tally.timed, args=(lambda number=number: sent.append(upload(address, 10_000 + number)),), daemon=True
        ).start()
    for page in pages:
        page.join()
    ended = sum(json.loads(ask(address, path + ".json")[1])["state"] in ("done", "refused") for path in sent)
    missed = sum(len(set(sent) - heard) for heard in tally.heard)
    times = sorted(tally.seconds)
    print(f"{PAGES} open pages, {len(sent)} studies in {seconds:.0f} s, {ended} of them judged 5 s after the last")
    print(
        f"{len(times)} requests: median {statistics.median(times):.3f} s, 99 % {times[int(len(times) * 0.99)]:.3f} s, ",
        end="",
    )
    print(f"longest {times[-1]:.3f} s (limit 1); {len(tally.failed)} failed; {missed} news missed by a page")


def in_a_browser(address: str, folder: Path) -> None:
    """Measure and print what one reader sees."""
    with sync_playwright() as playwright, Store(folder) as store:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        usable, late = [], []
        for _ in range(5):
            page = browser.new_page()
            page.goto(address)
            usable.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"))
            page.close()
        page = browser.new_page()
        page.goto(address)
        page.evaluate(_SEEN)
        for number in range(5):
            path = upload(address, 20_000 + number)
            case = None
            while case is None or not case.state.final:
                page.wait_for_timeout(100)
                case = store.case(path.rsplit("/", 1)[1])
            page.wait_for_timeout(1500)
            seen = {tuple(key.split(" ")[:2]): when for key, when in page.evaluate("window.seen").items()}
            done = [seen[path, look] for look in ("red", "green", "refer") if (path, look) in seen]
            if case.finished_at and done:
                late.append(min(done) - case.finished_at.timestamp())
        browser.close()
    print(f"the wall of {CASES} cases: loaded after {statistics.median(usable):.2f} s, ", end="")
    print(f"at most {max(usable):.2f} s (limit 1)")
    print(f"from a verdict to its card: {statistics.median(late):.2f} s, at most {max(late):.2f} s (limit 0.5)")


def main(seconds: float = SECONDS) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as name:
        folder = Path(name) / "store"
        with Store(folder) as store:
            fill(store)
        with serving(folder) as address:
            in_a_browser(address, folder)
            load(address, seconds)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
