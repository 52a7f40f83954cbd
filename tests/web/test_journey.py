"""A night from the first start to the handover, as people walk through it on screens of three widths."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, Tuple

import pytest

from tests.running import disc_files

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.web.test_browser import PATIENCE_MS, browser, drop, expect, pytestmark  # noqa: E402, F401

PASSWORD = "correct horse battery staple"
WIDTHS = (1920, 1024, 390)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Tuple[str, str]]:
    """Address of an appliance that asks for logins, and the code that it prints at its first start."""
    folder = tmp_path_factory.mktemp("journey")
    settings = {
        "STORE_FOLDER": str(folder / "store"),
        "SERVER_PORT": "0",
        "SERVER_LOGINS": "on",
        "HOSPITAL_ON_CALL_NUMBER": "03-0000-0000",
    }
    log = (folder / "log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "serve"],
        cwd=str(repository),
        env={**os.environ, **{f"TRIAGE_{name}": value for name, value in settings.items()}},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    (code,) = re.findall(r"with the code (\S+)", (folder / "log").read_text())
    yield address, code
    process.send_signal(signal.SIGTERM)
    process.communicate()
    log.close()


def set_up_or_log_in(page: Any, address: str, code: str) -> None:
    """The first who comes sets up; the others log in."""
    page.goto(address + "?lang=en")
    page.goto(address + "setup?lang=en")
    if page.locator("#code").count() and page.get_by_role("heading", name="Set up logins").count():
        page.fill("#code", code)
        page.fill("#name", "sato")
        for field in page.locator("input[type=password]").all():
            field.fill(PASSWORD)
        page.get_by_role("button", name="Set up logins").click()
    else:
        log_in(page, address)
    expect(page.get_by_text("Logged in: sato")).to_be_visible()


def log_in(page: Any, address: str) -> None:
    page.goto(address + "?lang=en")
    page.fill("#name", "sato")
    page.fill("#password", PASSWORD)
    page.locator("main button[type=submit]").click()


@pytest.mark.parametrize("number", range(len(WIDTHS)))
def test_a_night(browser: Any, started: Tuple[str, str], tmp_path: Path, number: int) -> None:  # noqa: F811
    address, code = started
    width = WIDTHS[number]
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    set_up_or_log_in(page, address, code)

    # a disc with two studies is dropped, seen at work, and one of them is chosen
    files = disc_files(seed=number) + disc_files(None, "Other^Simulated", 50 + number)
    for index, content in enumerate(files):
        (tmp_path / f"IM{index}").write_bytes(content)
    page.goto(address + "?lang=en")
    drop(page, tmp_path)
    page.wait_for_url("**/cases/*")
    headline = page.get_by_role("heading", level=1)
    expect(headline).to_have_text("Cannot judge – read now", timeout=PATIENCE_MS)
    mixed = page.url
    for choice in range(2):
        page.goto(mixed)
        page.locator(".studies button").nth(choice).click()
        expect(page.locator(".answer.red, .answer.green")).to_be_visible(timeout=PATIENCE_MS)
        if page.locator(".patient dd").first.inner_text() == "PHANTOM, Simulated":
            break
    expect(headline).to_have_text("Urgent pattern suspected")
    expect(page.get_by_role("link", name=re.compile("03-0000-0000"))).to_have_attribute("href", "tel:0300000000")

    # its slices are looked through, in another window
    number_shown = page.locator(".viewer[data-state=shown] [data-over=slice]")
    expect(number_shown).to_contain_text(" / ", timeout=PATIENCE_MS)
    page.locator(".stage").scroll_into_view_if_needed()
    page.locator(".stage").hover()
    before = number_shown.inner_text()
    page.mouse.wheel(0, 360)
    expect(number_shown).not_to_have_text(before)
    page.get_by_role("button", name=re.compile("^Bone")).click()
    expect(page.locator("[data-over=window]")).to_have_text("W 2800 L 600")

    # it is acknowledged under the name of who is logged in, given an own colour, and handed over
    page.get_by_role("button", name="I have taken notice").click()
    expect(page.locator("#next-step")).to_contain_text("sato")
    page.locator('input[name="colour"][value="red"]').check()
    page.fill("#feedback-note", "large, on the left")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#feedback .given")).to_contain_text("large, on the left")
    case = page.url.split("#")[0].split("?")[0]
    context.add_init_script("window.print = () => { window.asked = true; }")
    page.get_by_role("link", name="Handover sheet to print").click()
    page.wait_for_url("**/handover")  # until it is loaded, so that the next load is that of the sheet fetched again
    expect(page.locator("body")).to_contain_text("PHANTOM, Simulated")
    with page.expect_event("load"):  # it is fetched again first
        page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.asked") is True

    # the wall no longer reminds; in Japanese too; and out
    page.goto(address)
    expect(page.locator(f'#recent a[href="{case[len(address) - 1 :]}"]')).to_contain_text("sato")
    page.get_by_role("link", name="日本語").click()
    expect(page.locator("#recent .red .word").first).to_have_text("要緊急対応の疑い")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="ログアウト").click()
    page.goto(case)
    assert "/login" in page.url and "Phantom" not in page.content()
    context.close()
