"""What was seen before another part of the screen is followed belongs with what is seen after it."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest

from appliance.camera.scroll import ScrollCapture
from appliance.camera.sources import Frame
from appliance.dicom.stack import window
from tests.camera.scrolling import Shown, film
from tests.simulated import volume


@pytest.mark.slow
def test_slices_are_laid_on_each_other_when_the_location_is_corrected() -> None:
    head = window(np.ascontiguousarray(volume(bleed=None)[6:20:2]), 120, 40)
    path = [(0, 0.3), (1, 0.3), (2, 6.0), (3, 0.3), (2, 0.3), (1, 0.3), (0, 0.3)]
    shots: List[Shown] = list(film(head, path, np.random.default_rng(0)))
    answers = iter(range(100))
    now = [shots[0]]

    def locate(picture: np.ndarray) -> np.ndarray:
        corners = now[0].corners
        middle = corners.mean(axis=0)
        return middle + (1.2 if next(answers) == 0 else 1.0) * (corners - middle)  # at first too large

    capture = ScrollCapture(locate)
    sides = []
    for number, shown in enumerate(shots):
        now[0] = shown
        guidance = capture.add(Frame(shown.picture, shown.taken_s, number))
        assert guidance.corners is not None
        sides.append(np.linalg.norm(guidance.corners[1] - guidance.corners[0]))
    assert sides[-1] < 0.9 * sides[0]
    assert len(capture.finish()) == 4
