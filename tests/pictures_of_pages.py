"""Take the README's pictures of the page anew: ``make pictures``. All that they show is simulated.

The case and the viewer are of the demonstration as ``triage serve --demo`` judges it; the wall and the other pages are
of verdicts made by hand, with the demonstration's slices.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Iterator, List, Literal

import cv2
import numpy as np
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from appliance.config import HospitalSettings, ServerSettings, Settings, StoreSettings
from appliance.store import Source, Store
from appliance.store.people import Role
from appliance.store.pictures import write_pictures
from appliance.study import StudySummary
from appliance.web import create_app
from tests.verdicts import VERDICTS
from tests.web.browser import CHROMIUM, OPTIONS
from tests.web.logins import PASSWORD, set_up

IMAGES = Path(__file__).parent.parent / "docs" / "images"
HOSPITAL = HospitalSettings("模擬記念病院", "0120-000-000", "脳神経外科オンコール")
PATIENCE_MS = 120_000


@contextmanager
def demonstration(folder: Path) -> Iterator[str]:
    """Serve the demonstration, and yield its address."""
    settings = {
        "TRIAGE_STORE_FOLDER": str(folder),
        "TRIAGE_SERVER_PORT": "0",
        "TRIAGE_HOSPITAL_ON_CALL_NUMBER": HOSPITAL.on_call_number,
        "TRIAGE_HOSPITAL_ON_CALL_LABEL": HOSPITAL.on_call_label,
    }
    command = [sys.executable, "-m", "appliance.cli", "serve", "--demo"]
    process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def made_cases(folder: Path, slices: List[np.ndarray], logins: Literal["auto", "on"]) -> Iterator[str]:
    """Serve one case of every colour and one that waits, and yield the address."""
    app = create_app(
        Settings(server=ServerSettings(port=0, logins=logins), store=StoreSettings(folder), hospital=HOSPITAL)
    )
    store: Store = app.extensions["store"]
    today = StudySummary("1.2.3", datetime.now().date().isoformat(), "00:01", 3)
    for name, source in (("green", Source.MEDIA), ("refer", Source.MEDIA), ("red", Source.NETWORK)):
        store.arrivals.queue(source, name)
        job = store.jobs.claim()
        assert job is not None
        write_pictures(store.rendered, job.case_id, slices[: len(VERDICTS[name].zones)])
        store.jobs.finish(job, replace(VERDICTS[name], study=today))
    if logins == "on":
        set_up(store, "sato", Role.DOCTOR)
        set_up(store, "tanaka", Role.ADMINISTRATOR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        store.close()


def demo_pictures(browser: Any, folder: Path) -> None:
    """Take the case and the viewer."""
    with demonstration(folder) as address:
        page = browser.new_page(viewport={"width": 960, "height": 1030})
        page.goto(address + "?lang=ja")
        page.locator("#recent .red a").click(timeout=PATIENCE_MS)
        page.wait_for_selector(".viewer[data-state=shown]", timeout=PATIENCE_MS)
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=IMAGES / "case.png")
        page.set_viewport_size({"width": 1180, "height": 900})
        page.reload()
        viewer = page.locator("#series > section")
        page.wait_for_selector(".viewer[data-state=shown]", timeout=PATIENCE_MS)
        viewer.screenshot(path=IMAGES / "viewer.png")
        page.close()


def wall_picture(browser: Any, folder: Path, slices: List[np.ndarray]) -> None:
    """Take the wall."""
    with made_cases(folder, slices, "auto") as address:
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.goto(address + "?lang=ja")
        page.locator("#recent .red").wait_for()
        page.screenshot(path=IMAGES / "wall.png")
        page.close()


def all_pages(browser: Any, folder: Path, slices: List[np.ndarray]) -> None:
    """Take six other pages into one picture, three rows of two."""
    with made_cases(folder, slices, "on") as address:
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        taken = []

        def take() -> None:
            page.wait_for_load_state("load")
            shot = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
            taken.append(cv2.resize(shot, (640, 550), interpolation=cv2.INTER_AREA))

        page.goto(address + "/login?lang=en")
        take()
        page.fill("[name=name]", "tanaka")
        page.fill("[name=password]", PASSWORD)
        page.locator("main form button[type=submit]").click()
        page.wait_for_selector("#recent")
        for path in ("cases", "account", "people", "admin"):
            page.goto(f"{address}/{path}")
            take()
        page.goto(f"{address}/cases")
        page.goto(page.locator(".list .red a").evaluate("one => one.href") + "/handover")
        take()
        page.close()
    rows = [np.hstack(taken[first : first + 2]) for first in (0, 2, 4)]
    cv2.imwrite(str(IMAGES / "pages.png"), np.vstack(rows), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main() -> None:
    """Take all."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        demo_pictures(browser, folder / "demo")
        zones = sorted((folder / "demo").glob("rendered/*/zone-*.png"))
        slices = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in zones]
        wall_picture(browser, folder / "wall", slices)
        all_pages(browser, folder / "pages", slices)
        browser.close()


if __name__ == "__main__":
    main()
