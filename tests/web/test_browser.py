"""The whole appliance as a doctor sees it: a real browser, the real worker, a simulated disc."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List

import numpy as np
import pytest

from appliance.config import ServerSettings, Settings, StoreSettings
from appliance.store import Source, StepProgress, Store
from appliance.store.pictures import write_pictures
from appliance.web import server
from tests.running import disc_files, wait_for, zipped
from tests.verdicts import VERDICTS
from tests.web.browser import CHROMIUM, CONTRASTS, OPTIONS, answers

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
Page = playwright_api.Page
expect = playwright_api.expect

PATIENCE_MS = 60_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[str]:
    environment = {"TRIAGE_STORE_FOLDER": str(tmp_path_factory.mktemp("store")), "TRIAGE_SERVER_PORT": "0"}
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
def browser() -> Iterator[object]:
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: object, address: str) -> Iterator[Page]:
    """A page that fails its test if it says anything on the console or asks anybody else for anything."""
    context = browser.new_context()  # type: ignore[attr-defined]
    opened = context.new_page()
    said: List[str] = []
    asked: List[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(address)] == []


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("disc") / "disc.zip"
    path.write_bytes(zipped(disc_files()))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("disc") / "disc" / "DICOM"
    path.mkdir(parents=True)
    for number, content in enumerate(disc_files(None)):
        (path / f"IM{number}").write_bytes(content)
    return path.parent


def test_a_zip_is_chosen_judged_and_read_in_both_languages(page: Page, address: str, archive: Path) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", level=2)).to_have_text("頭部CTをここにドロップ")
    page.set_input_files("#files", str(archive))
    page.wait_for_url("**/cases/*")
    headline = page.get_by_role("heading", level=1)
    expect(headline).to_have_text("要緊急対応の疑い", timeout=PATIENCE_MS)
    assert "要緊急対応の疑い" in page.title()
    assert page.locator(".zones img").count() == 8
    widths = page.locator(".zones img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert widths == [256] * 8, "the slices are shown"
    assert page.locator(".zones .highest").count() == 1
    expect(page.locator(".patient")).to_contain_text("氏名")
    expect(page.locator(".viewer[data-state=shown] [data-over=slice]")).to_contain_text(" / ", timeout=PATIENCE_MS)

    page.get_by_role("link", name="English").click()
    expect(headline).to_have_text("Urgent pattern suspected")
    page.get_by_role("link", name="Head CT triage").click()
    expect(page.locator("#recent .red .word").first).to_have_text("Urgent pattern suspected")


def test_a_folder_is_chosen_and_judged(page: Page, address: str, folder: Path) -> None:
    page.goto(address + "?lang=en")
    page.set_input_files("#folder", str(folder))
    page.wait_for_url("**/cases/*")
    expect(page.locator(".answer.green, .answer.red, .answer.refer")).to_be_visible(timeout=PATIENCE_MS)


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders beside the drop zone, as a file manager would."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 5, "y": 5, "data": data})


def test_a_folder_is_dropped_and_judged(page: Page, address: str, folder: Path) -> None:
    page.goto(address + "?lang=en")
    drop(page, folder)
    page.wait_for_url("**/cases/*")
    expect(page.locator(".answer.green, .answer.red, .answer.refer")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("table")).to_contain_text("Localizer (scout)")


def test_what_is_no_study_is_not_judged(page: Page, address: str, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no DICOM in here")
    page.goto(address + "?lang=en")
    drop(page, tmp_path / "note.txt")
    page.wait_for_url("**/cases/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not judged", timeout=PATIENCE_MS)
    expect(page.locator(".answer")).to_contain_text("No DICOM image and no photograph was found.")


def test_an_empty_file_is_refused_before_it_is_sent(page: Page, address: str, tmp_path: Path) -> None:
    (tmp_path / "empty.zip").write_bytes(b"")
    page.goto(address + "?lang=ja")
    drop(page, tmp_path / "empty.zip")
    expect(page.locator("#upload .wrong")).to_contain_text("ファイルがありません")
    assert page.url == address + "?lang=ja"


def test_one_of_two_patients_is_chosen(page: Page, address: str, tmp_path: Path) -> None:
    mixed = disc_files() + disc_files(None, "Other^Simulated=模擬^別人", 1)
    for number, content in enumerate(mixed):
        (tmp_path / f"IM{number}").write_bytes(content)
    page.goto(address + "?lang=ja")
    drop(page, tmp_path)
    page.wait_for_url("**/cases/*")
    headline = page.get_by_role("heading", level=1)
    expect(headline).to_have_text("判定不能・直ちに読影", timeout=PATIENCE_MS)
    expect(page.locator(".answer")).to_contain_text("2人の患者の画像が混在しています。")
    assert "Simulated" not in page.locator("main").inner_text() and "別人" not in page.content()
    mixed_case = page.url
    verdicts = []
    for choice in range(2):
        page.goto(mixed_case)
        page.locator(".studies button").nth(choice).click()
        page.wait_for_url(lambda url: "/cases/" in url and url != mixed_case)
        expect(page.locator(".answer.green, .answer.red")).to_be_visible(timeout=PATIENCE_MS)
        verdicts.append((page.locator(".patient dd").first.inner_text(), headline.inner_text()))
    assert sorted(name for name, _ in verdicts) == ["Phantom Simulated", "模擬 別人 Other Simulated"]
    assert dict(verdicts)["Phantom Simulated"] == "要緊急対応の疑い"


def test_it_works_without_scripts(browser: object, address: str, archive: Path) -> None:
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(address + "?lang=en")
    page.set_input_files("#files", str(archive))
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/cases/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Urgent pattern suspected", timeout=PATIENCE_MS)
    context.close()


def test_the_keyboard_is_enough(page: Page, address: str) -> None:
    page.goto(address + "?lang=en")
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    expected = ["Skip to the content", "Head CT triage", "日本語", "English", "Set up logins", "folder", "files"]
    assert reached[:7] == expected


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of pages over a store that has a case in every state."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store_settings = StoreSettings(tmp_path_factory.mktemp("gallery") / "store")
    settings = Settings(server=ServerSettings(port=port), store=store_settings)
    with Store(settings.store.folder) as store:
        for name, verdict in {"out of date": VERDICTS["green"], **VERDICTS}.items():
            store.arrivals.queue(Source.UPLOAD, name)
            job = store.jobs.claim()
            assert job is not None
            write_pictures(store.rendered, job.case_id, [np.full((256, 256), 90, np.uint8)] * len(verdict.zones))
            store.jobs.finish(job, verdict)
        with store.database.transaction() as connection:
            connection.execute("UPDATE cases SET superseded_by = 2 WHERE number = 1")
        for name in ("failed", "running"):
            store.arrivals.queue(Source.DEMO, name)
            job = store.jobs.claim()
            assert job is not None
            if name == "failed":
                store.jobs.fail(job, "no_dicom", "")
            else:
                store.jobs.progress(job, StepProgress("decode", 12, 32))
        store.arrivals.queue(Source.UPLOAD, "waiting")
    process = multiprocessing.get_context("spawn").Process(target=server.run, args=(settings,))
    process.start()
    url = f"http://127.0.0.1:{port}/"
    wait_for(lambda: answers(url))
    yield url
    process.terminate()
    process.join()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_nothing_is_cut_off_and_all_can_be_read(
    browser: object, gallery: str, width: int, scheme: str, language: str
) -> None:
    context = browser.new_context(  # type: ignore[attr-defined]
        viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(gallery + "?lang=" + language)
    cases = page.locator("#recent a").evaluate_all("all => all.map(one => one.href)")
    shown = []
    for url in [gallery, gallery + "admin", *cases]:
        page.goto(url)
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, url
        assert page.evaluate(CONTRASTS) == [], url
        shown += page.locator(".answer").evaluate_all("all => all.map(one => one.className)")
    looks = ["failed", "green", "green", "red", "refer", "refer", "waiting", "working"]
    assert sorted(shown) == [f"answer {look}" for look in looks]
    context.close()
