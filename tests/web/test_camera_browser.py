"""The camera of the page's own device, in a real browser whose camera plays a video, to the verdict."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, List

import cv2
import pytest

from tests.screens import manifest_for_photographs, scrolled, slices, write_video
from tests.web.browser import CHROMIUM, OPTIONS

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.web.test_live_browser import Served, served  # noqa: E402, F401

expect = playwright_api.expect

EACH, PAUSE = 30, 210
"""Frames of each slice, and more of the last, where a person stops: a busy machine's browser sends one of six."""

PATIENCE_MS = 120_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[str]:
    video = write_video(tmp_path_factory.mktemp("own") / "screen.avi", scrolled(slices()[::2], 6))
    environment = {
        "TRIAGE_CAMERA_SOURCE": str(video),
        "TRIAGE_STORE_FOLDER": str(tmp_path_factory.mktemp("store")),
        "TRIAGE_SERVER_PORT": "0",
        "TRIAGE_INGEST_MIN_FREE_MB": "1",
        "TRIAGE_ENGINE_MANIFEST": str(manifest_for_photographs(tmp_path_factory.mktemp("released"))),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "serve"],
        cwd=str(repository),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.send_signal(signal.SIGTERM)
    process.communicate()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium with a camera that shows somebody scrolling up through a head, stopping, and back, again and again.

    Were the first slice shown after the last, a starved machine's frames would not always tell where the head begins.
    """
    video = tmp_path_factory.mktemp("camera") / "screen.mjpeg"
    shown = slices()[::2]
    stopped = [shown[-1]] * (PAUSE // EACH)
    with video.open("wb") as file:
        for frame in scrolled([*shown, *stopped, *shown[-2:0:-1]], EACH):
            file.write(cv2.imencode(".jpg", frame)[1].tobytes())
    camera = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ]
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, *camera])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that fails its test where it says anything on the console, such as a breach of its policy."""
    context = browser.new_context()
    opened = context.new_page()
    said: List[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    assert said == []


def begun(page: Any, address: str, way: str, eye: str = "browser") -> None:
    page.goto(address + "camera?lang=en")
    for chosen in (way, eye):
        page.check(f"input[value={chosen}]")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/camera/*")


def test_a_scroll_before_the_camera_becomes_a_verdict_with_8_zones(page: Any, address: str) -> None:
    begun(page, address, "scroll")
    expect(page.locator("#place polygon")).to_be_visible(timeout=PATIENCE_MS)
    try:
        expect(page.locator("#say")).to_have_text("The whole brain was seen: press Finished")
    except AssertionError:
        # a starved machine's frames come too seldom to tell that nothing passed between them, and it must say so
        expect(page.locator("#say")).to_have_text(
            "More slowly: scroll back, and rest on each slice", timeout=PATIENCE_MS
        )
    # 16 were shown; a busy machine may have missed some, or seen one twice
    expect(page.locator("#count strong")).to_have_text(re.compile("^1[0-8]$"))
    page.get_by_role("button", name="Finished").click()
    page.wait_for_url("**/cases/*", timeout=PATIENCE_MS)
    expect(page.locator(".answer.red h1")).to_have_text("Urgent pattern suspected", timeout=PATIENCE_MS)
    expect(page.locator(".zones li")).to_have_count(8)
    expect(page.locator(".photographed .unconfirmed")).to_have_text("Identity not confirmed")
    expect(page.locator(".photographed figure img")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})  # the strip of the screen is wider than a telephone
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.fill("#patient", "00012345")
    page.fill("#identified-by", "Sato")
    page.get_by_role("button", name="I confirm").click()
    expect(page.locator(".photographed .confirmed")).to_contain_text("Identity confirmed by Sato")


def test_what_the_own_camera_sees_is_shown_and_becomes_a_case(page: Any, address: str) -> None:
    begun(page, address, "scroll", "own")
    # set once it was decoded
    expect(page.locator(".stage img")).to_have_attribute("src", re.compile("frame="), timeout=PATIENCE_MS)
    page.wait_for_url("**/cases/*", timeout=PATIENCE_MS)  # a file in place of a camera ends by itself
    expect(page.locator(".answer.red h1")).to_be_visible(timeout=PATIENCE_MS)


def test_a_capture_that_is_cancelled_leaves_nothing(page: Any, address: str) -> None:
    begun(page, address, "tiles")
    expect(page.locator("#say")).not_to_have_text("Point the camera at the screen", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/camera")
    expect(page.get_by_role("button", name="Begin")).to_be_visible()


def test_a_page_without_encryption_says_why_there_is_no_camera(browser: Any, address: str) -> None:
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page = context.new_page()
    begun(page, address, "scroll")
    expect(page.locator("#insecure")).to_be_visible()
    page.goto(address + "camera?lang=en")
    expect(page.locator("#insecure")).to_contain_text("https://")
    context.close()


def test_a_page_whose_frames_nobody_looks_at_says_so(browser: Any, served: Served) -> None:  # noqa: F811
    address, _, _ = served  # the pages alone
    context = browser.new_context()
    page = context.new_page()
    begun(page, address, "scroll")
    expect(page.locator("#unlooked")).to_be_visible(timeout=PATIENCE_MS)
    context.close()
