"""What changes from slice to slice is the head; whether it is cut, and whether another place shows more of it."""

from __future__ import annotations

from typing import List, Tuple

import cv2
import numpy as np
import pytest

from appliance.camera.extent import more_shown_by, reaches_border, varied
from appliance.camera.likeness import THUMB

SIDE = 512


def slices(middle: Tuple[int, int], strap: int = 0) -> List[np.ndarray]:
    """Discs of growing size on a toolbar that stays, each with its number in a corner: thumbs."""
    drawn = []
    for number, radius in enumerate((10, 25, 40)):
        thumb = np.zeros((THUMB, THUMB), np.float32)
        thumb[:, -12:] = 120
        cv2.circle(thumb, middle, radius, 160.0, -1)
        cv2.putText(thumb, str(number), (2, 10), cv2.FONT_HERSHEY_SIMPLEX, 0.35, 200.0)
        thumb[60 : 60 + strap * number, :30] = 150
        drawn.append(thumb)
    return drawn


def lies(left: float, top: float, side: float) -> np.ndarray:
    """Matrix from a picture to one of the part that begins there, both `SIDE` pixels wide; shares of the picture."""
    scale = 1 / side
    return np.array([[scale, 0, -left * scale * SIDE], [0, scale, -top * scale * SIDE], [0, 0, 1]])


def test_the_head_is_what_changes_but_for_texts() -> None:
    head = varied(slices((60, 64)))
    rows, columns = np.nonzero(head)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == pytest.approx((20, 100, 24, 104), abs=1)
    assert not reaches_border(head)
    assert not varied(slices((60, 64))[:1]).any()  # one slice tells nothing


def test_a_head_that_is_cut_reaches_the_border() -> None:
    for middle in ((25, 64), (64, 25), (64, 103)):
        assert reaches_border(varied(slices(middle)))
    assert not reaches_border(varied(slices((64, 64), strap=3)))  # thin, as a strap or an ear


def test_more_is_shown_where_a_cut_head_goes_on() -> None:
    whole, cut = varied(slices((60, 64))), varied(slices((25, 64)))
    assert more_shown_by(lies(-0.5, -0.2, 1.5), cut, SIDE)
    assert not more_shown_by(lies(-0.5, -0.2, 1.5), whole, SIDE)  # it is seen already
    assert not more_shown_by(lies(0.0, -0.5, 1.5), cut, SIDE)  # not at the side where it is cut
    assert not more_shown_by(lies(-0.5, 0.0, 0.8), cut, SIDE)  # that cuts it elsewhere
