from __future__ import annotations

import time
from pathlib import Path
from typing import Callable, Iterator, Optional

import pytest

from appliance.board import Strain
from appliance.board_watch import BoardWatch
from appliance.doctor import examine_board
from appliance.store import Store
from appliance.store.boards import Seen
from tests.device.boards import cool_down, count, orin, xavier
from tests.disks import read_only

PATIENCE_S = 60.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def awaited(store: Store, wanted: Callable[[Seen], bool]) -> Seen:
    """Wait until what is seen of the board is as wanted."""
    seen: Optional[Seen] = None
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        seen = store.board.seen()
        if seen is not None and wanted(seen):
            return seen
        time.sleep(0.01)
    raise AssertionError(f"last seen: {seen}")


def test_a_board_that_gets_hot_and_short_of_power_is_told_at_once(store: Store, tmp_path: Path) -> None:
    root = orin(tmp_path / "root")
    with BoardWatch(store, root, 0.02):
        assert awaited(store, lambda seen: True).board.l4t == "36.4.3"
        assert awaited(store, lambda seen: True).strains == frozenset()
        count(root, "oc3", 1000)
        cool_down(root, "gpu-throttle-alert", 1)
        cool_down(root, "cpu-throttle-alert", 1)
        assert awaited(store, lambda seen: bool(seen.strains)).strains == {Strain.HEAT}
        cool_down(root, "cpu-throttle-alert", 0)
        count(root, "oc1", 1)
        assert awaited(store, lambda seen: Strain.POWER in seen.strains).strains == {Strain.HEAT, Strain.POWER}


def test_a_low_power_mode_is_told_from_the_start(store: Store, tmp_path: Path) -> None:
    with BoardWatch(store, xavier(tmp_path / "root", None), 0.02):
        seen = awaited(store, lambda seen: True)
    assert seen.strains == {Strain.LOW_POWER_MODE}
    assert seen.board.power_mode is not None and seen.board.power_mode.name == "MODE_15W"


def test_a_disk_that_cannot_be_written_ends_nothing(store: Store, tmp_path: Path) -> None:
    with read_only(store.folder), BoardWatch(store, orin(tmp_path / "root"), 0.02):
        time.sleep(0.1)
        assert store.board.seen() is None
    with BoardWatch(store, tmp_path / "root", 0.02):
        awaited(store, lambda seen: True)


def test_the_doctor_says_what_the_board_is(tmp_path: Path) -> None:
    finding = examine_board(xavier(tmp_path))
    assert finding.works and not finding.needed
    assert finding.detail.startswith(
        "model Jetson-AGX, L4T 35.6.0, JetPack 5.1.4, power mode MAXN (100 % of full speed), hottest sensor GPU 47 °C, "
        "GPU load 44 %, power limit touched oc1 0, oc2 0, oc3 0, oc4 0, oc5 0, oc6 0; jetson-stats: "
    )


def test_the_doctor_says_what_slows_the_board(tmp_path: Path) -> None:
    root = xavier(tmp_path, 2)
    cool_down(root, "gpu-throttle-alert", 2)
    finding = examine_board(root)
    assert not finding.works and not finding.needed
    assert finding.detail.startswith(
        "slowed down by heat (gpu), check its fan; in a low power mode, choose a faster one with `nvpmodel`; model "
    )


def test_the_doctor_says_what_a_machine_does_not_tell(tmp_path: Path) -> None:
    finding = examine_board(tmp_path)
    assert finding.works and finding.detail.startswith("says nothing of itself; not told: model, L4T, JetPack, ")
