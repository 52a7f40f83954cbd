"""What changes from slice to slice is the head; whether it is cut, and whether another place shows more of it."""

from __future__ import annotations

from typing import List, Tuple

import cv2
import numpy as np
import pytest

from appliance.camera.extent import more_shown_by, moved, reaches_border, varied
from appliance.camera.likeness import THUMB

SIDE = 512


def slices(middle: Tuple[int, int], strap: int = 0, bar: bool = False) -> List[np.ndarray]:
    """Discs of growing size on a toolbar that stays, each with its number in a corner: thumbs."""
    drawn = []
    for number, radius in enumerate((10, 25, 40)):
        thumb = np.zeros((THUMB, THUMB), np.float32)
        thumb[:, -12:] = 60
        cv2.circle(thumb, middle, radius, 160.0, -1)
        cv2.putText(thumb, str(number), (2, 10), cv2.FONT_HERSHEY_SIMPLEX, 0.35, 200.0)
        thumb[60 : 60 + strap * number, :30] = 150
        if bar:
            thumb[30 + 20 * number :][:20, -4:] = 250
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
    assert not reaches_border(varied(slices((60, 64), bar=True)))  # a scroll bar moves along the border


@pytest.mark.parametrize(
    ("middle", "left", "top"),
    [((25, 64), -0.48, -0.25), ((90, 64), -0.02, -0.25), ((64, 25), -0.25, -0.48), ((64, 103), -0.25, -0.02)],
)
def test_more_is_shown_where_a_cut_head_goes_on(middle: Tuple[int, int], left: float, top: float) -> None:
    cut = varied(slices(middle))
    assert reaches_border(cut)
    there = lies(left, top, 1.5)
    assert more_shown_by(there, cut, SIDE)
    assert not more_shown_by(there, varied(slices((60, 64))), SIDE)  # that is seen whole already
    assert not more_shown_by(lies(-0.5 - left, -0.5 - top, 1.5), cut, SIDE)  # further, but at the other sides
    assert not more_shown_by(lies(left, top, 0.9), cut, SIDE)  # that cuts it elsewhere


def test_a_head_is_known_where_another_place_shows_it() -> None:
    there = moved(varied(slices((60, 64))), lies(-0.5, -0.25, 1.5), SIDE)
    rows, columns = np.nonzero(there)
    spans = (columns.min(), columns.max(), rows.min(), rows.max())
    assert spans == pytest.approx([(20 + 64) / 1.5, (100 + 64) / 1.5, (24 + 32) / 1.5, (104 + 32) / 1.5], abs=2)
