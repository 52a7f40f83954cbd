"""Dates stay in one piece where Japanese may break anywhere, on screens of several widths and on the sheet."""

from __future__ import annotations

import threading
from typing import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.serving import make_server

from appliance.store import Case, Store

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.web.test_browser import CHROMIUM, OPTIONS, playwright_api  # noqa: E402

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

# How many lines each date of the page takes up: a piece of text is broken where its rectangles have several tops.
LINES = """
() => {
  const date = /[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日/g;
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    if (!texts.currentNode.parentElement.closest("dd")) continue;
    for (const match of texts.currentNode.textContent.matchAll(date)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, match.index);
      range.setEnd(texts.currentNode, match.index + match[0].length);
      found.push([match[0], new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size]);
    }
  }
  return found;
}
"""


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_no_date_is_broken(address: str, store: Store, judged: Callable[[str], Case]) -> None:
    case = judged("red")
    store.acknowledgements.acknowledge(case, "佐藤 一郎")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        for width in (390, 700, 1280, 1920):
            page = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False).new_page()
            for path in (f"/cases/{case.id}", f"/cases/{case.id}/handover"):
                page.goto(f"{address}{path}?lang=ja", wait_until="networkidle")
                lines = page.evaluate(LINES)
                assert "1950年1月2日" in [date for date, _ in lines] and "2026年2月3日" in [date for date, _ in lines]
                assert [date for date, count in lines if count > 1] == [], (width, path)
        browser.close()
