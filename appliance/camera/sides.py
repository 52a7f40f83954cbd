"""The sides of a screen to a fraction of a pixel: along each, a slightly bowed line through its edge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from appliance.camera.lens import straighten

SAMPLES = 64
"""Profiles along each side."""

WIDE, NARROW = 0.035, 0.012
"""How far from its first place a side is sought, over the screen's width: first straight, then bowed."""

BLUR = 3.0
"""By how many steps votes are spread in the wide search, whose lines are neither bowed nor finely tilted."""

TILT = 1.4
"""How far the ends of a side may lie from their first place in the wide search, over its reach."""

LEAN = 0.05
"""What a turn or a bow as large as the reach costs, over all votes."""

TRUST = 2.5
"""Worth of the network's belief over that of edges, while a side is sought far from its first place."""

STEP = 0.5
"""Pixels between the values of a profile."""

FALLING = 0.5
"""Worth of an edge to a brighter border over one to a darker: lit panels are mostly brighter than what is around."""

BENDS = np.linspace(-0.12, 0.12, 97)
"""Bends that are tried; phones correct theirs, webcams bend by up to 0.1."""

STIFF = 0.3
"""What a bend of 0.1 costs, in pixels squared, so that short or noisy sides bend nothing."""


def refine(
    frame: np.ndarray, sides: Sequence[Optional[np.ndarray]], width: float, belief: np.ndarray
) -> List[Optional[np.ndarray]]:
    """Find the edge along each side.

    Parameters
    ----------
    frame : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``.
    sides : sequence of numpy.ndarray or None
        Both ends of what is visible of each side, clockwise around the screen, float64, shape ``(2, 2)``; None for a
        side that is not visible.
    width : float
        Of the screen in pixels.
    belief : numpy.ndarray
        float32, of the photograph's shape but coarser: how likely each place lies on the screen.

    Returns
    -------
    list of numpy.ndarray or None
        Points on each edge, float64, shape ``(n, 2)``.
    """
    grey = frame.max(axis=2).astype(np.float32)
    found: List[Optional[np.ndarray]] = []
    for side in sides:
        if side is None:
            found.append(None)
            continue
        band = _Band.along(grey, side, WIDE * width, max(1.0, width / 600))
        near = _ridge(_votes(band, BLUR) + TRUST * _believed(band, belief, grey.shape), band, 0.0)
        ends = band.points(np.polyval(np.polyfit(band.position, near, 1), [-1.0, 1.0]), np.array([-1.0, 1.0]))
        band = _Band.along(grey, ends, NARROW * width, STEP)
        near, weight = _sharpen(band, _ridge(_votes(band, 0.0), band, 0.4))
        found.append(band.points(near, band.position)[weight >= 0.2 * np.median(weight)])
    return found


@dataclass(frozen=True)
class _Band:
    """Grey levels along lines across a side, as far as they lie in the photograph."""

    middle: np.ndarray  # of the side
    half: np.ndarray  # from there to its end
    inward: np.ndarray
    position: np.ndarray  # of each profile, from -1 to 1
    offsets: np.ndarray  # inward from the side, in pixels
    profiles: np.ndarray

    @classmethod
    def along(cls, grey: np.ndarray, side: np.ndarray, reach: float, step: float) -> _Band:
        """Sample a band; the inside lies to the right of the side's direction."""
        half = (side[1] - side[0]) / 2
        inward = np.array([-half[1], half[0]]) / np.hypot(*half)
        offsets = np.arange(-reach, reach + step, step)
        band = cls(side.mean(axis=0), half, inward, np.linspace(-0.98, 0.98, SAMPLES), offsets, offsets)
        # each profile is averaged along the side, over as much as lies between two samples
        profiles = sum(
            cv2.remap(
                grey, band.grid(shift / SAMPLES).astype(np.float32), None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
            )
            for shift in (-0.8, -0.4, 0.0, 0.4, 0.8)
        )
        return replace(band, profiles=np.asarray(profiles) / 5)

    def grid(self, shift: float = 0.0) -> np.ndarray:
        """Points of all profiles: shape ``(SAMPLES, offsets, 2)``."""
        along = self.middle + (self.position[:, None] + shift) * self.half
        return along[:, None] + self.offsets[None, :, None] * self.inward

    def points(self, offset: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Points at offsets from the side."""
        return self.middle + position[:, None] * self.half + offset[:, None] * self.inward


def _believed(band: _Band, belief: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
    """How well an edge at each place of each profile agrees with the network, from -1 to 1."""
    points = (band.grid() + 0.5) * belief.shape[1] / shape[1] - 0.5
    level = cv2.remap(belief, points.astype(np.float32), None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE) - 0.5
    before = np.cumsum(level, axis=1)
    return (before[:, -1:] - 2 * before) / (0.5 * level.shape[1])


def _votes(band: _Band, blur: float) -> np.ndarray:
    """How much each place of each profile looks like the edge, rising or falling: shape ``(2, samples, offsets)``."""
    slope = np.gradient(cv2.GaussianBlur(np.sqrt(band.profiles + 4), (0, 0), 1.5, sigmaY=0.01), axis=1)
    noise = 1.5 * float(np.median(np.abs(slope))) + 0.01
    votes = np.stack([np.maximum(slope, 0), FALLING * np.maximum(-slope, 0)])
    votes = votes / (np.abs(slope).max(axis=1)[None, :, None] + noise)
    return np.stack([cv2.GaussianBlur(part, (0, 0), blur, sigmaY=0.01) for part in votes]) if blur else votes


def _ridge(votes: np.ndarray, band: _Band, bowed: float) -> np.ndarray:
    """Offsets of the line, bowed by so much of the band's width at most, that gathers most votes."""
    offsets, position = band.offsets, band.position
    reach, step = float(offsets[-1]), float(offsets[1] - offsets[0])
    likely = 1 - 0.35 * (offsets / reach) ** 2
    index, count = np.arange(len(position)), len(offsets)
    wide = np.pad(votes, ((0, 0), (0, 0), (count, count)))
    best, chosen = -np.inf, np.zeros(len(position))
    tilts = np.linspace(-0.7, 0.7, 13) if bowed else np.linspace(-TILT, TILT, 31)
    for tilt in tilts * reach:
        for bow in np.linspace(-bowed, bowed, 7 if bowed else 1) * reach:
            course = tilt * position + bow * (position**2 - 1 / 3)
            place = np.arange(count)[:, None] + np.rint(course / step).astype(int) + count
            total = wide[:, index, place].sum(axis=2) * likely * (1 - LEAN * (abs(tilt) + abs(bow)) / reach)
            if total.max() > best:
                best = float(total.max())
                chosen = offsets[int(total.max(axis=0).argmax())] + course
    return chosen


def _sharpen(band: _Band, near: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Offsets of the steepest place near those given, where light is linear, and how much each profile shows it."""
    light = (band.profiles / 255) ** 2.2
    slope = np.abs(np.gradient(cv2.GaussianBlur(light, (0, 0), 1.0, sigmaY=0.01), axis=1))
    weight = np.zeros(len(near))
    for spread in (2.5, 1.5, 1.5):
        mass = slope * np.exp(-0.5 * ((band.offsets - near[:, None]) / spread) ** 2)
        weight = mass.sum(axis=1)
        peak = (mass * band.offsets).sum(axis=1) / np.maximum(weight, 1e-9)
        capped = np.sqrt(np.minimum(weight, 2 * np.median(weight)) + 1e-9)
        for _ in range(2):
            fit = np.polyfit(band.position, peak, 2, w=capped)
            off = np.abs(peak - np.polyval(fit, band.position))
            capped = capped / (1 + (off / (1.0 + np.median(off))) ** 2)
        near = np.polyval(fit, band.position)
    return near, weight


def find_bend(edges: Sequence[Optional[np.ndarray]], size: Tuple[int, int]) -> float:
    """Find the bend of the lens that makes all sides straight."""
    cost = STIFF * (BENDS / 0.1) ** 2
    for edge in edges:
        if edge is not None and len(edge) > 8:
            # points move in proportion to the bend, so their spread is a parabola in it
            still, moved = (part - part.mean(axis=0) for part in (edge, straighten(edge, 1.0, size) - edge))
            cross = still.T @ moved
            spread = [still.T @ still, cross + cross.T, moved.T @ moved]
            bent = sum(part[None] * BENDS[:, None, None] ** power for power, part in enumerate(spread)) / len(edge)
            cost = cost + np.linalg.eigvalsh(bent)[:, 0]
    return float(BENDS[int(np.argmin(cost))])


def line_through(points: np.ndarray) -> np.ndarray:
    """Homogeneous line through points, float64, shape ``(3,)``; points far off it count less."""
    weight = np.ones(len(points))
    for _ in range(4):
        middle = (points * weight[:, None]).sum(axis=0) / weight.sum()
        away = points - middle
        normal = np.linalg.eigh((away * weight[:, None]).T @ away)[1][:, 0]
        off = np.abs(away @ normal)
        weight = 1 / (1 + (off / (0.3 + 2 * np.median(off))) ** 2)
    return np.append(normal, -normal @ middle)


def corners_of(lines: Sequence[np.ndarray]) -> np.ndarray:
    """Corners where the top, right, bottom and left line meet: top left, top right, bottom right, bottom left."""
    found = np.array([np.cross(lines[number - 1], lines[number]) for number in range(4)])
    return found[:, :2] / found[:, 2:]
