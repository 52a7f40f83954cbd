"""The brain: folded cortex, deep grey matter, ventricles, cerebellum and stem, cisterns, dura."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

import cv2
import numpy as np

from appliance.phantom.cranium import Cranium
from appliance.phantom.fields import (
    COARSE_LOW,
    COARSE_SHAPE,
    LOW,
    ORIGIN_MM,
    Canvas,
    axes,
    capsule,
    ellipsoid,
    noise,
    refine,
    smooth_min,
)
from appliance.phantom.head import Head
from appliance.phantom.ventricles import make_ventricles

CSF, GREY, WHITE, DURA, SINUS = 8.0, 38.0, 27.5, 60.0, 54.0


@dataclass(frozen=True)
class Brain:
    """The painted brain and what a bleed needs to know of it, on the fine grid.

    Attributes
    ----------
    canvas : Canvas
        Hounsfield units; it fills the cavity and does not end there.
    cavity : numpy.ndarray
        Signed distance to the inner surface of the skull, positive inside.
    fluid : numpy.ndarray
        Signed distance to cisterns and sulci, positive inside.
    ventricles : numpy.ndarray
        Signed distance to the ventricles, positive inside.
    """

    canvas: Canvas
    cavity: np.ndarray
    fluid: np.ndarray
    ventricles: np.ndarray


def make_brain(head: Head, rng: np.random.Generator, cranium: Cranium) -> Brain:
    """Paint the brain of one head, without blood, vessels or skull."""
    x, y, z = axes(2)
    enhanced = 1.0 if head.contrast else 0.0
    slow = noise(rng, 12)
    cavity = refine(cranium.cavity)
    middle = _midline(slow)
    below = _below_tentorium(x, y, z, slow)
    fluid = _fluid(head, rng, cranium, cavity, middle, below)

    canvas = Canvas.filled(WHITE + enhanced)
    texture = refine(noise(rng, 5))
    canvas.hounsfield += texture
    canvas.hounsfield += refine(0.5 * slow)
    ribbon = 2.9 - 0.5 * head.atrophy + 0.4 * texture
    canvas.paint(fluid + ribbon, GREY + 3 * enhanced)
    _deep_grey(canvas, enhanced)
    canvas.paint(fluid, CSF)

    ventricles = refine(make_ventricles(head, rng))
    if head.atrophy > 0.3:
        canvas.paint(0.12 * (ventricles + 6 * head.atrophy), WHITE - 6)  # pale white matter around wide ventricles
    canvas.paint(ventricles, CSF)
    below = refine(below)
    _posterior_fossa(canvas.low(), rng, cavity[:LOW], below[:LOW], enhanced)
    np.minimum(fluid, 1.5 - below, out=fluid)
    np.maximum(fluid[:LOW], _cisterns(canvas.low(), cavity[:LOW]), out=fluid[:LOW])
    _dura(canvas, cavity, refine(middle), below, enhanced)
    _calcifications(canvas, rng)
    return Brain(canvas, cavity, fluid, ventricles)


def _midline(slow: np.ndarray) -> np.ndarray:
    """Distance along x from the midline, which is nobody's straight line."""
    x = axes(2)[0]
    bend = cv2.GaussianBlur(slow[:, :, slow.shape[2] // 2], (0, 0), 6)
    return (x - 1.8 * bend[:, :, None] / max(float(np.abs(bend).max()), 1e-6)).astype(np.float32)


def _below_tentorium(x: np.ndarray, y: np.ndarray, z: np.ndarray, slow: np.ndarray) -> np.ndarray:
    """Signed distance to the posterior fossa under the tentorium."""
    roof = 39 + 24 * np.exp(-((x / 30) ** 2) - ((y - 36) / 30) ** 2) + 0.8 * slow
    return smooth_min((roof - z) * 0.9, (y - (-7 + 0.50 * np.abs(x))) * 0.9 + 0 * z, 6).astype(np.float32)


def _folds(rng: np.random.Generator) -> np.ndarray:
    """Signed distance to the walls that become sulci.

    The walls are the zeros of a band of noise that is read near where a ray from the middle of the brain
    meets its surface, so that sulci stand upright on the surface as they do in a brain.
    """
    x, y, z = axes(2)
    band = noise(rng, 3.2, band=True)
    radius = np.sqrt((x / 66) ** 2 + ((y - 2) / 84) ** 2 + ((z - 55) / 75) ** 2)
    reach = 0.9 / np.maximum(radius, 0.3) ** 0.55
    grid: List[np.ndarray] = []
    for coordinate, middle, start, count in zip((z, y, x), (55, 2, 0), reversed(ORIGIN_MM), COARSE_SHAPE):
        grid.append(np.clip((middle + (coordinate - middle) * reach - start) / 2, 0, count - 1.001))
    low = [part.astype(np.int32) for part in grid]
    share = [(part - base).astype(np.float32) for part, base in zip(grid, low)]
    steps = (COARSE_SHAPE[1] * COARSE_SHAPE[2], COARSE_SHAPE[2], 1)
    base = low[0] * steps[0] + low[1] * steps[1] + low[2]
    flat = np.ascontiguousarray(band).ravel()
    level = np.zeros(COARSE_SHAPE, dtype=np.float32)
    for corner in range(8):
        offset, weight = 0, np.ones(1, dtype=np.float32)
        for axis in range(3):
            upper = corner >> axis & 1
            offset += upper * steps[axis]
            weight = weight * (share[axis] if upper else 1 - share[axis])
        level += weight * flat[base + offset]
    slopes = np.gradient(level, 2.0)
    return level / np.sqrt(sum(slope**2 for slope in slopes) + 0.004)


def _fluid(
    head: Head,
    rng: np.random.Generator,
    cranium: Cranium,
    cavity: np.ndarray,
    middle: np.ndarray,
    below: np.ndarray,
) -> np.ndarray:
    """Signed distance, on the fine grid, to the fluid over and in the folds of the cerebrum."""
    x, y, z = axes(2)
    gap = 0.6 + 2.2 * head.atrophy + 0.4 * noise(rng, 10)
    over_callosum = np.maximum((z - 96 + 0.009 * (y - 2) ** 2) * 0.9, np.abs(y + 2) - 48)
    # sylvian fissure: its cleft rises backwards from the temporal pole, and the insula stands at its end
    cleft = 0.8 * (z - 52 - 0.75 * (y + 14)) - 2.5 * noise(rng, 7) - 2.5 * noise(rng, 4)
    room = np.minimum(np.abs(x) - 34, 26 - np.abs(y + 4)) + 0 * z
    island = np.abs(x) - 38.5 + 0.009 * (y + 4) ** 2 - 1.3 * noise(rng, 6)
    island_room = np.minimum(15 - np.abs(z - 60), 22 - np.abs(y + 4))
    surface = np.minimum(cranium.cavity - gap, -below)
    between = refine(np.where(over_callosum > 0, over_callosum, over_callosum * 2).clip(-30, 30))
    apart = np.abs(refine(middle))

    outer = refine(surface)
    fluid = np.minimum(0.7 + 0.9 * head.atrophy - apart, between)
    np.maximum(fluid, -outer, out=fluid)
    wide = 0.9 + 1.8 * head.atrophy + 0.05 * np.maximum(45 - np.abs(axes(1)[0]), 0)
    for wall, limit, half in ((cleft, room, wide), (island, island_room, 0.9 + 1.5 * head.atrophy)):
        np.maximum(fluid, np.minimum(half - np.abs(refine(wall)), refine(limit)), out=fluid)
    # sulci narrow with depth, end at a depth that varies from place to place, and spare the basal ganglia
    depth = np.minimum(outer, apart + np.maximum(-4 * between, 0))
    core = np.maximum(ellipsoid(x, y, z, (0, 0, 66), (36, 38, 30)), -4) + 4
    width = refine(0.25 + 1.1 * head.atrophy + 0.35 * noise(rng, 9) - 0.3 * core)
    width -= 0.35 * np.maximum(depth - refine(13 + 4 * noise(rng, 9)), 0)
    width -= np.maximum(-outer, 0)
    width -= np.abs(refine(_folds(rng)))
    return np.maximum(fluid, width, out=fluid)


def _deep_grey(canvas: Canvas, enhanced: float) -> None:
    value = GREY + 0.5 + 3 * enhanced
    for side in (-1, 1):
        canvas.ellipsoid((side * 16.5, -25, 73), (5.5, 10, 9), value, edge_mm=2)  # head of the caudate nucleus
        canvas.path([(side * 17, -18, 82), (side * 17, 4, 90)], 3.0, value)
        canvas.ellipsoid((side * 25, -12, 68), (6.0, 11, 9), value, edge_mm=3)  # putamen
        canvas.ellipsoid((side * 24, -2, 66), (5.5, 13, 9), value, edge_mm=3)
        canvas.ellipsoid((side * 10, 10, 67), (8.0, 13, 10), value - 0.5, edge_mm=4)  # thalamus
        canvas.ellipsoid((side * 13, 19, 68), (8.0, 7, 7), value - 0.5, edge_mm=4)
        canvas.ellipsoid((side * 26, -6, 34), (8, 12, 7), value - 1, edge_mm=3)  # amygdala and hippocampus


def _posterior_fossa(
    canvas: Canvas, rng: np.random.Generator, cavity: np.ndarray, below: np.ndarray, enhanced: float
) -> None:
    """Paint cerebellum, stem and cord, with the fluid around them."""
    x, y, z = canvas.axes
    inside = np.minimum(below, cavity + 4)
    canvas.paint(inside, CSF)
    cerebellum = np.minimum(below - 1.3, cavity - 1.0)
    cerebellum = np.minimum(cerebellum, np.hypot(x / 13, (y - 52) / 16) * 12 - 7 + 0.9 * np.maximum(z - 12, 0))
    wave = np.sin((z + 0.35 * y + 0.15 * np.abs(x) + 2.0 * refine(noise(rng, 8)[:COARSE_LOW])) * (2 * np.pi / 4.2))
    canvas.paint(cerebellum, GREY - 1.5 + 2 * enhanced + 1.8 * wave * np.clip(1 - cerebellum / 14, 0, 1))
    for side in (-1, 1):
        canvas.ellipsoid((side * 21, 46, 27), (13, 14, 9), WHITE + 3, limit=cerebellum)
    canvas.ellipsoid((0, 58, 34), (6, 14, 14), GREY + 2 + 2 * enhanced, limit=cerebellum)  # vermis
    canvas.ellipsoid((0, 10, 30), (18, 15.5, 16), CSF, limit=cavity)
    canvas.path([(0, 16, 16), (0, 22, -2), (0, 27, -24)], 11.5, CSF)
    for side in (-1, 1):
        canvas.path([(side * 10, 14, 29), (side * 24, 32, 27)], 8, WHITE + 4, limit=cavity)
    canvas.ellipsoid((0, 13, 31), (16, 13.5, 16), WHITE + 4, limit=cavity)
    canvas.ellipsoid((0, 14, 50), (14, 13, 12), WHITE + 5, limit=cavity)
    canvas.path([(0, 15, 18), (0, 21, -2), (0, 26, -24)], 6.8, WHITE + 5)
    fourth = ellipsoid(x, y, z, (0, 31, 31), (7, 5, 9))
    canvas.paint(np.minimum(fourth, 3.5 + (y - 31) * 0.9 - np.abs(x) * 0.2), CSF)


def _cisterns(canvas: Canvas, cavity: np.ndarray) -> np.ndarray:
    """Paint the cisterns at the base; return their signed distance."""
    x, y, z = axes(2)
    z = z[:COARSE_LOW]
    star = ellipsoid(x, y, z, (0, -11, 47), (10, 9, 7))
    star = np.maximum(star, capsule(x, y, z, ((0, -14, 48), (0, -30, 50)), (3.0, 1.0)))
    star = np.maximum(star, ellipsoid(x, y, z, (0, 31, 56), (7, 3.5, 6)))  # quadrigeminal cistern
    for side in (-1, 1):
        for ends, radii in (
            (((0, -14, 47), (side * 34, -20, 49)), (4.0, 1.8)),
            (((side * 5, -3, 46), (side * 17, 12, 50)), (2.8, 1.6)),
            (((side * 17, 12, 50), (side * 9, 29, 54)), (1.6, 2.2)),
        ):
            star = np.maximum(star, capsule(x, y, z, ends, radii))
    star = np.minimum(refine(star), cavity)
    canvas.paint(star, CSF)
    for side in (-1, 1):
        canvas.path([(side * 6, 0, 47), (side * 8, 9, 50)], 3.4, WHITE + 4, limit=cavity)  # cerebral peduncle
    canvas.ellipsoid((0, -13, 49), (5.5, 2.4, 1.6), GREY)  # optic chiasm
    return star


def _dura(canvas: Canvas, cavity: np.ndarray, middle: np.ndarray, below: np.ndarray, enhanced: float) -> None:
    """Paint falx and tentorium, and the sinuses in their edges."""
    x, y, z = axes(1)
    free_edge = 92 - 0.012 * (y - 4) ** 2 + 12 * np.exp(-(((y + 50) / 30) ** 2))
    falx = np.minimum(0.75 - np.abs(middle), np.minimum((z - free_edge) * 0.7, (-below + 1.5)))
    canvas.paint(np.minimum(falx, cavity + 3), DURA + 25 * enhanced)
    notch = np.hypot(x / 17, (y - 14) / 26) * 17 - 17
    tentorium = np.minimum(np.minimum(0.9 - np.abs(below), notch), y + 5 - 0.3 * np.abs(x))
    canvas.paint(np.minimum(tentorium, cavity + 3), DURA - 8 + 6 * enhanced)
    sagittal = 4.2 - np.abs(x) * 1.2 - np.abs(cavity)
    canvas.paint(np.minimum(np.minimum(sagittal, z - 42 + 0 * x), np.maximum(y, z - 95)), SINUS + 150 * enhanced)
    transverse = np.minimum(3.2 - np.abs(cavity), 3.6 - np.abs(below))
    canvas.paint(np.minimum(transverse, y - 28 + 0 * z), SINUS + 150 * enhanced)


def _calcifications(canvas: Canvas, rng: np.random.Generator) -> None:
    """Paint choroid plexus in both atria and the pineal gland, calcified as in most adults."""
    for side in (-1, 1):
        shift = rng.uniform(-1, 1, size=3)
        centre = (side * 24.0 + float(shift[0]), 41.0 + float(shift[1]), 74.5 + float(shift[2]))
        x, y, z = centre
        value = float(rng.uniform(150, 300))
        canvas.path([(x - side * 3, y - 5, z + 3), centre, (x + side * 1, y + 3, z - 3)], 1.9, value)
    canvas.ellipsoid((0.4, 29, 62), (2.2, 2.6, 2.4), float(rng.uniform(110, 240)))
