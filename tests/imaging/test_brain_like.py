"""What bone encloses is told from a brain by its neighbours, from wherever each page was photographed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.imaging.brain import find_brain
from appliance.imaging.brain_like import check_brain_like
from appliance.imaging.head import find_heads
from appliance.reasons import ReasonCode
from appliance.study import SliceStack
from tests.screens import slices


def squeezed(picture: np.ndarray, across: float, down: float) -> np.ndarray:
    """The picture as a perspective that was misread shows it."""
    middle = (len(picture) - 1) / 2
    matrix = np.array([[across, 0, middle * (1 - across)], [0, down, middle * (1 - down)]])
    return cv2.warpAffine(picture, matrix, picture.shape[::-1])


def check(pictures: np.ndarray) -> ReasonCode | None:
    stack = SliceStack(pictures, tuple(map(str, range(len(pictures)))), photographed=True)
    heads = find_heads(stack)
    reason = check_brain_like(stack, heads, find_brain(stack, heads))
    return None if reason is None else reason.code


@pytest.mark.parametrize("least", [1.0, 0.82])
def test_a_head_is_one_in_whatever_proportions_its_pages_show_it(least: float) -> None:
    head = slices()
    ways = [(1.0, least), (least, 1.0)]
    assert check(np.stack([squeezed(picture, *ways[number % 2]) for number, picture in enumerate(head)])) is None


@pytest.mark.parametrize("patient", [55, 113])
def test_every_second_slice_of_a_real_head_will_do(shared_data: Path, patient: int) -> None:
    paths = sorted((shared_data / "ct_ich" / "images" / f"{patient:03d}").iterdir())[::2]
    head = np.stack([cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths])
    ways = [(1.0, 0.75), (0.75, 1.0)]
    assert check(np.stack([squeezed(picture, *ways[number % 2]) for number, picture in enumerate(head)])) is None


def test_insides_that_have_nothing_in_common_are_no_brain() -> None:
    rng = np.random.default_rng(3)
    pictures = slices().copy()
    for picture in pictures:
        spots = cv2.GaussianBlur(rng.normal(0, 1, picture.shape).astype(np.float32), (0, 0), 8)
        brain = (picture > 40) & (picture < 200)
        picture[brain] = np.clip(100 + 25 * spots / spots.std(), 20, 190)[brain]
    assert check(pictures) is ReasonCode.NO_BRAIN
