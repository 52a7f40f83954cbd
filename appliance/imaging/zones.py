"""The 8 equal zones of the brain, and the pooling of slab scores over them.

Each zone is represented by its highest-scoring slab, so that no slab is skipped; the study's score is the mean of
the highest zones. Both are monotonic: a slab that looks more like blood never makes a study look less urgent.
"""

from __future__ import annotations

from typing import List, Tuple

import numpy as np

from appliance.imaging.brain import BrainExtent

ZONES = 8
"""The reference device judged 8 slices; this appliance judges all and shows one for each of 8 zones."""


def zone_edges(brain: BrainExtent) -> List[Tuple[float, float]]:
    """Divide the brain's extent into `ZONES` zones of equal length, from the base up.

    Parameters
    ----------
    brain : BrainExtent
        Its `lower` and `upper` edge in mm, or in slices where mm are unknown.

    Returns
    -------
    list of tuple of float
        Lower and upper edge of each zone.
    """
    cuts = np.linspace(brain.lower, brain.upper, ZONES + 1)
    return [(float(lower), float(upper)) for lower, upper in zip(cuts[:-1], cuts[1:])]


def representatives(centres: np.ndarray, scores: np.ndarray, edges: List[Tuple[float, float]]) -> List[int]:
    """Choose the slab that represents each zone: the highest-scoring one whose centre lies in it.

    Parameters
    ----------
    centres : numpy.ndarray
        float64, shape ``(n,)``: the centres of the brain's slabs.
    scores : numpy.ndarray
        float32, shape ``(n,)``: their scores.
    edges : list of tuple of float
        From `zone_edges`.

    Returns
    -------
    list of int
        An index into `centres` for each zone; -1 for a zone in which no slab is centred.
    """
    chosen = []
    for number, (lower, upper) in enumerate(edges):
        within = (centres >= lower) & ((centres < upper) if number < len(edges) - 1 else (centres <= upper))
        members = np.flatnonzero(within)
        chosen.append(int(members[scores[members].argmax()]) if len(members) else -1)
    return chosen


def pooled_score(zone_scores: np.ndarray, highest: int) -> float:
    """Pool the zones' scores into the study's: the mean of the `highest` largest.

    Parameters
    ----------
    zone_scores : numpy.ndarray
        float32, shape ``(ZONES,)``: log-odds of each zone's representative.
    highest : int
        How many zones count; from the manifest.

    Returns
    -------
    float
        Log-odds before calibration.
    """
    return float(np.sort(zone_scores)[-highest:].mean())


def calibrated(score: float, slope: float, offset: float) -> float:
    """Turn log-odds into a probability by Platt scaling (Platt 1999): ``1 / (1 + exp(-(slope * score + offset)))``."""
    return float(1.0 / (1.0 + np.exp(-(slope * score + offset))))
