"""Hounsfield units in 256 levels, fine where brain is looked at: any window is then a table of 256 grey values.

A slice in one byte a pixel is all that a page needs to show every window of it without asking again. The steps are 1 HU
through brain, blood and the narrow windows on them, and coarser where only wide windows reach:

========================  ====  =============  ==========================================
Hounsfield units          step  error at most  what it is
========================  ====  =============  ==========================================
-1024 up to -124            90             45  air, sponge, hair
-124 up to -20               8              4  fat
-20 up to 140                1              0  fluid, brain, blood (whole HU come back exactly)
140 up to 200                2              1  calcification, upper end of the subdural window
200 up to 1200              40             20  bone: under 2 % of a bone window 2800 wide
1200 up to 3070            110             55  dense bone, metal
========================  ====  =============  ==========================================
"""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

LEVELS = 256

PIECES: Sequence[Tuple[int, int]] = ((-1024, 90), (-124, 8), (-20, 1), (140, 2), (200, 40), (1200, 110))
"""Where each piece begins and its step, in HU; the last goes as far as there are levels."""

EXACT = (-20, 140)
"""Lowest and highest whole HU between which nothing is lost."""


def hounsfield_of_levels() -> np.ndarray:
    """Return what each level stands for.

    Returns
    -------
    numpy.ndarray
        int16, shape ``(256,)``, Hounsfield units, rising.
    """
    ends = [start for start, _ in PIECES[1:]] + [1 << 14]
    values = np.concatenate([np.arange(start, end, step) for (start, step), end in zip(PIECES, ends)])
    return values[:LEVELS].astype(np.int16)


def to_levels(hounsfield: np.ndarray) -> np.ndarray:
    """Give each pixel the level nearest to it, of two as near the lower.

    Parameters
    ----------
    hounsfield : numpy.ndarray
        int16, any shape.

    Returns
    -------
    numpy.ndarray
        uint8, same shape. What lies beyond the first and the last level becomes that level.
    """
    return np.asarray(_TABLE[hounsfield.view(np.uint16)])


def _table() -> np.ndarray:
    """Return the level of each int16, in the order of the same bits as uint16."""
    values = hounsfield_of_levels().astype(np.float64)
    middles = (values[1:] + values[:-1]) / 2
    levels = np.searchsorted(middles, np.arange(-32768, 32768)).astype(np.uint8)
    return np.asarray(np.roll(levels, -32768))


_TABLE = _table()
