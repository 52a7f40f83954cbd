"""Pages other than the wall remind of red cases too, the list changes by itself, and sound says whether it is on."""

from __future__ import annotations

import re
from typing import Any, Callable

import pytest
from flask import Flask

from appliance.store import Case, Store
from appliance.web import wall
from tests.verdicts import RED, VERDICTS

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.web.test_browser import CONTRASTS, expect  # noqa: E402
from tests.web.test_next_step_browser import address, app, browser, page, pytestmark  # noqa: E402, F401

Judged = Callable[[str], Case]


def box(page: Any, of: str) -> Any:  # noqa: F811
    return page.locator(of).bounding_box()


def test_an_open_case_reminds_of_another_and_leaves_pen_and_case_alone(
    page: Any,  # noqa: F811
    address: str,  # noqa: F811
    judged: Judged,
    store: Store,
) -> None:
    green = judged("green")
    page.goto(f"{address}/cases/{green.id}?lang=ja")
    page.locator("#feedback-note").click()
    page.keyboard.type("左に")
    expect(page.locator(".reminder")).to_have_count(0)
    before = [box(page, part) for part in (".answer", "#feedback-note")]
    red = judged("red")
    banner = page.locator(".reminder")
    expect(banner).to_contain_text("別の症例：赤の未確認 1件", timeout=60_000)
    expect(banner).to_be_in_viewport(ratio=1)
    expect(page).to_have_title("(1) 赤・未確認 – 出血を疑う所見を検出せず – 症例 1")
    assert [box(page, part) for part in (".answer", "#feedback-note")] == before, "nothing moved"
    page.keyboard.type("薄い")
    assert page.locator("#feedback-note").input_value() == "左に薄い"
    page.locator("#feedback-note").fill("")
    page.evaluate("window.scrollTo(0, 0)")
    expect(banner).to_be_in_viewport(ratio=1)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    below, last = box(page, ".reminder"), box(page, "main > .again")
    assert last["y"] + last["height"] <= below["y"], "at the end it hides nothing"
    store.acknowledgements.acknowledge(red, "佐藤")
    expect(banner).to_have_count(0, timeout=60_000)
    expect(page).to_have_title("出血を疑う所見を検出せず – 症例 1")


def test_a_red_case_does_not_remind_of_itself(page: Any, address: str, judged: Judged) -> None:  # noqa: F811
    red = judged("red")
    page.goto(f"{address}/cases/{red.id}?lang=en")
    expect(
        page.get_by_text("Nobody has acknowledged this case yet. Reminders go on until somebody does.")
    ).to_be_visible()
    expect(page.locator(".reminder")).to_have_count(0)


ANOTHER = {
    "ja": ("別の症例：赤の未確認 %d件", "別の症例：赤の未確認 %d件", "76歳 · 女性 · 模."),
    "en": (
        "Another red case, not acknowledged: %d",
        "Other red cases, not acknowledged: %d",
        "76 years · female · M.",
    ),
}


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 900), (1920, 1080)])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_call_is_in_sight_and_a_reminder_of_another_does_not_look_like_this_case(
    page: Any,  # noqa: F811
    address: str,  # noqa: F811
    judged: Judged,
    language: str,
    width: int,
    height: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("another", "one more"):
        monkeypatch.setitem(VERDICTS, name, RED)
    judged("another")
    red = judged("red")  # of a date long ago, so that it is asked about
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{address}/cases/{red.id}?lang={language}")
    one, several, whom = ANOTHER[language]
    banner = page.locator(".reminder")
    expect(banner).to_contain_text(one % 1)
    expect(banner).to_contain_text(whom)
    ground = "one => getComputedStyle(one).backgroundColor"
    assert banner.evaluate(ground) == "rgb(255, 255, 255)" != page.locator(".answer").evaluate(ground)
    call, below = box(page, ".call a"), box(page, ".reminder")
    expect(page.locator(".answer .scan-doubt")).to_be_visible()
    assert call["y"] + call["height"] <= below["y"], "the call is not hidden"
    if width == 390:
        assert call["y"] < box(page, ".reasons")["y"]
    assert page.evaluate(CONTRASTS) == []
    judged("one more")
    page.reload()
    expect(banner).to_contain_text(several % 2)
    expect(banner.get_by_role("link")).to_have_text(re.compile("1"))
    page.goto(f"{address}/?lang={language}")
    assert page.locator(".reminder").evaluate(ground) != "rgb(255, 255, 255)", "on the wall as before"


def test_the_list_changes_by_itself_and_keeps_the_place_of_the_keyboard(
    page: Any,  # noqa: F811
    address: str,  # noqa: F811
    judged: Judged,
    store: Store,
) -> None:
    green = judged("green")
    page.goto(address + "/cases?lang=en")
    link = page.locator(f'.list a[href="/cases/{green.id}"]')
    link.focus()
    red = judged("red")
    row = page.locator(".list .red")
    expect(row).to_contain_text("Not acknowledged for")
    expect(page.locator(".reminder")).to_contain_text("Red, not acknowledged: 1")
    expect(page).to_have_title("(1) Red, not acknowledged – All cases – Head CT triage")
    expect(link).to_be_focused()
    store.acknowledgements.acknowledge(red, "佐藤")
    expect(row).to_contain_text("Acknowledged by 佐藤")
    expect(row.locator(".seen time")).to_be_visible()
    expect(page.locator(".reminder")).to_have_count(0)
    expect(page.locator(".list li")).to_have_count(2)


def test_an_older_page_of_the_list_stays_that_page(
    page: Any,  # noqa: F811
    address: str,  # noqa: F811
    judged: Judged,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wall, "_PAGE", 2)
    for name in ("green", "refer", "several"):
        judged(name)
    page.goto(address + "/cases?lang=en")
    page.get_by_role("link", name="Older cases").click()
    expect(page.locator(".list li")).to_have_count(1)
    judged("red")
    expect(page.locator(".reminder")).to_be_visible()
    expect(page.locator(".list li")).to_have_count(1)
    expect(page.locator(".list .red")).to_have_count(0)


def test_sound_says_that_it_is_on_only_while_it_may_play(
    page: Any,  # noqa: F811
    address: str,  # noqa: F811
    judged: Judged,
) -> None:
    case = judged("green")
    page.goto(address + "/?lang=en")
    off = page.get_by_role("button", name="Sound is off – press to switch on")
    on = page.get_by_role("button", name="Sound is on – press to switch off")
    expect(off).to_be_visible()
    off.click()
    expect(on).to_be_visible()
    on.click()
    expect(off).to_be_visible()
    off.click()
    expect(on).to_be_visible()
    # on the next page it stays on: the browser knows that somebody is there
    page.locator("#recent a").first.click()
    page.wait_for_url(f"**/cases/{case.id}**")
    expect(on).to_be_visible()


def test_sound_that_the_browser_holds_back_is_off(page: Any, address: str, judged: Judged) -> None:  # noqa: F811
    judged("green")
    page.add_init_script(
        """
        localStorage.setItem("sound", "yes");
        class Held extends EventTarget {
          state = "suspended";
          resume() { return new Promise((done) => { window.allow = () => {
            this.state = "running"; this.dispatchEvent(new Event("statechange")); done(); }; }); }
        }
        window.AudioContext = Held;
        """
    )
    page.goto(address + "/?lang=ja")
    expect(page.get_by_role("button", name="音オフ（押すと音を出します）")).to_be_visible()
    page.locator("h2").first.click()
    page.evaluate("window.allow()")
    expect(page.get_by_role("button", name="音オン（押すと音を止めます）")).to_be_visible()


@pytest.mark.parametrize("width", [1920, 1280, 390])
def test_the_wall_is_as_wide_as_its_header(page: Any, address: str, judged: Judged, width: int) -> None:  # noqa: F811
    judged("red")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address + "/?lang=en")
    card, name, languages = box(page, "#recent"), box(page, ".bar .name"), box(page, ".bar .languages")
    assert name["x"] == pytest.approx(card["x"], abs=1)
    assert languages["x"] + languages["width"] == pytest.approx(card["x"] + card["width"], abs=1)
    said = page.locator(".permanent p").first.bounding_box()
    assert said["x"] == pytest.approx(card["x"], abs=1)


def test_every_slice_names_the_patients_sides(page: Any, app: Flask, address: str, judged: Judged) -> None:  # noqa: F811
    case = judged("red")
    for path, figures in ((f"/cases/{case.id}", ".zones figure"), (f"/cases/{case.id}/handover", ".slices figure")):
        page.goto(address + path)
        for figure in page.locator(figures).all():
            sides = figure.locator(".side")
            assert sides.all_inner_texts() == ["R", "L"]
            right, left, image = sides.nth(0).bounding_box(), sides.nth(1).bounding_box(), figure.locator("img")
            whole = image.bounding_box()
            assert whole["x"] <= right["x"] < whole["x"] + whole["width"] / 2 < left["x"]
            assert left["x"] + left["width"] <= whole["x"] + whole["width"] + 1
