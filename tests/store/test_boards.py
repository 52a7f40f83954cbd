from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

import pytest

from appliance.board import Board, PowerMode, Strain
from appliance.config import IngestSettings, Settings
from appliance.errors import DiskReadOnlyError
from appliance.store import Store
from appliance.store.boards import OLD_S
from appliance.store.troubles import TroubleCode, troubles
from tests.disks import read_only

BOARD = Board(
    model="Jetson-AGX",
    power_mode=PowerMode("MODE_15W", 0.487),
    temperatures_c={"GPU": 47.25},
    slowed_by_heat=("gpu",),
    over_current={"oc1": 2},
)
STRAINS = frozenset({Strain.HEAT, Strain.LOW_POWER_MODE})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def test_what_was_saved_is_seen_by_another_process(store: Store) -> None:
    store.board.save(BOARD, STRAINS, "not installed")
    with Store(store.folder) as other:
        seen = other.board.seen()
    assert seen is not None
    assert (seen.board, seen.strains, seen.jetson_stats) == (BOARD, STRAINS, "not installed")
    assert 0 <= seen.age_s < 60
    assert [path.name for path in store.folder.iterdir() if "board" in path.name] == ["board.json"]


def test_nothing_was_seen_yet(store: Store) -> None:
    assert store.board.seen() is None and troubles(store, Settings(ingest=IngestSettings(min_free_mb=1))) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("uptime", -OLD_S - 1), ("boot", "another boot"), ("strains", ["novel"]), ("board", {"novel": 1}), ("board", 5)],
)
def test_what_is_old_or_of_another_version_says_nothing(store: Store, name: str, value: Any) -> None:
    store.board.save(BOARD, STRAINS, "not installed")
    path = store.folder / "board.json"
    document = json.loads(path.read_text())
    document[name] = document[name] + value if name == "uptime" else value
    path.write_text(json.dumps(document))
    assert store.board.seen() is None


@pytest.mark.parametrize("text", ["", '{"boot": "', "[]", "null"])
def test_a_file_that_a_power_cut_tore_says_nothing(store: Store, text: str) -> None:
    (store.folder / "board.json").write_text(text)
    assert store.board.seen() is None


def test_a_disk_that_cannot_be_written(store: Store) -> None:
    with read_only(store.folder), pytest.raises(DiskReadOnlyError):
        store.board.save(BOARD, STRAINS, "")


@pytest.mark.parametrize(
    ("strains", "mode", "codes"),
    [
        ({Strain.HEAT}, None, [TroubleCode.BOARD_HOT]),
        ({Strain.POWER}, None, [TroubleCode.BOARD_POWER]),
        ({Strain.LOW_POWER_MODE}, PowerMode("MODE_15W", 0.487), [TroubleCode.BOARD_LOW_POWER_MODE]),
        (set(), PowerMode("MODE_30W_ALL", 0.65), []),
        (set(), None, []),
    ],
)
def test_each_strain_is_a_trouble(store: Store, strains: Any, mode: Any, codes: Any) -> None:
    store.board.save(Board(power_mode=mode), frozenset(strains), "")
    found = troubles(store, Settings(ingest=IngestSettings(min_free_mb=1)))
    assert [trouble.code for trouble in found] == codes
    if TroubleCode.BOARD_LOW_POWER_MODE in codes:
        assert "in the power mode MODE_15W, with 49 % of its speed" in found[0].message
