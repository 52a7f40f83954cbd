"""What a console writes around the head goes; the head and the light on the air stay."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.camera.overlay import without_overlays
from tests.camera.consoles import slices


def photographed(side: int = 400) -> np.ndarray:
    """A slice with a little light on the air, brighter to the right: uint8, shape ``(side, side, 3)``."""
    plain = cv2.resize(slices(5)[3], (side, side), interpolation=cv2.INTER_AREA)
    lit = 14 + np.linspace(0, 20, side)[None] + plain * 0.85
    lit += np.random.default_rng(0).normal(0, 2, lit.shape)
    return np.repeat(np.clip(lit, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def test_writing_around_the_head_goes() -> None:
    clean = photographed()
    marked = clean.copy()
    for line in range(4):
        cv2.putText(marked, "ABC 123", (4, 20 + 18 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1)
    cv2.line(marked, (390, 120), (390, 300), (240, 240, 240), 2)
    cv2.rectangle(marked, (0, 0), (399, 399), (60, 200, 240), 2)
    found = without_overlays(marked)
    plain = cv2.cvtColor(clean, cv2.COLOR_BGR2GRAY)
    assert np.abs(found.astype(int) - plain)[:100, :100].max() < 25
    assert np.abs(found.astype(int) - plain)[100:320, 380:].max() < 25
    assert np.array_equal(found[140:260, 140:260], plain[140:260, 140:260])


def test_the_light_on_the_air_stays() -> None:
    found = without_overlays(photographed())
    left, right = float(found[:, 5:40].mean()), float(found[:, -40:-5].mean())
    assert 12 < left < 20
    assert 28 < right < 38


def test_a_small_coloured_mark_on_the_brain_is_filled() -> None:
    clean = photographed()
    marked = clean.copy()
    cv2.arrowedLine(marked, (230, 170), (205, 195), (0, 220, 255), 2)
    found = without_overlays(marked)
    plain = cv2.cvtColor(clean, cv2.COLOR_BGR2GRAY)
    assert np.abs(cv2.blur(found, (5, 5)).astype(int) - cv2.blur(plain, (5, 5)))[150:210, 190:250].max() < 25


def test_a_tinted_screen_is_no_mark() -> None:
    clean = photographed()
    tinted = np.clip(clean * np.array([1.15, 1.0, 0.85]), 0, 255).astype(np.uint8)
    found = without_overlays(tinted)
    expected = cv2.cvtColor(tinted, cv2.COLOR_BGR2GRAY)
    assert np.array_equal(found[140:260, 140:260], expected[140:260, 140:260])


def test_a_picture_without_a_head_stays() -> None:
    flat = np.full((200, 200, 3), 17, np.uint8)
    assert np.array_equal(without_overlays(flat), flat[..., 0])
