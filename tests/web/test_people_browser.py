"""The pages of people in a real browser: nothing is asked of anybody else, and the policy is kept."""

from __future__ import annotations

import threading
from typing import Callable, Iterator, List

import cv2
import numpy as np
import pytest
from flask import Flask
from werkzeug.serving import make_server

from appliance.store import Case, Store
from tests.web.logins import PASSWORD

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.web.test_browser import CHROMIUM, OPTIONS  # noqa: E402

expect = playwright_api.expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture
def address(hospital: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, hospital, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: object, address: str) -> Iterator[object]:
    """A small page that fails its test if it says anything or asks anybody else for anything."""
    context = browser.new_context(viewport={"width": 390, "height": 800})  # type: ignore[attr-defined]
    opened = context.new_page()
    said: List[str] = []
    asked: List[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    context.close()
    harmless = ("the server responded with a status of 40", "Clear-Site-Data header on")
    assert [text for text in said if not any(words in text for words in harmless)] == []
    assert asked and [url for url in asked if not url.startswith(address + "/")] == []


def log_in(page: object, address: str, name: str, path: str = "/") -> None:
    page.goto(f"{address}{path}")  # type: ignore[attr-defined]
    page.fill("#name", name)  # type: ignore[attr-defined]
    page.fill("#password", PASSWORD)  # type: ignore[attr-defined]
    page.click("main button[type=submit]")  # type: ignore[attr-defined]
    page.wait_for_url(f"{address}{path}")  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_page_asks_anybody_else_or_breaks_its_policy_or_is_too_wide(
    page: object, address: str, filed: Callable[[str], Case], records: Store, language: str
) -> None:
    red = filed("red")
    sato = records.people.named("sato")
    assert sato is not None
    changes = [f"/people/{sato.number}/{change}" for change in ("role", "code", "end", "token", "remove")]
    for path in ("/login", "/code", "/", f"/cases/{red.id}", "/account", "/people", *changes, "/admin"):
        if path == "/":
            log_in(page, address, "tanaka")
        page.goto(f"{address}{path}?lang={language}")  # type: ignore[attr-defined]
        expect(page.locator("h1, h2").first).to_be_visible()  # type: ignore[attr-defined]
        width = page.evaluate("document.documentElement.scrollWidth")  # type: ignore[attr-defined]
        assert width <= 390, path
        unnamed = page.evaluate(  # type: ignore[attr-defined]
            "[...document.querySelectorAll('input:not([type=hidden]):not(.away), select')]"
            ".filter(one => !one.labels.length && !one.ariaLabel).map(one => one.outerHTML)"
        )
        assert unnamed == [], path


def test_a_password_is_shown_and_measured(page: object, address: str) -> None:
    log_in(page, address, "sato", "/account")
    field, meter = page.locator("#new"), page.locator("#new-strength")  # type: ignore[attr-defined]
    field.fill("abc")
    weak = meter.evaluate("one => one.value")
    field.fill("correct horse battery staple")
    assert weak < 0.2 and meter.evaluate("one => one.value") > 0.9
    assert field.get_attribute("type") == "password"
    page.locator("[data-reveals=new]").check()  # type: ignore[attr-defined]
    assert field.get_attribute("type") == "text"


def test_the_pages_of_people_break_no_rule_of_accessibility(page: object, address: str, records: Store) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    sato = records.people.named("sato")
    assert sato is not None
    log_in(page, address, "tanaka", "/people")
    for path in ("/account", "/people", *(f"/people/{sato.number}/{change}" for change in ("role", "token", "remove"))):
        page.goto(address + path)  # type: ignore[attr-defined]
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")  # type: ignore[attr-defined]
        found = axe.Axe().run(page).response["violations"]
        assert [f"{item['id']}: {node['html']}" for item in found for node in item["nodes"]] == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_qr_code_is_read_from_the_screen(page: object, address: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[attr-defined]
    log_in(page, address, "sato", "/account")
    shot = page.locator("svg.qr").screenshot()  # type: ignore[attr-defined]
    picture = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_GRAYSCALE)
    said = cv2.QRCodeDetector().detectAndDecode(picture)[0]
    assert said == page.locator("a[href^=otpauth]").get_attribute("href")  # type: ignore[attr-defined]


def test_a_person_is_removed_with_the_own_password(page: object, address: str, records: Store) -> None:
    log_in(page, address, "tanaka", "/people")
    row = page.locator(".rows li", has_text="sato")  # type: ignore[attr-defined]
    row.locator("summary").click()
    row.locator("a[href$=remove]").click()
    page.fill("#own", "not the password")  # type: ignore[attr-defined]
    page.click("main button[type=submit]")  # type: ignore[attr-defined]
    expect(page.locator("[role=alert]")).to_be_visible()  # type: ignore[attr-defined]
    page.click("[hreflang=en]")  # type: ignore[attr-defined]
    expect(page.locator("h1")).to_have_text("Remove: sato")  # type: ignore[attr-defined]
    page.fill("#own", PASSWORD)  # type: ignore[attr-defined]
    page.click("main button[type=submit]")  # type: ignore[attr-defined]
    page.wait_for_url(address + "/people")  # type: ignore[attr-defined]
    expect(page.locator(".rows strong", has_text="sato")).to_have_count(0)  # type: ignore[attr-defined]
    assert records.people.named("sato") is None


def test_a_wall_screen_is_set_up_and_shows_the_cases(page: object, address: str, filed: Callable[[str], Case]) -> None:
    red = filed("red")
    log_in(page, address, "tanaka", "/people")
    page.fill("#name", "er-wall")  # type: ignore[attr-defined]
    page.select_option("#role", "kiosk")  # type: ignore[attr-defined]
    page.fill("#own", PASSWORD)  # type: ignore[attr-defined]
    page.click("form.account button")  # type: ignore[attr-defined]
    code = page.inner_text(".key")  # type: ignore[attr-defined]
    page.context.clear_cookies()  # type: ignore[attr-defined]
    page.goto(address + "/code")  # type: ignore[attr-defined]
    page.fill("#code", code)  # type: ignore[attr-defined]
    page.click("main button")  # type: ignore[attr-defined]
    page.wait_for_url(address + "/")  # type: ignore[attr-defined]
    page.click("#recent .red a")  # type: ignore[attr-defined]
    page.wait_for_url(f"{address}/cases/{red.id}")  # type: ignore[attr-defined]
    assert "模擬" not in page.inner_text("body")  # type: ignore[attr-defined]
    assert page.locator("button:not(.sound *)").count() == 0  # type: ignore[attr-defined]


def test_an_open_start_page_goes_to_the_login_when_its_session_is_over(
    page: object, address: str, records: Store
) -> None:
    log_in(page, address, "sato")
    with records.database.transaction() as connection:
        connection.execute("UPDATE sessions SET seen_uptime = seen_uptime - 1801")
    page.wait_for_url(f"{address}/login?next=/", timeout=60_000)  # type: ignore[attr-defined]


def test_going_back_after_the_logout_shows_no_name(page: object, address: str, filed: Callable[[str], Case]) -> None:
    red = filed("red")
    log_in(page, address, "sato", f"/cases/{red.id}")
    assert "模擬 花子" in page.inner_text("body")  # type: ignore[attr-defined]
    page.click(".who button")  # type: ignore[attr-defined]
    page.wait_for_url(address + "/login")  # type: ignore[attr-defined]
    page.go_back()  # type: ignore[attr-defined]
    page.wait_for_load_state()  # type: ignore[attr-defined]
    assert "模擬 花子" not in page.inner_text("body")  # type: ignore[attr-defined]
