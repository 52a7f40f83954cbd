"""Black, white and the window come back out of photographed slices."""

from __future__ import annotations

from typing import List

import cv2
import numpy as np
import pytest

from appliance.camera.stack import SIDE, photographed_stack
from appliance.camera.tone import FIELD, GAMMA, light_of, measure, restore
from appliance.reasons import ReasonCode, Refused
from tests.simulated import volume

SHOWN = range(6, 30, 3)


def displayed(width: float, level: float) -> List[np.ndarray]:
    """Slices of the simulated head as a viewer shows them: float64 between 0 and 1."""
    return [np.clip((volume()[index].astype(np.float64) - level) / width + 0.5, 0, 1) for index in SHOWN]


def photographed(shown: np.ndarray, exposure: float, reflection: float, tilt: float) -> np.ndarray:
    """What a camera records: less light to one side, a reflection that brightens the other."""
    ys, xs = np.mgrid[-1 : 1 : len(shown) * 1j, -1 : 1 : len(shown) * 1j]
    light = exposure * (1 + tilt * xs) * shown**GAMMA + reflection * (1 - 0.7 * xs + 0.4 * ys)
    return np.rint(np.clip(light, 0, 1) ** (1 / GAMMA) * 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("exposure", "reflection", "tilt"), [(1.0, 0.0, 0.0), (0.4, 0.0, 0.2), (0.7, 0.06, -0.15), (0.8, 0.1, 0.1)]
)
def test_black_and_white_come_back(exposure: float, reflection: float, tilt: float) -> None:
    shown = displayed(120, 40)
    restored = restore([photographed(picture, exposure, reflection, tilt) for picture in shown]).pictures
    for picture, before in zip(restored, shown):
        soft = cv2.blur(before, (9, 9))
        air, bone, brain = soft == 0, soft == 1, (soft > 0.3) & (soft < 0.7)
        assert np.percentile(picture[air], 95) <= 40
        if bone.mean() > 0.01:
            assert np.percentile(picture[bone], 25) >= 235
        assert np.abs(picture[brain] - 255 * before[brain]).mean() < 12


def test_reflections_would_be_seen_without_it() -> None:
    shown = displayed(120, 40)[3]
    taken = photographed(shown, 0.8, 0.1, 0.1)
    brain = (cv2.blur(shown, (9, 9)) > 0.3) & (cv2.blur(shown, (9, 9)) < 0.7)
    assert np.abs(taken[brain] - 255 * shown[brain]).mean() > 24


def test_the_stack_looks_as_in_the_networks_window() -> None:
    usual = photographed_stack(displayed_bytes(120, 40), ["a"] * len(SHOWN)).pixels.astype(float)
    other = photographed_stack([photographed(p, 0.7, 0.05, 0.1) for p in displayed(80, 35)], ["b"] * len(SHOWN))
    assert other.photographed
    assert other.pixels.shape == (len(SHOWN), SIDE, SIDE)
    middle = len(SHOWN) // 2
    brain = (usual[middle] > 80) & (usual[middle] < 140)
    assert np.abs(other.pixels[middle][brain] - usual[middle][brain]).mean() < 20


def displayed_bytes(width: float, level: float) -> List[np.ndarray]:
    """The same as pictures, as no camera ever saw them."""
    return [np.rint(picture * 255).astype(np.uint8) for picture in displayed(width, level)]


def test_a_stack_without_bone_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        restore([np.full((200, 200), 90, np.uint8)] * 3)
    assert refused.value.reasons[0].code is ReasonCode.PHOTO_NOT_BRAIN_WINDOW


def test_a_border_that_outshines_the_picture_is_no_failure() -> None:
    picture = np.full((FIELD, FIELD), 10, np.uint8)
    picture[:2] = 255
    picture[3:6, 20:100] = 235
    tone = measure(light_of(picture))
    assert tone.bone > 0
    assert np.isfinite(tone.white).all() and (tone.white > tone.black).all()


def test_brain_keeps_its_look_where_bone_was_too_bright() -> None:
    shown = displayed(120, 40)
    names = ["a"] * len(shown)
    well, taken = ([photographed(picture, exposure, 0.0, 0.1) for picture in shown] for exposure in (0.7, 1.4))
    assert restore(taken).overexposed
    assert not restore(well).overexposed
    usual = photographed_stack(well, names).pixels.astype(float)
    found = photographed_stack(taken, names).pixels.astype(float)
    for before, after in zip(usual, found):
        blood = (before > 120) & (before < 170)
        assert blood.any()
        assert np.abs(after[blood] - before[blood]).mean() < 12
