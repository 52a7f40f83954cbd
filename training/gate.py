"""The gate before photographs, fitted to how far the network scores them from the slices that they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import minimize

from appliance.camera.quality import NAMES, WORSE, Gate
from training.metrics import Bootstrap, share_figure, shares

BAD, GOOD = 1.0, 0.5
"""Log-odds by which a photograph's slices are misjudged, on average, from which it is too bad, and up to which good."""

GOOD_REFUSED = 0.04
"""Share of good photographs that the gate may refuse, of those that it is fitted to."""

PULL = 0.02
"""Weight of the squares of the weights: properties that go together share the blame."""


@dataclass(frozen=True)
class Rated:
    """A photograph with several slices, and how far the network is misled by it.

    Attributes
    ----------
    patient : str
        Whose slices it shows.
    properties : numpy.ndarray
        float64, shape ``(len(NAMES),)``: the median of each over its slices.
    misled : float
        Mean distance of the slices' calibrated log-odds from those of the slices from the file; infinite where no
        slice could be read.
    refused : bool
        Whether the appliance refused it, gate or no gate.
    """

    patient: str
    properties: np.ndarray
    misled: float
    refused: bool


def fit_gate(rated: Sequence[Rated]) -> Gate:
    """Fit a gate to photographs that the appliance did not refuse for other reasons.

    Parameters
    ----------
    rated : sequence of Rated
        By networks that had not learned from their patients.
    """
    used = [item for item in rated if not item.refused]
    table = np.stack([item.properties for item in used]) * [WORSE[name] for name in NAMES]
    usual = np.median(table, axis=0)
    scale = np.maximum(table.std(axis=0), 1e-6)
    bad = np.array([item.misled >= BAD for item in used])
    good = np.array([item.misled <= GOOD for item in used])
    x = (table - usual) / scale
    # both kinds weigh alike, and what lies between counts for its share of each
    target = np.clip((np.array([item.misled for item in used]) - GOOD) / (BAD - GOOD), 0, 1)
    weight = np.where(target >= 0.5, 1 / max(bad.sum(), 1), 1 / max(good.sum(), 1))
    found = minimize(
        partial(_loss, x=x, target=target, weight=weight / weight.sum()),
        np.concatenate([np.full(len(NAMES), 0.1), [0.0]]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * len(NAMES) + [(None, None)],
    )
    weights, offset = found.x[:-1], float(found.x[-1])
    highest = float(np.quantile(offset + x[good] @ weights, 1 - GOOD_REFUSED))
    return Gate(
        weights={name: float(value) for name, value in zip(NAMES, weights / scale, strict=True)},
        usual={name: float(value) * WORSE[name] for name, value in zip(NAMES, usual, strict=True)},
        offset=offset,
        highest=highest,
    )


def _loss(parameters: np.ndarray, x: np.ndarray, target: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
    logits = x @ parameters[:-1] + parameters[-1]
    probability = 1 / (1 + np.exp(-logits))
    loss = float(weight @ (np.logaddexp(0, logits) - target * logits)) + PULL * float(parameters[:-1] @ parameters[:-1])
    away = weight * (probability - target)
    return loss, np.concatenate([x.T @ away + 2 * PULL * parameters[:-1], [away.sum()]])


def measure_gate(rated: Sequence[Rated], refuses: Callable[[Rated], bool]) -> dict[str, Any]:
    """Measure what a gate refuses.

    Returns
    -------
    dict
        ``bad_refused`` and ``good_refused``: shares, as of `training.metrics.share_figure`; how many of each there
        were.
    """
    patients = np.array([item.patient for item in rated])
    refused = np.array([item.refused or refuses(item) for item in rated])
    bootstrap = Bootstrap(patients)
    document: dict[str, Any] = {"photographs": len(rated)}
    kinds = {
        "bad": np.array([item.misled >= BAD for item in rated]),
        "good": np.array([item.misled <= GOOD for item in rated]),
    }
    for name, chosen in kinds.items():
        share = bootstrap.measure(partial(shares, refused, chosen))
        document[f"{name}_photographs"] = int(chosen.sum())
        document[f"{name}_refused"] = share_figure(share, len(np.unique(patients[chosen])))
    return document
