"""Perspective and lens are undone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from appliance.camera.flatten import crop, flat_size, flatten, from_photo, to_photo
from appliance.camera.lens import bend_back, straighten
from appliance.camera.screen import Screen

pytestmark = pytest.mark.slow  # one Python is enough

CORNERS = np.array([[210.0, 90.0], [1100.0, 140.0], [1060.0, 640.0], [180.0, 600.0]])
SIZE = (1280, 720)


@pytest.mark.parametrize("bend", [-0.08, 0.0, 0.08])
def test_points_go_there_and_back(bend: float) -> None:
    screen = Screen(CORNERS, "monitor", bend)
    points = np.random.default_rng(0).uniform(0, 700, (20, 2))
    there = to_photo(points, screen, SIZE)
    assert np.abs(from_photo(there, screen, SIZE) - points).max() < 0.05
    width, height = flat_size(screen, SIZE)
    ends = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    assert np.abs(to_photo(ends, screen, SIZE) - CORNERS).max() < 0.05


def test_a_bend_is_undone() -> None:
    points = np.random.default_rng(1).uniform(0, 700, (20, 2))
    assert np.abs(straighten(bend_back(points, 0.1, SIZE), 0.1, SIZE) - points).max() < 0.01
    corner = np.array([[0.0, 0.0]])
    assert straighten(corner, 0.1, SIZE)[0, 0] < corner[0, 0]


@pytest.mark.parametrize("bend", [0.0, 0.05])
def test_a_pattern_comes_out_straight(bend: float) -> None:
    rows, columns = SIZE[1], SIZE[0]
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    screen = Screen(CORNERS, "monitor", bend)
    width, height = flat_size(screen, SIZE)
    flat = from_photo(np.stack([x.ravel(), y.ravel()], axis=1), screen, SIZE).reshape(rows, columns, 2)
    value = 128 + 60 * np.sin(flat[..., 0] / 15) * np.sin(flat[..., 1] / 15)
    photo = np.repeat(np.clip(value, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    found = flatten(photo, screen)
    assert found.shape == (height, width, 3)
    v, u = np.mgrid[:height, :width]
    expected = 128 + 60 * np.sin(u / 15) * np.sin(v / 15)
    inside = np.s_[5:-5, 5:-5]
    assert np.abs(found[..., 0].astype(float) - expected)[inside].mean() < 2
    part = crop(photo, screen, (100, 60, 300, 300), 256, 1.5)
    assert part.shape == (300, 300, 3)
    assert np.abs(part[..., 0].astype(float) - found[60:360, 100:400, 0]).mean() < 2


def test_small_pictures_are_enlarged_a_little_and_no_more() -> None:
    screen = Screen(CORNERS, "monitor")
    photo = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    assert crop(photo, screen, (0, 0, 200, 200), 256, 1.5).shape[0] == 256
    assert crop(photo, screen, (0, 0, 100, 100), 256, 1.5).shape[0] == 150


@pytest.mark.parametrize("shape", [16 / 9, 4 / 3, 16 / 10])
@pytest.mark.parametrize("yaw", [0.0, 0.35])
def test_the_shape_of_the_panel_is_seen_through_the_perspective(shape: float, yaw: float) -> None:
    flat = np.array([[-shape, -1, 0], [shape, -1, 0], [shape, 1, 0], [-shape, 1, 0]]) / 2
    turned = flat @ cv2.Rodrigues(np.array([0.1, yaw, 0.0]))[0].T + (0, 0, 2.2)
    corners = turned[:, :2] / turned[:, 2:] * 1150 + (640, 360)
    width, height = flat_size(Screen(corners, "monitor"), SIZE)
    assert width / height == pytest.approx(shape, rel=0.01)


def test_a_flat_picture_stays() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)
    whole = np.array([[0, 0], [70, 0], [70, 50], [0, 50]]) - 0.5
    assert flatten(photo, Screen(whole, "frame")) is photo


@pytest.mark.parametrize("turned", [False, True])
def test_a_sliver_is_flattened_to_a_picture_of_bounded_size(turned: bool) -> None:
    """A screen that was misread, whose sides nearly meet: its shape is anything."""
    corners = np.array([[100.0, 90.0], [100.2, 90.0], [1000.2, 640.0], [1000.0, 640.0]])
    corners = corners[[1, 2, 3, 0]] if turned else corners
    flat = flatten(np.zeros((720, 1280, 3), np.uint8), Screen(corners, "monitor"))
    assert min(flat.shape[:2]) >= 1
    assert max(flat.shape[:2]) <= 2 * 1280
