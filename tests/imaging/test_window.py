"""Pictures of any window are brought near to the network's."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.imaging.head import find_head
from appliance.imaging.single import open_picture
from appliance.imaging.window import Look, look_of, to_usual_window
from tests.simulated import volume


def shown(width: float, level: float, index: int = 18) -> np.ndarray:
    """One simulated slice in a window."""
    values = np.clip((volume(bleed=None)[index].astype(np.float32) - level) / width + 0.5, 0, 1)
    return np.rint(values * 255).astype(np.uint8)


@pytest.mark.parametrize(("width", "level"), [(80, 40), (80, 30), (150, 40), (200, 60), (250, 50), (120, 30)])
def test_brain_comes_to_look_as_in_the_usual_window(width: float, level: float) -> None:
    usual = shown(120, 40)
    brain = find_head(usual)
    assert brain.intracranial.any()
    other = open_picture(shown(width, level))
    assert other.refusal is None
    changed = to_usual_window(other.pixels, [look_of(other.pixels, other.head)])
    inside = np.kron(brain.intracranial, np.ones((2, 2), bool))
    level, before, after = (float(np.median(picture[inside])) for picture in (usual, other.pixels, changed))
    assert abs(after - level) < max(0.5 * abs(before - level), 15)
    stretched = (np.ptp(np.percentile(picture[inside], (5, 80))) for picture in (other.pixels, changed))
    narrow, wide = width < 100, width > 140
    first, second = stretched
    assert second > first if wide else (second < first if narrow else second == pytest.approx(first, rel=0.4))


def test_air_and_bone_stay_black_and_white() -> None:
    picture = open_picture(shown(200, 60))
    changed = to_usual_window(picture.pixels, [look_of(picture.pixels, picture.head)])
    assert (changed[picture.pixels == 0] == 0).all()
    assert (changed[picture.pixels >= 250] == 255).all()


def test_a_picture_without_brain_is_left_as_it_is() -> None:
    picture = np.full((128, 128), 7, np.uint8)
    assert look_of(picture, find_head(picture)) is None
    assert to_usual_window(picture, [None]) is picture


def test_slices_of_one_head_are_all_changed_alike() -> None:
    stack = np.stack([shown(80, 30, index) for index in (14, 18, 22)])
    looks = [look_of(picture, find_head(picture)) for picture in stack]
    changed = to_usual_window(stack, [*looks, None])
    table = {int(before): int(after) for before, after in zip(stack.ravel(), changed.ravel())}
    assert all(table[int(before)] == after for before, after in zip(stack.ravel()[::7], changed.ravel()[::7]))
    one_bleeds = [looks[0], Look(200.0, 60.0), looks[2]]
    assert np.abs(to_usual_window(stack, one_bleeds).astype(int) - changed).max() < 12
