"""Zones of equal length, no slab skipped, pooling that never looks away."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.imaging.brain import BrainExtent
from appliance.imaging.zones import ZONES, calibrated, pooled_score, representatives, zone_edges


def brain(lower: float, upper: float) -> BrainExtent:
    """An extent of which only the edges matter."""
    return BrainExtent(0, 0, lower, upper, 1.0, 0.7, 0.1, 0.1)


scores = st.lists(st.floats(-9, 9, width=32), min_size=16, max_size=64)


@given(st.floats(-200, 200), st.floats(70, 200))
def test_zones_tile_the_brain_in_equal_lengths(lower: float, length: float) -> None:
    """8 zones, none longer than another, none missing."""
    edges = zone_edges(brain(lower, lower + length))
    assert len(edges) == ZONES
    assert edges[0][0] == pytest.approx(lower) and edges[-1][1] == pytest.approx(lower + length)
    assert [high - low for low, high in edges] == pytest.approx([length / ZONES] * ZONES)


@given(scores)
def test_every_slab_has_its_chance(values: List[float]) -> None:
    """Whichever slab scores highest represents its zone, so the highest of all is always shown."""
    array = np.array(values, dtype=np.float32)
    centres = np.arange(len(array)) + 0.5
    edges = zone_edges(brain(0.0, float(len(array))))
    chosen = representatives(centres, array, edges)
    assert array[chosen].max() == array.max()
    for (low, high), index in zip(edges, chosen):
        assert low <= centres[index] <= high
        within = (centres >= low) & (centres < high)
        assert array[index] == array[within].max()


@given(scores, st.integers(0, 63), st.floats(0, 9), st.integers(1, 4))
def test_more_suspicion_never_lowers_the_score(values: List[float], place: int, more: float, highest: int) -> None:
    """Pooling is monotonic in every slab."""
    array = np.array(values, dtype=np.float64)
    raised = array.copy()
    raised[place % len(array)] += more
    centres = np.arange(len(array)) + 0.5
    edges = zone_edges(brain(0.0, float(len(array))))

    def study(slabs: np.ndarray) -> float:
        return pooled_score(slabs[representatives(centres, slabs, edges)], highest)

    assert study(raised) >= study(array) - 1e-9


def test_an_empty_zone_is_told() -> None:
    """A zone in which no slab is centred has no representative."""
    edges = zone_edges(brain(0.0, 80.0))
    centres = np.array([5.0, 15, 25, 35, 45, 55, 75])
    assert representatives(centres, np.zeros(7, dtype=np.float32), edges).index(-1) == 6


def test_calibration_is_platt_scaling() -> None:
    """By hand."""
    assert calibrated(2.0, 0.5, -1.0) == pytest.approx(0.5)
    assert calibrated(4.0, 0.5, -1.0) == pytest.approx(1 / (1 + np.exp(-1.0)))
