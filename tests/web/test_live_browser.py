"""What open pages do when the appliance falls silent, and while somebody writes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from pathlib import Path
from typing import Any, Iterator, Tuple

import pytest

from appliance.config import ServerSettings, Settings, StoreSettings
from appliance.store import Case, Source, Store
from appliance.web import server
from tests.running import wait_for
from tests.verdicts import RED

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.web.browser import answers  # noqa: E402
from tests.web.test_browser import browser, expect, pytestmark  # noqa: E402, F401

Served = Tuple[str, Store, int]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Address of pages in a process of their own, their store, and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(server=ServerSettings(port=port), store=StoreSettings(tmp_path / "store"))
    with Store(settings.store.folder) as store:
        process = multiprocessing.get_context("spawn").Process(target=server.run, args=(settings,))
        process.start()
        url = f"http://127.0.0.1:{port}/"
        wait_for(lambda: answers(url))
        yield url, store, process.pid or 0
        process.terminate()
        process.join()


def red_case(store: Store) -> Case:
    case = store.arrivals.queue(Source.UPLOAD, "red")
    job = store.jobs.claim()
    assert job is not None and store.jobs.finish(job, RED)
    return case


def test_a_wall_that_hears_nothing_says_so_and_comes_back(browser: Any, served: Served) -> None:  # noqa: F811
    url, store, pid = served
    page = browser.new_page()
    page.goto(url + "?lang=en")
    expect(page.get_by_text("None yet.")).to_be_visible()
    silent = page.get_by_text("The appliance does not answer.")
    expect(silent).to_be_hidden()
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for process in (pid, *children):
        os.kill(process, signal.SIGSTOP)  # as a cable that is pulled: no error, only silence
    try:
        expect(silent).to_be_visible(timeout=60_000)
    finally:
        for process in (pid, *children):
            os.kill(process, signal.SIGCONT)
    red_case(store)
    expect(page.locator("#recent .red .word")).to_have_text("Urgent pattern suspected", timeout=60_000)
    expect(silent).to_be_hidden()
    page.close()


def test_what_somebody_writes_stays_when_a_colleague_sends(browser: Any, served: Served) -> None:  # noqa: F811
    url, store, _ = served
    case = red_case(store)
    pages = [browser.new_page() for _ in range(2)]
    for page in pages:
        page.goto(f"{url}cases/{case.id}?lang=en")
    mine, theirs = pages
    mine.fill("#feedback-note", "a long note")
    theirs.locator('input[name="colour"]').first.check()
    theirs.fill("#feedback-by", "Sato")
    theirs.get_by_role("button", name="Keep it").click()
    expect(theirs.locator("#feedback .given")).to_contain_text("Sato")
    mine.wait_for_timeout(7000)  # the page asks every 5 s
    assert mine.input_value("#feedback-note") == "a long note"
    for page in pages:
        page.close()
