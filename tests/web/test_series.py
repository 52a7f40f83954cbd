from __future__ import annotations

import html
import json
import re
import zlib
from typing import Callable, Dict

import pytest
from flask.testing import FlaskClient

from appliance.store import Case, Store
from appliance.store.volumes import begin_plan, drop_plan, packed, write_plan, write_series
from appliance.web.series import WINDOWS
from tests.verdicts import SCORES

Judged = Callable[[str], Case]

SLICES = [bytes([number]) * 12 for number in range(5)]


def document() -> Dict[str, object]:
    return {"slices": len(SLICES), "rows": 3, "columns": 4, "opens_at": 3}


@pytest.fixture
def rendered(judged: Judged, store: Store) -> Case:
    case = judged("red")
    assert write_series(store.rendered, case.id, document(), map(packed, SLICES))
    return case


def test_the_page_gets_what_was_rendered(client: FlaskClient, rendered: Case) -> None:
    answer = client.get(f"/cases/{rendered.id}/series.json")
    assert answer.status_code == 200 and answer.json == document()
    for number, pixels in enumerate(SLICES, start=1):
        answer = client.get(f"/cases/{rendered.id}/series/{number}")
        assert answer.headers["Content-Encoding"] == "gzip" and answer.headers["Cache-Control"] == "no-store"
        assert zlib.decompress(answer.data, 31) == pixels
    for path in (f"{rendered.id}/series/0", f"{rendered.id}/series/6", "other/series/1", "other/series.json"):
        assert client.get(f"/cases/{path}").status_code == 404


def test_the_viewer_opens_at_the_highest_zone_and_asks_for_its_slice_at_once(
    client: FlaskClient, rendered: Case
) -> None:
    page = client.get(f"/cases/{rendered.id}?lang=en").text
    assert 'data-state="ready"' in page
    assert f'<link rel="preload" as="fetch" crossorigin href="/cases/{rendered.id}/series/4">' in page
    (carried,) = re.findall("data-about='([^']*)'", page)
    assert json.loads(html.unescape(carried)) == document(), "nothing has to be asked for before the first slice"
    assert page.index('/static/viewer.js"></script>') < page.index("/static/live.js"), "no other script goes first"
    assert f'src="/cases/{rendered.id}/zone-{SCORES.index(max(SCORES)) + 1}.png"' in page


def test_while_it_is_prepared_the_zone_pictures_are_there(client: FlaskClient, judged: Judged, store: Store) -> None:
    case = judged("red")
    write_plan(store.rendered, case.id, {"spools": [], "images": []})
    for begin in (False, True):
        if begin:
            begin_plan(store.rendered, case.id)
        assert client.get(f"/cases/{case.id}/series.json").status_code == 202
        page = client.get(f"/cases/{case.id}?lang=ja").text
        assert 'data-state="preparing"' in page and "全スライスを準備しています" in page
        assert 'rel="preload"' not in page and "data-about" not in page and f"/cases/{case.id}/zone-8.png" in page
    drop_plan(store.rendered, case.id)
    assert client.get(f"/cases/{case.id}/series.json").status_code == 404
    assert "data-state" not in client.get(f"/cases/{case.id}").text


@pytest.mark.parametrize("name", ["refer", "several"])
def test_there_is_no_viewer_where_nothing_is_rendered(client: FlaskClient, judged: Judged, name: str) -> None:
    case = judged(name)
    assert 'class="panel viewer"' not in client.get(f"/cases/{case.id}").text
    assert client.get(f"/cases/{case.id}/series.json").status_code == 404


def test_every_window_has_a_button(client: FlaskClient, rendered: Case) -> None:
    page = client.get(f"/cases/{rendered.id}?lang=ja").text
    for window, name in zip(WINDOWS, ("脳", "硬膜下", "脳梗塞", "骨")):
        assert f'data-width="{window.width}" data-level="{window.level}"' in page
        assert f'<span>{name}</span> <span class="fine">{window.width}/{window.level}</span>' in page


def test_half_a_series_is_no_series(judged: Judged, store: Store) -> None:
    case = judged("red")
    with pytest.raises(ValueError, match="3 slices came"):
        write_series(store.rendered, case.id, document(), map(packed, SLICES[:3]))
    assert sorted(path.name for path in store.rendered.iterdir()) == [case.id]
    assert not (store.rendered / case.id / "series").exists()
