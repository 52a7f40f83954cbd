"""The board on the pages and in ``/metrics``, as the worker saw it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable

import pytest
from flask.testing import FlaskClient

from appliance.board import Board, Strain
from appliance.device.board import identity, read_board
from appliance.store import Case, Store
from tests.device.boards import cool_down, count, xavier


def strained(root: Path) -> Board:
    """A Xavier in a low power mode that is too hot."""
    xavier(root, 2)
    cool_down(root, "gpu-throttle-alert", 1)
    count(root, "oc2", 7)
    return read_board(identity(root), root)


def fact(page: str, name: str) -> str:
    """What stands under a name within the board's panel."""
    (panel,) = re.findall('<section class="panel" aria-labelledby="board">(.*?)</section>', page, re.DOTALL)
    (found,) = re.findall(f"<dt>{re.escape(name)}</dt><dd>(.*?)</dd>", panel, re.DOTALL)
    return " ".join(re.sub("<[^>]+>", " ", found).split())


def test_the_administrator_sees_what_the_board_tells(client: FlaskClient, store: Store, tmp_path: Path) -> None:
    store.board.save(strained(tmp_path / "root"), frozenset(), "not installed")
    page = client.get("/admin?lang=en").text
    assert fact(page, "Model") == "Jetson-AGX"
    assert fact(page, "Jetson Linux (L4T)") == "35.6.0" and fact(page, "JetPack") == "5.1.4"
    assert fact(page, "Power mode") == "MODE_15W 49 % of full speed low"
    assert fact(page, "GPU load") == "44 %, 1377 MHz"
    assert fact(page, "Slowed down by heat") == "gpu"
    assert fact(page, "Power limit touched, since its start").startswith("oc1 0 oc2 7 oc3 0")
    assert fact(page, "Temperatures").startswith("AO 44 °C AUX 44 °C CPU 46 °C GPU 47 °C")
    assert fact(page, "jetson-stats") == "not used: not installed"
    assert fact(client.get("/admin?lang=ja").text, "jetson-stats") == "不使用： インストールされていません"
    assert fact(client.get("/admin?lang=ja").text, "電力モード") == "MODE_15W 最高速度の49% 低速"


def test_the_administrator_sees_what_it_does_not_tell(client: FlaskClient, store: Store) -> None:
    assert "no worker runs, or it has just begun" in client.get("/admin?lang=en").text
    store.board.save(Board(), frozenset(), "not installed")
    page = client.get("/admin?lang=en").text
    names = (
        "Model",
        "Jetson Linux (L4T)",
        "JetPack",
        "Power mode",
        "GPU load",
        "Memory, available",
        "Slowed down by heat",
    )
    assert {name: fact(page, name) for name in names} == dict.fromkeys(names, "not told")


@pytest.mark.parametrize(
    ("language", "hot", "power", "low"),
    [
        (
            "en",
            "is too hot and slows itself down",
            "more power than its supply",
            "power mode MODE_15W, with 49 % of its",
        ),
        (
            "ja",
            "装置が高温のため速度を落としており",
            "電力モードの上限に達した",
            "MODE_15W（最高速度の49%）で動いており",
        ),
    ],
)
def test_every_page_warns_of_what_strains_the_board(
    client: FlaskClient,
    store: Store,
    judged: Callable[[str], Case],
    tmp_path: Path,
    language: str,
    hot: str,
    power: str,
    low: str,
) -> None:
    case = f"/cases/{judged('red').id}"
    pages = [f"{path}?lang={language}" for path in ("/", case, "/admin")]
    for page in pages:
        assert not any(text in client.get(page).text for text in (hot, power, low))
    store.board.save(strained(tmp_path / "root"), frozenset(Strain), "not installed")
    for page in pages:
        assert all(text in client.get(page).text for text in (hot, power, low))


def test_monitoring_reads_what_the_board_tells(client: FlaskClient, store: Store, tmp_path: Path) -> None:
    parser = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is not installed")
    assert "triage_board" not in client.get("/metrics").text.replace("board_hot", "")
    store.board.save(strained(tmp_path / "root"), frozenset({Strain.HEAT}), "not installed")
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in parser.text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if family.name.startswith(("triage_board", "triage_trouble"))
    }
    assert values["triage_board_info", "Jetson-AGX", "35.6.0", "5.1.4", "MODE_15W"] == 1
    assert values["triage_board_temperature_celsius", "GPU"] == 47.25
    assert values["triage_board_gpu_load_ratio",] == 0.437
    assert values["triage_board_gpu_clock_hertz",] == 1377000000
    assert values["triage_board_memory_available_bytes",] == 27912340 * 1024
    assert values["triage_board_power_mode_speed_ratio",] == pytest.approx(670 / 1377)
    assert values["triage_board_slowed_by_heat", "gpu"] == 1
    assert values["triage_board_over_current_events_total", "oc2"] == 7
    assert values["triage_trouble", "board_hot"] == 1 and values["triage_trouble", "board_power"] == 0


def test_a_pc_has_no_sample_of_what_it_does_not_tell(client: FlaskClient, store: Store) -> None:
    store.board.save(Board(model="A PC"), frozenset(), "not installed")
    text = client.get("/metrics").text
    assert 'triage_board_info{model="A PC",l4t="",jetpack="",power_mode=""} 1' in text
    assert not re.search("^triage_board_gpu", text, re.M)
