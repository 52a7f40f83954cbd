"""Whether the board is strained: what it said now and a moment ago, as one judgement that does not flicker."""

from __future__ import annotations

from typing import Dict, FrozenSet, Mapping

from appliance.board import Board, Strain

HOLD_S = 600.0
"""A board that slows itself down goes to and fro within seconds, so what was seen holds for so long."""

_SPIKES = "oc3"
"""On Orin, whose counters are ``oc1`` (supply too low), ``oc2`` (too much current on the mean) and this one, spikes of
microseconds that a comparator sees. They come with any load in the fastest mode and cost nothing that could be
measured, so nobody is alarmed by them; Xavier's counters mean other things, and each of them counts."""


class Watch:
    """What strained the board of late."""

    def __init__(self) -> None:
        self._counted: Mapping[str, int] = {}
        self._seen: Dict[Strain, float] = {}

    def look(self, board: Board, now_s: float) -> FrozenSet[Strain]:
        """Compare what the board says with what it said before.

        Parameters
        ----------
        board : Board
            What it says now.
        now_s : float
            Seconds on a clock that nobody sets.
        """
        if board.slowed_by_heat:
            self._seen[Strain.HEAT] = now_s
        alarming = {name: count for name, count in board.over_current.items() if name != _SPIKES or _is_xavier(board)}
        # the first look tells nothing: the counters begin with the board, not with the appliance
        if any(count > self._counted.get(name, count) for name, count in alarming.items()):
            self._seen[Strain.POWER] = now_s
        self._counted = alarming
        found = {strain for strain, seen_s in self._seen.items() if now_s - seen_s < HOLD_S}
        if board.power_mode is not None and board.power_mode.low:
            found.add(Strain.LOW_POWER_MODE)
        return frozenset(found)


def _is_xavier(board: Board) -> bool:
    """Tell a Xavier, which counts more kinds of events than Orin's three."""
    return len(board.over_current) > 3
