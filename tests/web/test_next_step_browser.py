"""A doctor takes notice, says an own colour and prints the sheet; the wall reminds until then."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator

import numpy as np
import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from appliance.config import HospitalSettings, Settings
from appliance.reasons import Reason, ReasonCode
from appliance.store import Case, Source, Store
from appliance.store.pictures import write_pictures
from appliance.study import PatientIdentity
from appliance.web import create_app
from tests.verdicts import RED

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.web.test_browser import CHROMIUM, CONTRASTS, OPTIONS, expect, playwright_api  # noqa: E402

Judged = Callable[[str], Case]
Page = playwright_api.Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    hospital = HospitalSettings("模擬記念病院", "03-1234-5678", "脳神経外科オンコール")
    app = create_app(replace(settings, hospital=hospital))
    yield app
    app.extensions["store"].close()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: object, address: str) -> Iterator[Page]:
    context = browser.new_context()  # type: ignore[attr-defined]
    opened = context.new_page()
    said = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    assert said == []


COUNT_REMINDERS = """
() => {
  window.tones = 0;
  window.spoken = 0;
  const create = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () { window.tones += 1; return create.call(this); };
  new MutationObserver((changes) => { if (changes[0].target.textContent) window.spoken += 1; })
    .observe(document.getElementById("reminding"), { childList: true });
}
"""


def test_the_wall_reminds_every_minute_until_somebody_takes_notice(page: Page, address: str, judged: Judged) -> None:
    page.clock.install()
    page.goto(address + "?lang=ja")
    page.evaluate(COUNT_REMINDERS)
    case = judged("red")
    banner = page.locator(".reminder")
    expect(banner).to_contain_text("赤の未確認：1件")
    expect(page).to_have_title("(1) 赤・未確認 – 頭部CTトリアージ")
    page.clock.run_for(1500)
    counted = page.evaluate("[window.spoken, window.tones]")
    assert counted == [1, 0], "said at once, and without a sound that nobody allowed"
    page.get_by_role("button", name="音オフ").click()
    assert page.evaluate("window.tones") == 3, "a click lets hear what it allows"
    page.clock.run_for(61_000)
    assert page.evaluate("[window.spoken, window.tones]") == [2, 6]
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(banner).to_be_in_viewport()

    other = page.context.new_page()
    other.goto(f"{address}/cases/{case.id}?lang=ja")
    other.get_by_label("氏名").first.fill("佐藤 一郎")
    other.get_by_role("button", name="確認しました").click()
    expect(other.locator("#next-step")).to_contain_text("確認済み：佐藤 一郎")
    expect(banner).to_have_count(0)
    expect(page.locator("#recent .red")).to_contain_text("確認済み：佐藤 一郎")
    expect(page).to_have_title("頭部CTトリアージ")
    page.clock.run_for(61_000)
    assert page.evaluate("[window.spoken, window.tones]") == [2, 6]


def test_a_person_gives_an_own_colour_with_the_keyboard(page: Page, address: str, judged: Judged, store: Store) -> None:
    case = judged("green")
    page.goto(f"{address}/cases/{case.id}?lang=en")
    page.get_by_label("Green", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.get_by_label("Note").fill("left, thin")
    page.locator("#feedback-by").fill("Tanaka")
    page.keyboard.press("Enter")
    expect(page.locator(".given li")).to_contain_text("Yellow · Tanaka")
    assert [(given.colour.value, given.note) for given in store.feedback.of(case)] == [("yellow", "left, thin")]


def longest(store: Store) -> Case:
    """A red case with as many words as there can be."""
    case = store.arrivals.queue(Source.MEDIA, "long")
    job = store.jobs.claim()
    assert job is not None
    notes = (ReasonCode.UNREADABLE_FILES, ReasonCode.MISSING_FILES, ReasonCode.MEDIUM_REMOVED)
    name = (
        "Wolfeschlegelsteinhausen^Hubert Blaine=寿限無寿限無五劫の^擦り切れ海砂利水魚=じゅげむじゅげむ^ごこうのすりきれ"
    )
    reasons = (RED.reasons[0], *(Reason(code, {"count": 1234}) for code in notes))
    patient = PatientIdentity("0123456789" * 4, name, "19500102", "F", "076Y")
    write_pictures(store.rendered, case.id, [np.full((256, 256), 90, np.uint8)] * 8)
    store.jobs.finish(job, replace(RED, reasons=reasons, patient=patient))
    found = store.case(case.id)
    assert found is not None
    return found


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_sheet_is_one_a4_page(
    page: Page, address: str, judged: Judged, store: Store, tmp_path: Path, language: str
) -> None:
    cases = [judged("red"), judged("refer"), judged("several"), judged("green"), longest(store)]
    for case in cases:
        page.goto(f"{address}/cases/{case.id}/handover?lang={language}")
        content = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", content)) == 1
        (box,) = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", content)
        assert [float(edge) / 72 * 25.4 for edge in box] == pytest.approx([210, 297], abs=0.5)
        assert page.evaluate(CONTRASTS) == []
        # nothing is cut off: what is printed is no higher than the sheet, and no picture has vanished
        page.emulate_media(media="print")
        assert page.evaluate(OVERFLOWS) == []
        page.emulate_media(media="null")


OVERFLOWS = """
() => [...document.querySelectorAll(".sheet, .sheet *")]
  .filter((one) => one.scrollHeight > one.clientHeight + 2 && getComputedStyle(one).display !== "inline")
  .map((one) => `${one.tagName} ${one.className}`)
  .concat([...document.images].filter((one) => one.getBoundingClientRect().height < 40).map((one) => one.src))
"""


def test_the_sheet_prints_when_asked_and_fits_a_phone(page: Page, address: str, judged: Judged) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/cases/{judged('red').id}?lang=en")
    page.get_by_role("link", name="Handover sheet to print").click()
    page.wait_for_url("**/handover")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # the sheet is fetched again first, so that it says how things are now
    page.add_init_script("window.print = () => { window.asked = true; }")
    with page.expect_event("load"):
        page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.asked") is True
    assert not page.url.endswith("#print"), "a reload does not print again"
