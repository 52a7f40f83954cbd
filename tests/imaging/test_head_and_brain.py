"""Heads and brains are found where they are: in real pictures, in simulated heads, and nowhere else."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import DefaultDict, List

import cv2
import numpy as np
import pytest

from appliance.dicom.stack import window
from appliance.imaging.brain import find_brain
from appliance.imaging.checks import check_brain
from appliance.imaging.head import find_head, find_heads
from appliance.imaging.tensor import to_tensor
from appliance.phantom.disc import positions
from appliance.phantom.head import Head, Side
from appliance.reasons import ReasonCode
from appliance.study import SliceStack
from tests.simulated import volume

pytestmark = pytest.mark.slow  # one Python is enough


def pictures(head: Head = Head()) -> SliceStack:  # noqa: B008
    """A simulated head as brain-window pictures."""
    shown = window(np.ascontiguousarray(volume(head=head, bleed=None)), 120, 40)
    return SliceStack(shown, tuple(str(index) for index in range(len(shown))))


@pytest.mark.parametrize("turns", range(4))
def test_a_brain_that_the_border_cuts_is_not_whole(turns: int) -> None:
    """At whichever side a camera's frame, or a field of view, leaves a sixth of the head out."""
    whole = pictures()
    assert codes(whole) == []
    shown = np.rot90(whole.pixels, turns, axes=(1, 2))
    rows = np.nonzero((shown > 100).sum(axis=(0, 2)))[0]
    cut = np.ascontiguousarray(shown[:, : round(rows[-1] - (rows[-1] - rows[0]) / 6)])
    assert codes(SliceStack(cut, whole.sources)) == [ReasonCode.PARTIAL_BRAIN]


def codes(stack: SliceStack) -> List[ReasonCode]:
    heads = find_heads(stack)
    return [reason.code for reason in check_brain(stack, heads, find_brain(stack, heads))]


def test_no_bleeding_slice_lies_outside_the_brain(shared_data: Path) -> None:
    """In 74 real heads, infants and operated skulls among them, every slice labelled with haemorrhage is judged."""
    root = shared_data / "ct_ich"
    bleeding: DefaultDict[int, List[int]] = defaultdict(list)
    with (root / "slices.csv").open() as file:
        for row in csv.DictReader(file):
            if row["haemorrhage"] == "1":
                bleeding[int(row["patient"])].append(int(row["z"]))
    lost = {}
    for patient, slices in bleeding.items():
        paths = sorted((root / "images" / f"{patient:03d}").iterdir())
        shown = np.stack([cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths])
        stack = SliceStack(shown, tuple(path.name for path in paths))
        heads = find_heads(stack)
        brain = find_brain(stack, heads)
        assert check_brain(stack, heads, brain) == []
        outside = [index for index in slices if index not in brain.indices]
        if outside:
            lost[patient] = outside
    assert len(bleeding) == 35 and lost == {}


@pytest.mark.parametrize("head", [Head(), Head(scale=0.8), Head(atrophy=1.0), Head(craniectomy=Side.LEFT)], ids=str)
def test_simulated_brain_is_found_to_its_ends(head: Head) -> None:
    """From just above the foramen magnum, at 0 mm, to just below the vertex."""
    stack = pictures(head)
    brain = find_brain(stack, find_heads(stack))
    where = positions(5.0)
    assert -5 <= where[brain.first] <= 20
    assert 105 * head.scale <= where[brain.last] <= 140 * head.scale
    assert brain.brain_share > 0.55


def test_white_bars_in_one_picture_do_not_make_a_head_another_thing() -> None:
    """Viewers' bars that a crop took in are like bone; where all pictures have them, it is no head that is shown."""
    whole = pictures()
    widest = int(np.argmax([head.intracranial_area for head in find_heads(whole)]))
    for barred, expected in (([widest], []), (list(range(len(whole))), [ReasonCode.NO_BRAIN])):
        shown = whole.pixels.copy()
        shown[barred, :35] = shown[barred, :, -45:] = 255
        assert codes(SliceStack(shown, whole.sources)) == expected


def test_nothing_is_found_in_nothing() -> None:
    """Black, noise and a plain disc hold no brain."""
    axis = np.arange(256) - 127.5
    disc = (np.hypot(axis[:, None], axis[None, :]) < 90) * 110
    noise = np.random.default_rng(0).integers(0, 256, (256, 256))
    for picture in (np.zeros((256, 256)), noise, disc):
        assert find_head(picture.astype(np.uint8)).intracranial_area == 0


def test_the_input_does_not_depend_on_place_or_size_of_the_head() -> None:
    """A head that lies elsewhere in the picture, or is shown larger, gives the same input."""
    stack = pictures()
    indices = range(8, 24)
    reference = to_tensor(stack, find_heads(stack), 96, indices)
    moved = SliceStack(np.roll(stack.pixels, (6, -9), axis=(1, 2)), stack.sources)
    larger = SliceStack(
        np.stack([cv2.resize(picture, (400, 400), interpolation=cv2.INTER_CUBIC) for picture in stack.pixels]),
        stack.sources,
    )
    for other, tolerance in ((moved, 0.02), (larger, 0.03)):
        got = to_tensor(other, find_heads(other), 96, indices)
        assert got.shape == (16, 1, 96, 96) and got.dtype == np.float32
        assert 0.0 <= got.min() and got.max() <= 1.0
        assert np.abs(got - reference).mean() < tolerance
