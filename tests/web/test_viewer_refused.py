"""The viewer over a study that was refused: all slices, and no doubt that nobody judged them."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import numpy as np
import pydicom
import pytest
from flask.testing import FlaskClient

from appliance.phantom.dicomise import write_series
from appliance.phantom.transcode import JPEG_LOSSLESS
from appliance.pipeline import Pipeline
from appliance.store import Case, Store
from appliance.store.volumes import packed, write_plan
from appliance.store.volumes import write_series as write_slices
from tests.simulated import options, volume
from tests.web.browser import CHROMIUM, CONTRASTS, OPTIONS
from tests.web.viewing import canvas, levels, served_from, slice_shown

Judged = Callable[[str], Case]
WORDS = {
    "en": ("This study was not judged.", "Not judged", "This slice is damaged and cannot be shown."),
    "ja": ("この検査は判定していません。", "判定していません", "このスライスは壊れているため表示できません。"),
}


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("name", ["refer", "red"])
def test_the_page_says_what_was_not_judged(
    client: FlaskClient, judged: Judged, store: Store, name: str, language: str
) -> None:
    case = judged(name)
    write_plan(store.rendered, case.id, {"spools": [], "images": []})
    for state in ("preparing", "ready"):
        if state == "ready":
            document = {"slices": 1, "rows": 3, "columns": 4, "opens_at": 0, "zones": [], "undecodable": []}
            write_slices(store.rendered, case.id, document, [packed(bytes(12))])
        page = client.get(f"/cases/{case.id}?lang={language}").text
        assert f'data-state="{state}"' in page
        said = [f"<strong>{WORDS[language][0]}</strong>" in page, f'<p class="mark">{WORDS[language][1]}</p>' in page]
        assert said == [name == "refer"] * 2
        assert ("zone-0.png" in page) is False
        (marks,) = re.findall('<div class="zone-marks"[^>]*>', page)
        assert marks.endswith(" hidden>") is (name == "refer")
    assert ("Until then the slice" in client.get(f"/cases/{case.id}?lang=en").text) is (name == "red")


def test_a_case_of_several_patients_offers_no_viewer(client: FlaskClient, judged: Judged) -> None:
    case = judged("several")
    assert 'class="panel viewer"' not in client.get(f"/cases/{case.id}").text
    assert client.get(f"/cases/{case.id}/series.json").status_code == 404


def damaged_disc(folder: Path) -> None:
    """A head of which the middle slice cannot be decoded."""
    write_series(folder, volume(), options(transfer_syntax=JPEG_LOSSLESS))
    middle = options().positions_mm[len(options().positions_mm) // 2]
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        if abs(float(dataset.ImagePositionPatient[2]) - middle) < 0.1:
            dataset.PixelData = pydicom.encaps.encapsulate([b"\0" * 64])
            dataset.save_as(path)


@pytest.fixture(scope="module")
def case_url(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("refused")
    damaged_disc(folder / "disc")
    with served_from(folder, pipeline) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield opened
        opened.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", WORDS)
def test_it_works_and_says_so_over_the_picture(
    browser: Any, case_url: str, width: int, scheme: str, language: str
) -> None:
    from playwright.sync_api import expect

    with urllib.request.urlopen(case_url + "/series.json") as answer:
        about: Dict[str, Any] = json.load(answer)
    (damaged,) = about["undecodable"]
    assert (damaged, about["opens_at"]) == (16, 15), "the nearest that can be seen"
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    said: List[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{case_url}?lang={language}")
    expect(page.locator(".viewer[data-state=shown]")).to_be_visible()
    notice, mark, undecodable = WORDS[language]
    expect(page.locator(".viewer .unjudged")).to_contain_text(notice)
    expect(page.locator(".stage .mark")).to_have_text(mark)
    expect(page.locator("[data-over=slice]")).to_contain_text("16 / 32")
    expect(page.locator(".stage .undecodable")).to_have_text("")
    assert canvas(page).max() > 200
    page.locator("#slice").press("ArrowDown")
    expect(page.locator("[data-over=slice]")).to_contain_text("17 / 32")
    expect(page.locator(".stage .undecodable")).to_have_text(undecodable)
    assert canvas(page).max() == 0
    page.locator("#slice").press("ArrowDown")
    expect(page.locator("[data-over=slice]")).to_contain_text("18 / 32")
    expect(page.locator(".stage .undecodable")).to_have_text("")
    assert canvas(page).max() > 200 and np.unique(levels(case_url, about, slice_shown(page))).size > 100
    expect(page.locator(".zone-marks")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRASTS) == []
    stage, over = page.locator(".stage").bounding_box(), page.locator(".stage .mark").bounding_box()
    assert stage["x"] <= over["x"] and over["x"] + over["width"] <= stage["x"] + stage["width"]
    assert over["y"] + over["height"] < stage["y"] + stage["height"] / 4, "beside the brain, not over it"
    context.close()
    assert said == []


@pytest.mark.browser
def test_it_breaks_no_rule_of_accessibility(browser: Any, case_url: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = browser.new_page()
    page.goto(case_url + "?lang=en")
    page.wait_for_selector(".viewer[data-state=shown]")
    found = axe.Axe().run(page).response["violations"]
    assert [f"{item['id']}: {node['html']}" for item in found for node in item["nodes"]] == []
    page.close()
