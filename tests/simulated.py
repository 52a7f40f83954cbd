"""Simulated heads for the tests: rendered once, written as each test needs them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Optional, Tuple

import numpy as np

from appliance.phantom.acquisition import Kernel, acquire
from appliance.phantom.anatomy import voxelise
from appliance.phantom.disc import DEMO_BLEED, FIELD_OF_VIEW_MM, positions
from appliance.phantom.head import Bleed, Head
from appliance.phantom.options import SeriesOptions

ROWS = 256
HEAD = Head()


@lru_cache(maxsize=16)
def volume(
    step_mm: float = 5.0,
    kernel: Kernel = Kernel.SOFT,
    bleed: Optional[Bleed] = DEMO_BLEED,
    head: Head = HEAD,
    rows: int = ROWS,
    tilt_deg: float = 0.0,
) -> np.ndarray:
    """A head in Hounsfield units, int16, shape ``(n, rows, rows)``, from the base up; read-only."""
    where = tuple(float(z) for z in positions(step_mm))
    spacing = FIELD_OF_VIEW_MM / rows
    anatomy = voxelise(head, bleed, where, rows, spacing, step_mm, tilt_deg)
    scanned = acquire(anatomy, kernel, spacing, step_mm, 0)
    scanned.setflags(write=False)
    return scanned


def options(step_mm: float = 5.0, rows: int = ROWS, **changes: Any) -> SeriesOptions:
    """The series that `volume` of the same step and rows is."""
    where: Tuple[float, ...] = tuple(float(z) for z in positions(step_mm))
    given = {"positions_mm": where, "thickness_mm": step_mm, "pixel_spacing_mm": FIELD_OF_VIEW_MM / rows, **changes}
    return SeriesOptions(**given)
