from __future__ import annotations

from dataclasses import replace
from typing import Dict

import pytest

from appliance.board import Board, PowerMode, Strain
from appliance.device.strain import HOLD_S, Watch

ORIN: Dict[str, int] = {"oc1": 3, "oc2": 0, "oc3": 40}
XAVIER: Dict[str, int] = {f"oc{number}": 0 for number in range(1, 7)}


def test_nothing_strains_a_board_that_says_nothing() -> None:
    assert Watch().look(Board(), 0) == frozenset()


def test_heat_holds_for_a_while_after_it_was_seen() -> None:
    watch = Watch()
    assert watch.look(Board(slowed_by_heat=("gpu",)), 100) == {Strain.HEAT}
    assert watch.look(Board(), 100 + HOLD_S - 1) == {Strain.HEAT}
    assert watch.look(Board(), 100 + HOLD_S) == frozenset()


@pytest.mark.parametrize(
    ("before", "counter", "strained"),
    [(ORIN, "oc1", True), (ORIN, "oc2", True), (ORIN, "oc3", False), (XAVIER, "oc1", True), (XAVIER, "oc3", True)],
)
def test_a_counter_that_grows(before: Dict[str, int], counter: str, strained: bool) -> None:
    watch, board = Watch(), Board(over_current=before)
    assert watch.look(board, 0) == frozenset(), "what was before the appliance started is not of now"
    after = replace(board, over_current={**before, counter: before[counter] + 1})
    assert watch.look(after, 5) == ({Strain.POWER} if strained else frozenset())
    assert watch.look(after, 4 + HOLD_S) == ({Strain.POWER} if strained else frozenset())
    assert watch.look(after, 5 + HOLD_S) == frozenset(), "it did not grow again"


def test_a_counter_that_began_anew_or_went_away_is_no_event() -> None:
    watch = Watch()
    watch.look(Board(over_current=ORIN), 0)
    assert watch.look(Board(over_current={"oc1": 0, "oc2": 0, "oc3": 0}), 5) == frozenset()
    assert watch.look(Board(), 10) == frozenset()
    assert watch.look(Board(over_current=ORIN), 15) == frozenset()


@pytest.mark.parametrize(("share", "low"), [(0.49, True), (0.6, False), (1.0, False), (None, False)])
def test_a_low_power_mode(share: float, low: bool) -> None:
    board = Board(power_mode=PowerMode("MODE_15W", share))
    assert Watch().look(board, 0) == ({Strain.LOW_POWER_MODE} if low else frozenset())
