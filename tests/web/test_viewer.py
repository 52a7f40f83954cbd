"""The viewer in a real browser, over a judged and rendered study of a simulated head."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any, Dict, Iterator, List

import cv2
import numpy as np
import pytest

from appliance.pipeline import Pipeline
from appliance.web.series import WINDOWS
from tests.simulated import options
from tests.web.browser import CHROMIUM, CONTRASTS, OPTIONS
from tests.web.viewing import BEADS_MM, DOTS, beads, canvas, levels, served, slice_shown, touches

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
Page = playwright_api.Page
expect = playwright_api.expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def case_url(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("viewer"), pipeline) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture(params=[1280, 390])
def page(request: pytest.FixtureRequest, browser: Any, case_url: str) -> Iterator[Page]:
    """The case's page, its viewer begun; wide with a mouse, narrow with fingers. It must say nothing on the console."""
    narrow = request.param == 390
    context = browser.new_context(viewport={"width": request.param, "height": 800}, has_touch=narrow)
    opened = context.new_page()
    said: List[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(case_url + "?lang=en")
    expect(opened.locator(".viewer[data-state=shown]")).to_be_visible()
    opened.evaluate("document.querySelector('.viewer').scrollIntoView()")
    yield opened
    context.close()
    assert said == []


@pytest.fixture(scope="module")
def about(case_url: str) -> Dict[str, Any]:
    with urllib.request.urlopen(case_url + "/series.json") as answer:
        document: Dict[str, Any] = json.load(answer)
        return document


def expect_slice(page: Page, number: int) -> None:
    expect(page.locator("[data-over=slice]")).to_contain_text(f"{number} / ")


def test_it_opens_at_the_highest_zone_and_scrolls(page: Page, about: Dict[str, Any]) -> None:
    first = about["opens_at"] + 1
    expect_slice(page, first)
    expect(page.locator(".zone-marks [aria-current=true]")).to_have_class("highest")
    slider = page.locator("#slice")
    page.locator(".stage").hover()
    page.mouse.wheel(0, 120)
    expect_slice(page, first + 1)
    page.mouse.wheel(0, -120)
    expect_slice(page, first)
    for key, number in (
        ("ArrowDown", first + 1),
        ("ArrowUp", first),
        ("ArrowRight", first + 1),
        ("PageDown", first + 3),
        ("PageUp", first + 1),
        ("Home", 1),
        ("ArrowUp", 1),
        ("End", about["slices"]),
    ):
        slider.press(key)
        expect_slice(page, number)
    expect(slider).to_have_attribute("aria-valuetext", f"Slice 32 of 32, {about['positions_mm'][-1]:.1f} mm")
    page.locator(".zone-marks button").nth(1).click()
    expect_slice(page, about["zones"][1]["slice"] + 1)
    page.locator(".zones a").nth(6).click()
    expect_slice(page, about["zones"][6]["slice"] + 1)
    assert page.url.endswith("?lang=en"), "the viewer shows it, not a page of its own"


def test_scores_of_zones_are_written_as_below(page: Page, about: Dict[str, Any]) -> None:
    written = page.locator(".zone-marks span").all_inner_texts()
    assert written == page.locator(".zones .score").all_inner_texts()
    assert written == [f"{zone['probability']:.2f}" for zone in about["zones"]]


def test_each_window_shows_the_grey_that_its_hounsfield_units_have(
    page: Page, about: Dict[str, Any], case_url: str
) -> None:
    hounsfield = np.array(about["levels"])[levels(case_url, about, slice_shown(page))]
    parts = {"brain": (90, 140, 90, 110), "bleed": (110, 130, 145, 160), "bead and air": (30, 50, 30, 50)}
    for number, window in enumerate(WINDOWS):
        page.locator("#slice").press(str(number + 1))
        expect(page.locator("[data-over=window]")).to_have_text(f"W {window.width} L {window.level}")
        assert page.locator("[data-width][aria-pressed=true]").get_attribute("data-width") == str(window.width)
        painted = canvas(page)
        scale = painted.shape[0] / about["rows"]
        lower = window.level - window.width / 2
        grey = np.rint(np.clip((hounsfield - lower) * 255 / window.width, 0, 255))
        wanted = cv2.resize(grey, painted.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        for name, (top, bottom, left, right) in parts.items():
            part = np.s_[round(top * scale) : round(bottom * scale), round(left * scale) : round(right * scale)]
            assert painted[part].mean() == pytest.approx(wanted[part].mean(), abs=2), (window.name, name)


def test_a_known_length_is_measured_whatever_the_zoom(page: Page) -> None:
    slider, length = page.locator("#slice"), page.locator("output.length")
    apart = []
    for zoomed in (False, True):
        if zoomed:
            slider.press("+")
        places = beads(page)
        apart.append(places[1][0] - places[0][0])
        slider.press("m")
        for place in places:
            page.mouse.click(*place)
        expect(length).to_contain_text("mm")
        assert float(length.inner_text().split()[0]) == pytest.approx(BEADS_MM, abs=1)
        slider.press("Escape")
        expect(length).to_have_text("")
    assert apart[1] / apart[0] == pytest.approx(1.25, abs=0.01)


def test_a_line_is_drawn_in_one_stroke(page: Page) -> None:
    (left, top), (right, bottom) = beads(page)
    page.locator("#slice").press("m")
    page.mouse.click(left, top + 50)
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=5)
    page.mouse.up()
    expect(page.locator("output.length")).to_contain_text("mm")
    length = float(page.locator("output.length").inner_text().split()[0])
    assert length == pytest.approx(BEADS_MM, abs=1)


def test_the_keyboard_alone_measures(page: Page) -> None:
    slider = page.locator("#slice")
    slider.press("m")
    slider.press("Shift+ArrowLeft")
    slider.press("Enter")
    for _ in range(4):
        slider.press("Shift+ArrowRight")
    slider.press("Shift+ArrowDown")
    slider.press("Shift+ArrowDown")
    slider.press("Shift+ArrowDown")
    slider.press("Enter")
    expected = 50 * options().pixel_spacing_mm
    expect(page.locator("output.length")).to_have_text(f"{expected:.1f} mm")
    before = slice_shown(page)
    slider.press("PageDown")
    expect_slice(page, before + 2)
    expect(page.locator(".ruler circle").first).to_be_hidden()


def test_it_zooms_by_key_and_a_drag_then_moves_the_picture(page: Page) -> None:
    whole = canvas(page)
    slider = page.locator("#slice")
    for _ in range(4):
        slider.press("+")
    closer = canvas(page)
    assert (closer > 250).mean() != (whole > 250).mean()
    box = page.locator(".stage").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    number = slice_shown(page)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 40, middle[1] + 30, steps=4)
    page.mouse.up()
    moved = canvas(page)
    scale = closer.shape[0] / box["height"]
    right, down = round(40 * scale), round(30 * scale)
    inside = moved[down + 20 : -20, right + 20 : -20].astype(int)
    same = np.abs(inside - closer[20 : -20 - down, 20 : -20 - right]).mean()
    assert same < np.abs(inside - closer[down + 20 : -20, right + 20 : -20]).mean() / 3
    assert slice_shown(page) == number
    slider.press("0")
    assert np.array_equal(canvas(page), whole)


@pytest.mark.parametrize("page", [390], indirect=True)
def test_fingers_swipe_and_pinch(page: Page) -> None:
    box = page.locator(".stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    number, scrolled = slice_shown(page), page.evaluate("scrollY")
    touches(page, [(x, y)], *([(x, y - 12 * step)] for step in range(1, 6)))
    assert slice_shown(page) > number and page.evaluate("scrollY") == scrolled
    number, whole = slice_shown(page), canvas(page)
    touches(page, [(x - 20, y), (x + 20, y)], *([(x - 20 - d, y), (x + 20 + d, y)] for d in (10, 20, 30, 40)))
    assert slice_shown(page) == number and not np.array_equal(canvas(page), whole)
    assert page.locator(".stage.zoomed").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_value_under_the_pointer_is_that_of_the_pixel(page: Page, about: Dict[str, Any], case_url: str) -> None:
    shown = np.array(about["levels"])[levels(case_url, about, slice_shown(page))]
    box = page.locator(".stage").bounding_box()
    for row, column in ((128, 100), DOTS[0]):
        scale = box["width"] / about["columns"]
        page.mouse.move(box["x"] + (column + 0.5) * scale, box["y"] + (row + 0.5) * scale)
        hu = int(shown[row, column])
        said = f"{hu} HU" if -20 <= hu <= 140 else f"{hu} ± 55 HU"
        expect(page.locator("[data-over=value]")).to_have_text(said)


def test_it_fills_by_itself_once_it_is_rendered(browser: Any, case_url: str) -> None:
    page = browser.new_page()
    answered: List[str] = []

    def not_yet_rendered(route: Any) -> None:
        answer = route.fetch()
        body, carried = re.subn(r"\sdata-about='[^']*'", "", answer.text())
        assert carried == 1
        route.fulfill(response=answer, body=body)

    def once_preparing(route: Any) -> None:
        answered.append(route.request.url)
        route.fulfill(status=202, body="{}") if len(answered) < 3 else route.continue_()

    page.route(case_url + "?lang=en", not_yet_rendered)
    page.route("**/series.json", once_preparing)
    page.goto(case_url + "?lang=en")
    expect(page.locator(".viewer .meanwhile")).to_be_visible()
    assert page.locator(".viewer .meanwhile .side").all_inner_texts() == ["R", "L"]
    expect(page.locator(".viewer [role=status]")).to_contain_text("being prepared")
    expect(page.locator(".viewer[data-state=shown]")).to_be_visible()
    expect(page.locator(".viewer .meanwhile")).to_have_count(0)
    page.close()


def test_slices_that_are_removed_meanwhile_are_said_to_be_gone(browser: Any, case_url: str) -> None:
    page = browser.new_page()
    asked: List[str] = []

    def only_the_first(route: Any) -> None:
        asked.append(route.request.url)
        route.continue_() if len(set(asked)) == 1 else route.fulfill(status=404)

    page.route("**/series/*", only_the_first)
    page.goto(case_url + "?lang=en")
    expect(page.locator(".viewer [role=status]")).to_contain_text("The slices cannot be shown.")
    expect(page.locator(".stage canvas")).to_be_visible()
    page.wait_for_timeout(1000)  # those that were asked for at the same time
    count = len(asked)
    page.wait_for_timeout(1500)
    assert len(asked) == count, "it is not asked again"
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_nothing_is_cut_off_and_all_can_be_read(
    browser: Any, case_url: str, width: int, scheme: str, language: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{case_url}?lang={language}")
    expect(page.locator(".viewer[data-state=shown]")).to_be_visible()
    page.locator("summary").click()
    page.locator("[data-act=measure]").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRASTS) == []
    cut = page.locator(".viewer button").evaluate_all(
        "all => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"
    )
    assert cut == []
    context.close()
