"""What looks like blood and is none: drawn into slices without a change of label.

Known pitfalls of reading head CT: calcified choroid plexus, pineal gland and falx, dense venous sinuses and arteries,
bone that is cut flat, beam hardening, motion, old and fresh infarction, swelling of the scalp.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from training.synthesis.head_slice import WINDOW_HIGH, WINDOW_LOW, HeadSlice, grid, smooth_noise, soft_step

Confounder = Callable[[HeadSlice, np.random.Generator], np.ndarray]
"""From a slice to its Hounsfield units with the look-alike in it."""


def add_confounders(head: HeadSlice, rng: np.random.Generator) -> HeadSlice:
    """Draw each look-alike into a slice with its own chance (`CHANCES`)."""
    if not head.brain.any():
        return head
    for draw, chance in CHANCES.items():
        if rng.random() < chance:
            head = replace(head, hounsfield=draw(head, rng).clip(WINDOW_LOW, WINDOW_HIGH).astype(np.float32))
    return head


def _spot(head: HeadSlice, x: float, y: float, radius_mm: float, ratio: float = 1.0, angle: float = 0.0) -> np.ndarray:
    """Share of each pixel in an ellipse around a place in pixels."""
    ys, xs = grid(head.side)
    dx, dy = (xs - x) * head.mm, (ys - y) * head.mm
    cosine, sine = math.cos(angle), math.sin(angle)
    return soft_step(radius_mm - np.hypot(dx * cosine + dy * sine, (dy * cosine - dx * sine) / ratio), 0.5)


def _raise(head: HeadSlice, share: np.ndarray, hounsfield: float) -> np.ndarray:
    """Put something dense where it belongs, within the skull, and never make bone darker."""
    share = share * head.brain
    return np.maximum(head.hounsfield, head.hounsfield + share * (hounsfield - head.hounsfield))


def _choroid(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """Calcified choroid plexus in the atria: a pair, bright and small, nearly symmetrical."""
    centre_x, centre_y = head.centre()
    aside, back = rng.uniform(13, 30) / head.mm, rng.uniform(5, 35) / head.mm
    result = head
    for side in (-1, 1):
        if rng.random() < 0.85:
            x, y = centre_x + side * aside + rng.normal(0, 2), centre_y + back + rng.normal(0, 2)
            share = _spot(head, x, y, rng.uniform(1.0, 4.0), rng.uniform(0.4, 1), rng.uniform(0, math.pi))
            result = replace(result, hounsfield=_raise(result, share, rng.uniform(75, 300)))
    return result.hounsfield


def _pineal(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """A calcified pineal gland, in the midline."""
    centre_x, centre_y = head.centre()
    x, y = centre_x + rng.normal(0, 2), centre_y + rng.uniform(-5, 25) / head.mm
    return _raise(head, _spot(head, x, y, rng.uniform(1.0, 3.2), rng.uniform(0.6, 1)), rng.uniform(90, 300))


def _falx(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """A dense or calcified falx: a thin line in the midline from the front or the back."""
    ys, xs = grid(head.side)
    centre_x, centre_y = head.centre()
    line = centre_x + rng.normal(0, 1.5) + rng.normal(0, 0.03) * (ys - centre_y)
    front = rng.random() < 0.5
    ahead = (centre_y - ys) * head.mm if front else (ys - centre_y) * head.mm
    share = soft_step(rng.uniform(0.3, 1.1) - np.abs(xs - line) * head.mm, 0.5) * soft_step(
        ahead - rng.uniform(0, 45), 2
    )
    if rng.random() < 0.3:
        return _raise(head, share * soft_step(smooth_noise(_own(rng), head.side, 20) - 0.6, 0.2), rng.uniform(100, 300))
    return _raise(head, share, rng.uniform(42, 70))


def _own(rng: np.random.Generator) -> np.random.Generator:
    """Return a generator of its own, so that a change to one look-alike does not change the next."""
    return np.random.default_rng(rng.integers(2**63))


def _sinus(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """A dense superior sagittal or straight sinus, or the torcular: at the inner table in the midline, at the back."""
    centre_x, _ = head.centre()
    rows = np.nonzero(head.brain[:, min(int(centre_x), head.side - 1)])[0]
    if not len(rows):
        return head.hounsfield
    end = rows.max() if rng.random() < 0.75 else rows.min()
    share = _spot(
        head, centre_x + rng.normal(0, 2), end - rng.uniform(-1, 2), rng.uniform(2.5, 6), rng.uniform(0.6, 1.4)
    )
    return _raise(head, share, rng.uniform(48, 68))


def _artery(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """A dense artery at the base: a dot or a short stroke, or its calcified wall."""
    centre_x, centre_y = head.centre()
    x, y = centre_x + rng.normal(0, 14) / head.mm, centre_y - rng.uniform(-10, 30) / head.mm
    share = _spot(head, x, y, rng.uniform(0.8, 2.2), rng.uniform(0.25, 1), rng.uniform(0, math.pi))
    return _raise(head, share, rng.uniform(45, 62) if rng.random() < 0.6 else rng.uniform(90, 200))


def _island(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """Bone or calcification that stands alone: clinoids, dura, basal ganglia; white, with a soft rim."""
    rows, columns = np.nonzero(head.depth > 3)
    if not len(rows):
        return head.hounsfield
    result = head
    for _ in range(int(rng.integers(1, 4))):
        chosen = int(rng.integers(len(rows)))
        radius = float(np.exp(rng.uniform(math.log(0.8), math.log(6))))
        share = _spot(head, columns[chosen], rows[chosen], radius, rng.uniform(0.3, 1), rng.uniform(0, math.pi))
        result = replace(result, hounsfield=_raise(result, share, rng.uniform(110, 500)))
    return result.hounsfield


def _flat_bone(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """Bone cut flat at the base or the vertex: a haze that fades from the inner table inwards on a part of it."""
    ys, xs = grid(head.side)
    centre_x, centre_y = head.centre()
    direction = rng.uniform(0, 2 * math.pi)
    turned = np.cos(np.arctan2(ys - centre_y, xs - centre_x) - direction)
    part = np.clip((turned - rng.uniform(-1.2, 0.6)) * 2, 0, 1)
    haze = np.exp(-head.depth / rng.uniform(0.8, 3.0)) * part
    return _raise(head, haze.astype(np.float32) * rng.uniform(0.3, 1), rng.uniform(70, 140))


def _hardening(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """Beam hardening: the brain brighter beneath the skull, and bright and dark bands across the base."""
    ys, xs = grid(head.side)
    cup = rng.uniform(0, 9) * np.exp(-head.depth / rng.uniform(3, 12))
    angle, row = rng.normal(0, 0.12), rng.uniform(0.3, 0.75) * head.side
    across = (ys - row + angle * (xs - head.side / 2)) * head.mm
    bands = rng.uniform(-14, 8) * np.exp(-((across / rng.uniform(3, 12)) ** 2))
    bands = bands + rng.uniform(0, 5) * np.sin(across / rng.uniform(1.5, 5) + rng.uniform(0, 6)) * np.exp(
        -((across / 30) ** 2)
    )
    soft = (head.hounsfield > WINDOW_LOW + 2) & (head.hounsfield < WINDOW_HIGH - 2)
    return head.hounsfield + (cup + bands * (rng.random() < 0.6)) * head.brain * soft


def _motion(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """The head moved during the turn: a faint second picture beside the first."""
    angle, far = rng.normal(0, 1.5), rng.normal(0, 2.2, 2)
    matrix = cv2.getRotationMatrix2D((head.side / 2, head.side / 2), angle, 1)
    matrix[:, 2] += far / head.mm
    ghost = cv2.warpAffine(head.hounsfield, matrix, (head.side, head.side), borderValue=WINDOW_LOW)
    return cv2.addWeighted(head.hounsfield, 1 - (share := float(rng.uniform(0.1, 0.4))), ghost, share, 0)


def _infarct(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """An old infarct, as dark as fluid, or a fresh one, a little darker than brain; at the cortex or deep."""
    rows, columns = np.nonzero(head.depth > 4)
    if not len(rows):
        return head.hounsfield
    ys, xs = grid(head.side)
    chosen = int(rng.integers(len(rows)))
    radius = float(np.exp(rng.uniform(math.log(4), math.log(35))))
    away = np.hypot(xs - columns[chosen], ys - rows[chosen]) * head.mm
    lobes = 1 + 0.3 * smooth_noise(_own(rng), head.side, 7)
    share = soft_step(radius * lobes - away, rng.uniform(0.6, 3)) * soft_step(head.depth - 1)
    target = rng.uniform(4, 18) if rng.random() < 0.5 else rng.uniform(20, 28)
    lowered = head.hounsfield + share * (target - head.hounsfield)
    tissue = (head.hounsfield > target) & (head.hounsfield < 55)
    return np.where(tissue, lowered, head.hounsfield)


def _scalp(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """A swelling of the scalp: soft tissue outside the skull, on heads that bleed and on those that do not."""
    solid = (head.hounsfield > 0).astype(np.uint8)
    rim = cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero(rim & (head.depth == 0))
    if not len(rows):
        return head.hounsfield
    ys, xs = grid(head.side)
    chosen = int(rng.integers(len(rows)))
    away = np.hypot(xs - columns[chosen], ys - rows[chosen]) * head.mm
    share = soft_step(rng.uniform(6, 24) - away, 1.5) * (head.depth == 0) * (head.hounsfield < 30)
    # beneath the swelling lies bone, which must not be filled: only what is open to the outside
    open_air = cv2.erode((head.depth == 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    return head.hounsfield + share * open_air * (rng.uniform(25, 70) - head.hounsfield)


def _no_scalp(head: HeadSlice, rng: np.random.Generator) -> np.ndarray:
    """No scalp at all: what lies outside the skull turns to air."""
    near = cv2.dilate(head.brain.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (21, 21)))
    bone = head.hounsfield > 85
    return np.where((near > 0) & (head.brain | bone), head.hounsfield, WINDOW_LOW)


CHANCES: dict[Confounder, float] = {
    _infarct: 0.08,
    _choroid: 0.08,
    _pineal: 0.06,
    _falx: 0.09,
    _sinus: 0.08,
    _artery: 0.06,
    _island: 0.08,
    _flat_bone: 0.09,
    _hardening: 0.12,
    _motion: 0.04,
    _scalp: 0.08,
    _no_scalp: 0.04,
}
"""How often each is drawn, each by itself."""
