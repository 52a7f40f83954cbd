"""Bleeds and look-alikes made for training, and what scanners and viewers make of them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from training.prepare import SIZE
from training.synthesis.bleeds import BLOOD_HU, Kind, draw_bleed, random_bleed
from training.synthesis.confounders import CHANCES, add_confounders
from training.synthesis.display import as_stored, show
from training.synthesis.head_slice import WINDOW_HIGH, WINDOW_LOW, HeadSlice, grid
from training.synthesis.scanner import place, scan

KINDS = tuple(Kind)


@pytest.fixture
def head() -> HeadSlice:
    """A round head: scalp, skull, brain of 35 HU with noise, two dark ventricles and dark lines as sulci."""
    ys, xs = grid(SIZE)
    away = np.hypot(xs - SIZE / 2, (ys - SIZE / 2) / 1.15)
    skull = np.where(away < 0.38 * SIZE, 117, np.where(away < 0.41 * SIZE, 255, np.where(away < 0.43 * SIZE, 90, 0)))
    picture = skull.astype(np.float32)
    for side in (-1, 1):
        cv2.ellipse(picture, (SIZE // 2 + side * SIZE // 16, SIZE // 2), (SIZE // 32, SIZE // 9), 0, 0, 360, 60, -1)
    for row in range(SIZE // 4, 3 * SIZE // 4, SIZE // 10):
        for x in (SIZE // 5, 4 * SIZE // 5 - SIZE // 10):
            cv2.line(picture, (x, row), (x + SIZE // 10, row), 75, 2)
    noise = np.random.default_rng(0).normal(0, 4, picture.shape)
    picture = np.where((picture > 0) & (picture < 255), picture + noise, picture).clip(0, 255).astype(np.uint8)
    depth = cv2.distanceTransform((away < 0.38 * SIZE).astype(np.uint8), cv2.DIST_L2, 5)
    return HeadSlice.of(picture, np.ceil(depth).astype(np.uint8))


@pytest.mark.parametrize("kind", KINDS)
def test_a_bleed_lies_within_the_skull_and_is_as_dense_as_blood(head: HeadSlice, kind: Kind) -> None:
    drawn = 0
    for seed in range(24):
        rng = np.random.default_rng(seed)
        bleeding = draw_bleed(head, random_bleed(head, rng, kind, volume_ml=60.0))
        inner = bleeding.blood > 0.9
        assert bleeding.blood[head.depth == 0].max() == 0
        if inner.any():
            drawn += 1
            assert BLOOD_HU[0] - 8 < np.median(bleeding.hounsfield[inner]) < BLOOD_HU[1] + 8
            assert bleeding.hounsfield[inner].mean() > head.hounsfield[inner].mean() + 8
    assert drawn >= 3


@pytest.mark.parametrize("kind", [Kind.INTRAPARENCHYMAL, Kind.EPIDURAL, Kind.SUBDURAL])
def test_a_larger_volume_is_a_larger_bleed(head: HeadSlice, kind: Kind) -> None:
    areas = [
        np.mean(
            [
                draw_bleed(head, random_bleed(head, np.random.default_rng(seed), kind, volume)).blood.sum()
                for seed in range(12)
            ]
        )
        for volume in (3.0, 30.0, 150.0)
    ]
    assert 0 < areas[0] < 0.6 * areas[1] < 0.6 * areas[2]


def test_the_section_of_a_round_bleed_follows_its_volume(head: HeadSlice) -> None:
    """30 ml are a ball of 19 mm radius: 11 cm2 in the middle slice."""
    areas = []
    for seed in range(20):
        bleed = random_bleed(head, np.random.default_rng(seed), Kind.INTRAPARENCHYMAL, 30.0)
        areas.append(draw_bleed(head, bleed).blood.sum() * head.mm**2)
    assert np.median(areas) == pytest.approx(np.pi * 19.3**2, rel=0.25)


def test_a_bleed_moves_the_brain_beside_it_and_not_the_skull(head: HeadSlice) -> None:
    rng = np.random.default_rng(4)
    bleed = replace(random_bleed(head, rng, Kind.EPIDURAL, 80.0), push_mm=10.0)
    bleeding, still = draw_bleed(head, bleed), draw_bleed(head, replace(bleed, push_mm=0.0))
    brain = (still.blood < 0.01) & (head.depth > 0)
    assert np.abs(still.hounsfield - head.hounsfield)[brain].max() < 1
    assert np.count_nonzero(np.abs(bleeding.hounsfield - head.hounsfield)[brain] > 8) > 50
    outside = head.depth == 0
    assert np.array_equal(bleeding.hounsfield[outside], head.hounsfield[outside])


def test_what_nobody_could_see_is_not_called_a_bleed(head: HeadSlice) -> None:
    bleed = random_bleed(head, np.random.default_rng(1), Kind.INTRAPARENCHYMAL, 1.0)
    assert draw_bleed(head, bleed, section=0.05) is head


@pytest.mark.parametrize("draw", list(CHANCES), ids=lambda draw: draw.__name__.strip("_"))
def test_every_look_alike_changes_the_slice_and_is_no_blood(head: HeadSlice, draw) -> None:  # type: ignore[no-untyped-def]
    changed = [draw(head, np.random.default_rng(seed)) for seed in range(6)]
    assert any(not np.array_equal(picture, head.hounsfield) for picture in changed)
    together = add_confounders(head, np.random.default_rng(0))
    assert not together.blood.any()
    assert WINDOW_LOW <= together.hounsfield.min() and together.hounsfield.max() <= WINDOW_HIGH


def test_look_alikes_leave_alone_a_slice_without_brain(head: HeadSlice) -> None:
    empty = HeadSlice(head.hounsfield, np.zeros_like(head.depth), head.blood)
    assert add_confounders(empty, np.random.default_rng(0)) is empty


def test_blood_moves_with_its_slice(head: HeadSlice) -> None:
    square = np.zeros_like(head.blood)
    square[50:70, 60:80] = 1
    marked = HeadSlice(np.where(square > 0, 90, 30).astype(np.float32), head.depth, square)
    for seed in range(20):
        moved = place(marked, np.random.default_rng(seed))
        inside = (moved.hounsfield > WINDOW_LOW) & (moved.blood > 0.99)
        assert inside.sum() > 100
        assert moved.hounsfield[inside].min() > 85
        assert moved.hounsfield[moved.blood == 0].max() < 35


def test_scanners_differ_and_keep_brain_as_brain(head: HeadSlice) -> None:
    brain = head.depth > 4
    medians = [np.median(scan(head, np.random.default_rng(seed)).hounsfield[brain]) for seed in range(40)]
    assert 25 < min(medians) and max(medians) < 45
    assert max(medians) - min(medians) > 2


def test_shown_slices_stay_in_range_and_repeat(head: HeadSlice) -> None:
    shown = [show(head, np.random.default_rng(seed), 0.3) for seed in range(60)]
    assert all(picture.dtype == np.float32 and picture.shape == (SIZE, SIZE) for picture in shown)
    assert min(picture.min() for picture in shown) >= 0 and max(picture.max() for picture in shown) <= 1
    assert np.array_equal(shown[7], show(head, np.random.default_rng(7), 0.3))
    brain = head.depth > 4
    levels = [float(np.median(picture[brain])) for picture in shown]
    assert max(levels) - min(levels) > 0.2  # other windows


def test_the_window_of_the_data_gives_back_the_prepared_slice(head: HeadSlice) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE)).astype(np.uint8)
    stored = as_stored(HeadSlice.of(picture, np.ones_like(picture)))
    assert np.array_equal(np.rint(stored * 255).astype(np.uint8), picture)
