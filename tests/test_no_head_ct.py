"""What shows no head CT in a brain window is refused: `tests.benchmarks.no_heads` in small."""

from __future__ import annotations

from pathlib import Path
from typing import List

import cv2
import numpy as np
import pytest

from appliance.camera.colour import is_coloured
from appliance.camera.gathered import Gathered
from appliance.camera.photograph import read_photograph
from appliance.pipeline import Pipeline
from appliance.reasons import ReasonCode, Refused
from appliance.scoring import Clock, Judgement
from tests.not_heads import landscape
from tests.other_scans import head_in_window, limb, magnetic, magnetic_of, trunk
from tests.other_scenes import faces, noise, photographs, plain, rings, round_things
from tests.screens import slices

pytestmark = pytest.mark.slow  # pictures and numbers: one Python is enough

JUDGED = {ReasonCode.ABOVE_OPERATING_POINT, ReasonCode.BELOW_OPERATING_POINT}

SERIES = {
    "chest": lambda random: trunk(random, "brain", True),
    "abdomen": lambda random: trunk(random, "soft", False),
    "legs": lambda random: limb(random, "brain", True),
    "head in a bone window": lambda random: head_in_window(random, "bone"),
    "head in a narrow bone window": lambda random: head_in_window(random, "narrow bone"),
    "magnet": lambda random: magnetic(random, "T1"),
    "fluid in a magnet": lambda random: magnetic(random, "T2"),
    "black": lambda random: plain(random, 0),
    "noise": lambda random: noise(random, 8),
    "eggs": lambda random: rings(random, False),
    "textured eggs": lambda random: rings(random, True),
    "plates": lambda random: round_things(random, "plate"),
    "melons": lambda random: round_things(random, "melon"),
    "faces": faces,
}


def answer(pipeline: Pipeline, pictures: List[np.ndarray]) -> ReasonCode:
    """What the road says of slices off a camera."""
    grey = [one if one.ndim == 2 else cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in pictures]
    *_, last = pipeline.pictures.gathered(Gathered(tuple(grey), "scroll", len(grey)), Clock())
    assert isinstance(last, Judgement)
    return last.verdict.reasons[0].code


def test_a_head_passes(pipeline: Pipeline) -> None:
    for bleed in (True, False):
        shown = list(slices()) if bleed else list(slices(None))
        assert answer(pipeline, shown) in JUDGED


@pytest.mark.parametrize("name", SERIES)
def test_a_series_of_anything_else_is_refused(pipeline: Pipeline, name: str) -> None:
    assert answer(pipeline, SERIES[name](np.random.default_rng(7))) in {
        ReasonCode.NO_BRAIN,
        ReasonCode.PHOTO_NOT_BRAIN_WINDOW,
        ReasonCode.TOO_FEW_SLICES,
        ReasonCode.PARTIAL_BRAIN,
    }


@pytest.mark.parametrize("contrast", ["T1", "DWI"])
def test_a_real_brain_in_a_magnet_is_refused(pipeline: Pipeline, shared_data: Path, contrast: str) -> None:
    paths = sorted((shared_data / "ct_ich" / "images" / "051").iterdir())
    real = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths]
    assert answer(pipeline, real) in JUDGED
    changed = magnetic_of(real, np.random.default_rng(1), contrast)
    assert answer(pipeline, changed) in {ReasonCode.NO_BRAIN, ReasonCode.PHOTO_NOT_BRAIN_WINDOW}


def test_colour_pictures_are_refused_and_tinted_ones_are_not() -> None:
    random = np.random.default_rng(3)
    assert all(is_coloured(picture) for picture in photographs(random))
    grey = cv2.cvtColor(slices()[14], cv2.COLOR_GRAY2BGR).astype(np.float64)
    for tint, veil in (((1.0, 0.95, 0.8), 0), ((0.75, 0.9, 1.0), 25)):
        assert not is_coloured(np.clip(grey * tint + veil * np.array(tint[::-1]), 0, 255).astype(np.uint8))
    marked = grey.astype(np.uint8)
    cv2.arrowedLine(marked, (40, 40), (120, 120), (0, 255, 255), 4)
    assert not is_coloured(marked)


def test_a_coloured_photograph_is_refused() -> None:
    with pytest.raises(Refused):
        read_photograph(cv2.resize(landscape(np.random.default_rng(5), 512), (1280, 720)))
