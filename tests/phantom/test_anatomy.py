"""The simulated head is closed, bleeds as told, and is the same for the same seed."""

from __future__ import annotations

from typing import Optional

import cv2
import numpy as np
import pytest

from appliance.phantom.acquisition import HU_RANGE, Kernel, acquire
from appliance.phantom.anatomy import blood_ml, blood_share, voxelise
from appliance.phantom.disc import positions
from appliance.phantom.head import Bleed, BleedKind, Head, Side

pytestmark = pytest.mark.slow  # pictures and numbers: one Python is enough

ROWS, SPACING = 256, 240.0 / 256
ABOVE_BASE = np.arange(52.5, 125, 7.5)


def slices(head: Head, bleed: Optional[Bleed], where: np.ndarray) -> np.ndarray:
    return voxelise(head, bleed, where, ROWS, SPACING, 5.0)


def enclosed(image: np.ndarray) -> np.ndarray:
    """What bone parts from the corner of a slice."""
    free = (image < 250).astype(np.uint8)
    _, labels = cv2.connectedComponents(free, connectivity=4)
    return (free == 1) & (labels != labels[0, 0])


@pytest.mark.parametrize("seed", [0, 7])
def test_the_vault_is_closed_and_full_of_brain(seed: int) -> None:
    for image in slices(Head(seed=seed), None, ABOVE_BASE):
        inside = enclosed(image)
        assert inside[118:138, 118:138].all()
        assert ((image[inside] > -10) & (image[inside] < 60)).mean() > 0.8


def test_size_is_that_of_a_head() -> None:
    bone = (slices(Head(), None, np.array([67.5])) > 300)[0]
    assert 175 < np.ptp(np.flatnonzero(bone.any(axis=1))) * SPACING < 195
    assert 138 < np.ptp(np.flatnonzero(bone.any(axis=0))) * SPACING < 155


def test_grey_is_brighter_than_white_and_ventricles_are_dark() -> None:
    (image,) = voxelise(Head(), None, [72.5], 240, 1.0, 5.0)
    inside = enclosed(image)
    values = image[inside]
    assert (values < 16).mean() > 0.01
    assert 4 < np.percentile(values, 85) - np.percentile(values, 25) < 14


@pytest.mark.parametrize(
    ("kind", "side", "volume"),
    [
        (BleedKind.EPIDURAL, Side.LEFT, 35.0),
        (BleedKind.SUBDURAL, Side.RIGHT, 60.0),
        (BleedKind.SUBARACHNOID, Side.RIGHT, 20.0),
        (BleedKind.INTRAPARENCHYMAL, Side.LEFT, 8.0),
        (BleedKind.INTRAPARENCHYMAL, Side.RIGHT, 30.0),
        (BleedKind.INTRAVENTRICULAR, Side.LEFT, 12.0),
    ],
)
def test_volume_place_and_brightness_of_a_bleed(kind: BleedKind, side: Side, volume: float) -> None:
    head, bleed = Head(seed=2), Bleed(kind, side, volume)
    assert blood_ml(head, bleed, positions(5.0)).sum() == pytest.approx(volume, rel=0.1)
    share = blood_share(head, bleed, ABOVE_BASE, ROWS, SPACING, 5.0)
    images = slices(head, bleed, ABOVE_BASE)
    blood = share > 0.9
    assert blood.any()
    assert np.median(images[blood]) == pytest.approx(bleed.hounsfield, abs=6)
    outside = share > 0.5
    for image, mask in zip(images, outside):
        bone_or_inside = enclosed(image) | (image >= 250)
        mask &= ~bone_or_inside
    assert not outside.any()
    weight = share.sum(axis=(0, 1))
    middle = (weight * np.arange(ROWS)).sum() / weight.sum() - (ROWS - 1) / 2
    if kind in (BleedKind.EPIDURAL, BleedKind.SUBDURAL, BleedKind.INTRAPARENCHYMAL):
        assert middle * side.value * SPACING > 15


def test_blood_is_the_only_bright_tissue() -> None:
    plain = slices(Head(), None, ABOVE_BASE)
    bled = slices(Head(), Bleed(BleedKind.INTRAPARENCHYMAL, volume_ml=30), ABOVE_BASE)

    def bright(stack: np.ndarray) -> int:
        return sum(int(((image > 55) & (image < 85) & enclosed(image)).sum()) for image in stack)

    assert bright(bled) > 3 * bright(plain)
    bone = plain > 400
    assert np.abs(bled[bone].astype(int) - plain[bone]).mean() < 2  # the same head around the blood


def test_same_seed_same_head_other_seed_other_head() -> None:
    from appliance.phantom import anatomy

    where = np.array([72.5])
    first = slices(Head(seed=4), None, where)
    anatomy._build.cache_clear()
    assert np.array_equal(first, slices(Head(seed=4), None, where))
    assert not np.array_equal(first, slices(Head(seed=5), None, where))


def test_scale_keeps_the_volume_of_the_bleed_and_shrinks_the_head() -> None:
    bleed = Bleed(BleedKind.INTRAPARENCHYMAL, volume_ml=20)
    small = Head(scale=0.85)
    assert blood_ml(small, bleed, positions(5.0)).sum() == pytest.approx(20, rel=0.1)

    def area(head: Head) -> int:
        return int((slices(head, None, np.array([60.0 * head.scale]))[0] > 300).sum())

    assert area(small) == pytest.approx(area(Head()) * 0.85**2, rel=0.1)


def test_contrast_brightens_vessels_and_craniectomy_opens_the_vault() -> None:
    def bright(head: Head) -> int:
        image = slices(head, None, np.array([47.5]))[0]
        return int((image[enclosed(image)] > 130).sum())

    assert bright(Head(contrast=True)) > bright(Head()) + 20
    (image,) = slices(Head(craniectomy=Side.LEFT), None, np.array([72.5]))
    assert not enclosed(image)[128, 128]


def test_a_skull_without_brain_holds_air() -> None:
    (image,) = slices(Head(brain=False), None, np.array([72.5]))
    assert np.median(image[enclosed(image)]) == -1000


def test_tilt_turns_the_slice_about_its_middle() -> None:
    flat = voxelise(Head(), None, [60.0], 240, 1.0, 1.0)
    tilted = voxelise(Head(), None, [60.0], 240, 1.0, 1.0, tilt_deg=18.0)
    level, raised = (stack[0, 120, 40:200].astype(float) for stack in (flat, tilted))
    assert np.corrcoef(level, raised)[0, 1] > 0.95
    assert not np.array_equal(flat[0, 40], tilted[0, 40])


def test_thin_slices_average_to_a_thick_one() -> None:
    thick = voxelise(Head(), None, [70.0], 128, 240 / 128, 5.0)
    thin = voxelise(Head(), None, [68.0, 69.0, 70.0, 71.0, 72.0], 128, 240 / 128, 1.0)
    assert np.abs(thin.mean(axis=0) - thick[0]).max() < 2


def test_noise_follows_kernel_and_thickness_and_stays_in_range() -> None:
    water = np.zeros((4, 256, 256), np.int16)
    deviation = {
        (kernel, thickness): acquire(water, kernel, SPACING, thickness, 0).std()
        for kernel in Kernel
        for thickness in (1.0, 5.0)
    }
    assert 2.5 < deviation[Kernel.SOFT, 5.0] < 4.5
    assert deviation[Kernel.SOFT, 1.0] == pytest.approx(np.sqrt(5) * deviation[Kernel.SOFT, 5.0], rel=0.1)
    assert deviation[Kernel.BONE, 5.0] > 3 * deviation[Kernel.SOFT, 5.0]
    scanned = acquire(slices(Head(), None, np.array([20.0, 70.0])), Kernel.BONE, SPACING, 1.0, 0)
    assert scanned.dtype == np.int16
    assert HU_RANGE[0] <= scanned.min() and scanned.max() <= HU_RANGE[1]


def test_noise_is_new_on_each_slice_and_the_same_for_the_same_seed() -> None:
    water = np.zeros((2, 128, 128), np.int16)
    first = acquire(water, Kernel.SOFT, SPACING, 5.0, 3)
    assert np.array_equal(first, acquire(water, Kernel.SOFT, SPACING, 5.0, 3))
    assert abs(np.corrcoef(first[0].ravel(), first[1].ravel())[0, 1]) < 0.1
