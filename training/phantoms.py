"""What a release makes of simulated heads that no training code drew: `appliance.phantom`, with blood and without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from appliance.phantom.acquisition import Kernel, acquire
from appliance.phantom.anatomy import voxelise
from appliance.phantom.disc import FIELD_OF_VIEW_MM, positions
from appliance.phantom.head import Bleed, BleedKind, Head, Side
from appliance.study import SliceStack
from training.calibrate import Calibration
from training.dataset import LabelledStack, Study
from training.prepare import WINDOW_LEVEL, WINDOW_WIDTH, prepare_study
from training.scored import Scorer, score

HEADS = (Head(seed=101, atrophy=0.1), Head(seed=102, scale=0.95), Head(seed=103, scale=1.05, atrophy=0.8))
"""A young, a middle-aged and an old one."""

VOLUMES_ML = (5.0, 15.0, 40.0, 100.0)

ROWS = 256
SLAB_MM = 5.0


def measure_phantoms(scorer: Scorer, calibration: Calibration) -> dict[str, Any]:
    """Judge simulated heads.

    Parameters
    ----------
    scorer : Scorer
        The released network.
    calibration : Calibration
        As released.

    Returns
    -------
    dict
        A table for the model card: a row for each kind of bleed and one for none, a column for each volume, with the
        probabilities that the heads were given.
    """
    found: dict[tuple[str, float], list[float]] = {}
    for head in HEADS:
        for bleed in _bleeds():
            (item,) = score(scorer, [prepare_study(phantom_study(head, bleed))])
            probability = calibration.study_calibration.probability(np.array([item.pooled(calibration.highest)]))[0]
            key = ("none", 0.0) if bleed is None else (bleed.kind.value, bleed.volume_ml)
            found.setdefault(key, []).append(float(probability))
    point = calibration.operating_point
    rows = [["none", _list(found["none", 0.0]), *[""] * (len(VOLUMES_ML) - 1)]]
    rows += [[kind.value, *(_list(found[kind.value, volume]) for volume in VOLUMES_ML)] for kind in BleedKind]
    with_blood = [value for (kind, _), values in found.items() if kind != "none" for value in values]
    called = sum(value >= point for value in with_blood)
    falsely = sum(value >= point for value in found["none", 0.0])
    return {
        "title": "Simulated heads of the appliance (synthetic)",
        "columns": ["bleed", *(f"{volume:g} ml" for volume in VOLUMES_ML)],
        "rows": rows,
        "note": f"Probability given to each of {len(HEADS)} heads; called at {point:.2f} and above. Called: {called} "
        f"of {len(with_blood)} with blood, {falsely} of {len(HEADS)} without.",
        "command": "triage-train check --work W",
    }


def _bleeds() -> Iterator[Bleed | None]:
    yield None
    for number, kind in enumerate(BleedKind):
        for volume in VOLUMES_ML:
            yield Bleed(kind, Side.LEFT if number % 2 else Side.RIGHT, volume)


def phantom_study(head: Head, bleed: Bleed | None) -> Study:
    """Scan a simulated head."""
    where = tuple(float(z) for z in positions(SLAB_MM))
    spacing = FIELD_OF_VIEW_MM / ROWS
    scanned = acquire(
        voxelise(head, bleed, where, ROWS, spacing, SLAB_MM, 0.0), Kernel.SOFT, spacing, SLAB_MM, head.seed
    )
    shown = np.clip((scanned.astype(np.float32) - WINDOW_LEVEL) / WINDOW_WIDTH + 0.5, 0, 1)
    stack = SliceStack(
        pixels=np.rint(shown * 255).astype(np.uint8),
        sources=tuple(str(index) for index in range(len(scanned))),
        positions_mm=np.array(where),
        thickness_mm=np.full(len(where), SLAB_MM),
        pixel_spacing_mm=spacing,
        hounsfield=scanned,
    )
    name = f"phantom-{head.seed}"
    return Study(name, name, None, bleed is not None, frozenset(), lambda: LabelledStack(stack, None, None))


def _list(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)
