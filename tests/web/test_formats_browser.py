"""Numbers and dates stay in one piece, on screens of several widths and on the sheet."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timezone
from typing import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.serving import make_server

from appliance.store import Case, Store
from appliance.study import StudySummary
from tests.verdicts import PATIENT, RED, VERDICTS

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.web.test_browser import CHROMIUM, OPTIONS, playwright_api  # noqa: E402

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

# How many lines each of these texts takes up: a piece of text is broken where its rectangles have several tops.
LINES = """
(wanted) => {
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    if (!texts.currentNode.parentElement.closest("dd")) continue;
    for (const text of wanted) {
      const start = texts.currentNode.textContent.indexOf(text);
      if (start < 0) continue;
      const range = document.createRange();
      range.setStart(texts.currentNode, start);
      range.setEnd(texts.currentNode, start + text.length);
      found.push([text, new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size]);
    }
  }
  return found;
}
"""
RECEIVED = datetime(2025, 11, 21, 22, 10).astimezone()
DATES = {"ja": ["1956年12月23日", "2025年11月21日 22:10"], "en": ["23 Dec 1956", "21 Nov 2025, 22:10"]}


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("number", ["0012345678", "PHANTOM-0", "H-2026-11-21-0001-AB"])
def test_no_number_and_no_date_is_broken(
    address: str, store: Store, judged: Callable[[str], Case], monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    patient = replace(PATIENT, patient_id=number, birth_date="19561223")
    verdict = replace(RED, patient=patient, study=StudySummary("1.2.3", "2025-11-21", "22:10", 3))
    monkeypatch.setitem(VERDICTS, "red", verdict)
    case = judged("red")
    store.acknowledgements.acknowledge(case, "佐藤 一郎")
    with store.database.transaction() as connection:
        connection.execute("UPDATE cases SET created_at = ?", (RECEIVED.astimezone(timezone.utc).isoformat(),))
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        page = browser.new_context(java_script_enabled=False).new_page()
        for path in (f"/cases/{case.id}", f"/cases/{case.id}/handover"):
            for language, dates in DATES.items():
                page.goto(f"{address}{path}?lang={language}")
                for width in (390, 700, 1024, 1280, 1920):
                    page.set_viewport_size({"width": width, "height": 900})
                    lines = page.evaluate(LINES, [number, *dates])
                    assert {text for text, _ in lines} == {number, *dates}, (width, path, language)
                    assert [text for text, count in lines if count > 1] == [], (width, path, language)
                    assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, path, language)
        browser.close()


# How many lines "received" and its time take up on each card.
RECEIVED_LINES = """
() => [...document.querySelectorAll(".cards .whom > span:has(time)")].map((one) => {
  const range = document.createRange();
  range.selectNodeContents(one);
  return new Set([...range.getClientRects()].map((box) => Math.round(box.bottom))).size;
})
"""


def test_a_card_has_its_time_beside_the_word_for_it(address: str, store: Store, judged: Callable[[str], Case]) -> None:
    cases = [judged(name) for name in ("green", "refer", "several", "red")]
    with store.database.transaction() as connection:
        query = "UPDATE cases SET created_at = ? WHERE number = ?"
        connection.execute(query, (RECEIVED.astimezone(timezone.utc).isoformat(), cases[0].number))
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        page = browser.new_context(java_script_enabled=False).new_page()
        for language in ("ja", "en"):
            page.goto(f"{address}/?lang={language}")
            for width in (390, 1280, 1600, 1920):
                page.set_viewport_size({"width": width, "height": 1080})
                *today, other_day = page.evaluate(RECEIVED_LINES)
                assert today == [1, 1, 1], (width, language)
                assert other_day == 1 or language == "en", width
        browser.close()
