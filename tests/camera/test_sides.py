"""Sides of a screen are found to a fraction of a pixel, and the lens by how they are bowed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from appliance.camera.lens import bend_back, straighten
from appliance.camera.sides import corners_of, find_bend, line_through, refine

CORNERS = np.array([[200.0, 90.0], [1100.0, 120.0], [1080.0, 650.0], [180.0, 600.0]])
SIZE = (1280, 720)


@pytest.mark.parametrize("bend", [-0.05, 0.0, 0.03, 0.08])
def test_the_bend_is_the_one_that_makes_sides_straight(bend: float) -> None:
    random, share = np.random.default_rng(0), np.linspace(0, 1, 60)[:, None]
    sides = [bend_back(CORNERS[i] * (1 - share) + CORNERS[(i + 1) % 4] * share, bend, SIZE) for i in range(4)]
    noisy = [side + random.normal(0, 0.3, side.shape) for side in sides]
    assert find_bend(noisy, SIZE) == pytest.approx(bend, abs=0.012)


def test_a_few_points_far_off_do_not_turn_a_line() -> None:
    x = np.linspace(0, 400, 60)
    points = np.stack([x, 0.1 * x + 30], axis=1)
    points[[7, 30, 51], 1] += 40
    line = line_through(points)
    assert abs(line @ [0, 30, 1]) < 0.3
    assert abs(line @ [400, 70, 1]) < 0.3


@pytest.mark.parametrize("inside", [26.0, 90.0, 220.0])
def test_edges_are_found_from_a_rough_first_place(inside: float) -> None:
    random = np.random.default_rng(1)
    photo = np.full((SIZE[1], SIZE[0]), 14.0)
    photo[:40] = 60
    mask = cv2.fillPoly(np.zeros((SIZE[1] * 4, SIZE[0] * 4), np.uint8), [np.rint(CORNERS * 4 + 1.5).astype(int)], 1)
    share = cv2.resize(mask.astype(np.float32), SIZE, interpolation=cv2.INTER_AREA)
    photo = cv2.GaussianBlur(photo + share * (inside - 14), (0, 0), 1.0) + random.normal(0, 2, photo.shape)
    frame = np.repeat(np.clip(photo, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    rough = CORNERS + random.uniform(-15, 15, (4, 2))
    belief = cv2.resize(cv2.GaussianBlur(share, (0, 0), 12), (384, 216), interpolation=cv2.INTER_AREA)
    edges = refine(frame, [rough[[i, (i + 1) % 4]] for i in range(4)], 900.0, belief)
    found = corners_of([line_through(straighten(edge, 0.0, SIZE)) for edge in edges if edge is not None])
    assert np.abs(found - CORNERS).max() < 1.2
