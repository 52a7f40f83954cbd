"""What ``/metrics`` tells of the board: nothing where no worker looks at it, and no sample of what it does not say."""

from __future__ import annotations

from typing import List, Optional, Union

from appliance.board import Board
from appliance.store import Store
from appliance.web.exposition import Family, Sample


def board_families(store: Store) -> List[Family]:
    """Return the metrics of the board, as the worker saw it a moment ago."""
    seen = store.board.seen()
    if seen is None:
        return []
    board = seen.board
    return [
        Family("triage_board_info", "gauge", "What the board is; always 1. Empty: not told.", [_info(board)]),
        Family(
            "triage_board_temperature_celsius",
            "gauge",
            "Temperature of each sensor.",
            [Sample(value, {"sensor": name}) for name, value in board.temperatures_c.items()],
        ),
        _one("triage_board_gpu_load_ratio", "Share of the time in which the GPU works.", board.gpu_load),
        _one("triage_board_gpu_clock_hertz", "The GPU's clock.", board.gpu_hz),
        _one("triage_board_memory_bytes", "All memory, which a Jetson's GPU shares.", board.memory_bytes),
        _one(
            "triage_board_memory_available_bytes",
            "Memory that programs can still have.",
            board.memory_available_bytes,
        ),
        _one(
            "triage_board_power_mode_speed_ratio",
            "Share of the board's speed that its power mode allows.",
            board.power_mode.share if board.power_mode else None,
        ),
        Family(
            "triage_board_slowed_by_heat",
            "gauge",
            "Whether a part's clock is held down because of heat; only parts that are.",
            [Sample(1, {"part": name}) for name in board.slowed_by_heat or ()],
        ),
        Family(
            "triage_board_over_current_events_total",
            "counter",
            "Times that a limit of the power supply was touched, by the counter of the board's own.",
            [Sample(count, {"counter": name}) for name, count in board.over_current.items()],
        ),
    ]


def _info(board: Board) -> Sample:
    mode = board.power_mode.name if board.power_mode else ""
    labels = {"model": board.model or "", "l4t": board.l4t or "", "jetpack": board.jetpack or "", "power_mode": mode}
    return Sample(1, labels)


def _one(name: str, help_text: str, value: Optional[Union[int, float]]) -> Family:
    return Family(name, "gauge", help_text, [] if value is None else [Sample(value)])
