"""Every page as people with other eyes and hands meet it: axe-core (WCAG 2.2 A and AA), and colour blindness."""

from __future__ import annotations

from typing import Any, Dict, List

import cv2
import numpy as np
import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

from tests.web.test_browser import browser, gallery, pytestmark  # noqa: E402, F401

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def pages(page: Any, address: str) -> List[str]:
    """Every page: the wall, the list, the administrator's, those of logins, each case's and its handover sheet."""
    page.goto(address)
    cases = page.locator("#recent a").evaluate_all("all => all.map(one => one.href)")
    own = [address + path for path in ("", "cases", "camera", "absent", "admin", "setup", "login", "code")]
    judged = page.locator("#recent .red a, #recent .green a, #recent .refer a").evaluate_all(
        "all => all.map(one => one.href)"
    )
    return [*own, *cases, *(case + "/handover" for case in judged)]


def violations(page: Any) -> List[str]:
    found: Dict[str, Any] = axe.Axe().run(page, options=RULES).response
    return [f"{item['id']}: {node['html']}" for item in found["violations"] for node in item["nodes"]]


@pytest.mark.parametrize(("width", "scheme"), [(1920, "light"), (390, "dark")])
def test_no_page_breaks_a_rule(browser: Any, gallery: str, width: int, scheme: str) -> None:  # noqa: F811
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for url in pages(page, gallery + "?lang=en"):
        page.goto(url)
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        assert violations(page) == [], url
    context.close()


def test_the_rules_find_what_is_wrong(browser: Any, gallery: str) -> None:  # noqa: F811
    context = browser.new_context()
    page = context.new_page()
    page.goto(gallery)
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert any("html-has-lang" in item for item in violations(page))
    context.close()


def test_urgent_and_not_urgent_differ_for_whoever_sees_no_red_or_green(browser: Any, gallery: str) -> None:  # noqa: F811
    """By lightness, under simulated deuteranopia; that they differ by shape and word too is held elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(gallery)
    session = context.new_cdp_session(page)
    for kind in ("deuteranopia", "achromatopsia"):
        session.send("Emulation.setEmulatedVisionDeficiency", {"type": kind})
        shades = {}
        for look in ("red", "green"):
            shot = page.locator(f"#recent .{look} a").first.screenshot()
            grey = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_GRAYSCALE)
            shades[look] = float(np.median(grey))
        assert abs(shades["red"] - shades["green"]) > 80, (kind, shades)
    context.close()
