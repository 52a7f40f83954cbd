"""Bleeds made for training: five kinds, from 1 ml to a hemisphere, drawn into slices that show none.

Fresh blood measures 50 to 90 HU, the brain about 35 (Parizel et al. 2001, doi:10.1007/s003300000800). A bleed is a
body in space; a slice shows one section of it, which is smaller the further it lies from the middle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np

from training.synthesis.head_slice import HeadSlice, blur, grid, smooth_noise, soft_step

MIN_VOLUME_ML, MAX_VOLUME_ML = 1.0, 250.0

BLOOD_HU = (50.0, 86.0)

MIN_VISIBLE_ML = 0.2
"""Blood in one slice of 5 mm below which nobody could see it, counted where it stands out."""

VISIBLE_HU = 10.0
"""How far blood must stand out of what was there before to count as visible."""

CSF_HU = 18.0
"""Below this lie ventricles, cisterns and sulci."""


class Kind(Enum):
    """Where blood lies, by the names of `training.dataset.KINDS`; contusions count as intraparenchymal."""

    INTRAVENTRICULAR = "IVH"
    INTRAPARENCHYMAL = "IPH"
    CONTUSION = "contusion"
    SUBARACHNOID = "SAH"
    EPIDURAL = "EDH"
    SUBDURAL = "SDH"
    FALCINE = "falcine SDH"


SHARES = {
    Kind.INTRAVENTRICULAR: 0.12,
    Kind.INTRAPARENCHYMAL: 0.28,
    Kind.CONTUSION: 0.1,
    Kind.SUBARACHNOID: 0.16,
    Kind.EPIDURAL: 0.13,
    Kind.SUBDURAL: 0.17,
    Kind.FALCINE: 0.04,
}
"""How often each kind is tried; thin ones often come out invisible and are then left out: about half of the subdural, a
third of the subarachnoid."""


@dataclass(frozen=True)
class Bleed:
    """A bleed as a body.

    Attributes
    ----------
    kind : Kind
        Where it lies.
    volume_ml : float
        About how large it is; what a slice shows of it is measured, not computed.
    hounsfield : float
        Its mean density.
    place : tuple of float
        x and y of its middle in pixels.
    push_mm : float
        How far it moves the brain beside it at most.
    oedema_hu : float
        How much darker the brain around it is.
    seed : int
        Of its shape and texture; the same in all its slices.
    """

    kind: Kind
    volume_ml: float
    hounsfield: float
    place: tuple[float, float]
    push_mm: float
    oedema_hu: float
    seed: int

    @property
    def radius_mm(self) -> float:
        """Radius of a sphere of its volume."""
        return float(10 * (3 * self.volume_ml / (4 * math.pi)) ** (1 / 3))


def random_bleed(
    head: HeadSlice, rng: np.random.Generator, kind: Kind | None = None, volume_ml: float | None = None
) -> Bleed:
    """Draw a bleed that fits a slice.

    Parameters
    ----------
    head : HeadSlice
        Where it will lie.
    rng : numpy.random.Generator
        Source of all randomness.
    kind : Kind, optional
        One of `SHARES` by chance otherwise.
    volume_ml : float, optional
        Between `MIN_VOLUME_ML` and `MAX_VOLUME_ML`, even on a logarithmic scale, otherwise.
    """
    kind = kind or list(SHARES)[rng.choice(len(SHARES), p=list(SHARES.values()))]
    volume = volume_ml or float(np.exp(rng.uniform(math.log(MIN_VOLUME_ML), math.log(MAX_VOLUME_ML))))
    bleed = Bleed(
        kind=kind,
        volume_ml=volume,
        hounsfield=float(rng.uniform(*BLOOD_HU)),
        place=(0.0, 0.0),
        push_mm=0.0,
        oedema_hu=float(max(rng.uniform(-8, 14), 0)) if kind in (Kind.INTRAPARENCHYMAL, Kind.CONTUSION) else 0.0,
        seed=int(rng.integers(2**31)),
    )
    push = float(rng.uniform(0, 0.5) * bleed.radius_mm) if kind is not Kind.SUBARACHNOID else 0.0
    return replace(bleed, place=_place(head, bleed, rng), push_mm=min(push, 16.0))


def _place(head: HeadSlice, bleed: Bleed, rng: np.random.Generator) -> tuple[float, float]:
    """Deep in the brain for what lies within it, at the inner table for what lies along it."""
    if bleed.kind in (Kind.EPIDURAL, Kind.SUBDURAL):
        eligible = head.brain & (head.depth < 2.5 * head.mm)
    elif bleed.kind is Kind.CONTUSION:
        eligible = (head.depth > 3) & (head.depth < 14)
    else:
        eligible = head.depth > min(3 + 0.5 * bleed.radius_mm, 0.6 * float(head.depth.max()))
    rows, columns = np.nonzero(eligible)
    chosen = int(rng.integers(len(rows)))
    return float(columns[chosen]), float(rows[chosen])


def draw_bleed(head: HeadSlice, bleed: Bleed, section: float = 1.0) -> HeadSlice:
    """Draw the section of a bleed into a slice: move the brain aside, darken its surroundings, put the blood.

    Parameters
    ----------
    head : HeadSlice
        The slice.
    bleed : Bleed
        What to draw.
    section : float
        Radius of the section over that of the whole, between 0 and 1.

    Returns
    -------
    HeadSlice
        With the bleed and its share in `blood`; the slice as it was where nothing of it would be visible.
    """
    rng = np.random.default_rng(bleed.seed)
    share = (_FIELDS[bleed.kind](head, bleed, section, rng) * head.brain).astype(np.float32)
    moved = _push(head.hounsfield, head, share, bleed.push_mm * section)
    if bleed.oedema_hu:
        around = np.clip(blur(share, 5 / head.mm) * 2.5, 0, 1) * (1 - share)
        moved = moved - bleed.oedema_hu * around * ((moved > 20) & (moved < 60))
    fine = moved - blur(moved, 1.5)
    level = bleed.hounsfield + 3.5 * smooth_noise(rng, head.side, 14) + 2.5 * smooth_noise(rng, head.side, 40)
    # bone and calcification stay as white as they are
    target = np.maximum(level + 0.6 * np.clip(fine, -8, 8), np.where(moved > 90, moved, -1000))
    drawn = moved + share * (target - moved)
    seen = share * (drawn - head.hounsfield > VISIBLE_HU)
    if seen.sum() * head.mm**2 * 5 / 1000 < MIN_VISIBLE_ML:
        return head
    return replace(head, hounsfield=drawn.astype(np.float32), blood=np.maximum(head.blood, share).astype(np.float32))


def _push(picture: np.ndarray, head: HeadSlice, share: np.ndarray, push_mm: float) -> np.ndarray:
    """Move the brain away from the blood; the skull and what lies beside it stay."""
    if push_mm < 0.5 or not share.any():
        return picture
    wide = blur(share, max(9.0, 1.2 * math.sqrt(float(share.sum()) / math.pi)) / 1.5)
    toward_x, toward_y = cv2.Sobel(wide, cv2.CV_32F, 1, 0), cv2.Sobel(wide, cv2.CV_32F, 0, 1)
    steepest = float(np.hypot(toward_x, toward_y).max())
    scale = (push_mm / head.mm) / max(steepest, 1e-9) * np.clip(head.depth / 12, 0, 1)
    ys, xs = grid(head.side)
    return cv2.remap(
        picture,
        xs + (toward_x * scale).astype(np.float32),
        ys + (toward_y * scale).astype(np.float32),
        cv2.INTER_LINEAR,
    )


def _away(head: HeadSlice, bleed: Bleed) -> tuple[np.ndarray, np.ndarray]:
    ys, xs = grid(head.side)
    return (xs - bleed.place[0]) * head.mm, (ys - bleed.place[1]) * head.mm


def _clot(head: HeadSlice, bleed: Bleed, section: float, rng: np.random.Generator) -> np.ndarray:
    """A lobed clot; large ones are rounder."""
    dx, dy = _away(head, bleed)
    angle, ratio = rng.uniform(0, math.pi), rng.uniform(0.5, 1)
    cosine, sine = math.cos(angle), math.sin(angle)
    distance = np.hypot((dx * cosine + dy * sine) * math.sqrt(ratio), (dy * cosine - dx * sine) / math.sqrt(ratio))
    radius = bleed.radius_mm * section
    lobes = 1 + 0.22 * smooth_noise(rng, head.side, 7) + 0.1 * smooth_noise(rng, head.side, 16)
    return soft_step(radius * lobes - distance, rng.uniform(0.5, 1.4)) * soft_step(head.depth - 1.0)


def _contusion(head: HeadSlice, bleed: Bleed, section: float, rng: np.random.Generator) -> np.ndarray:
    """Small patches of blood close together under the cortex."""
    dx, dy = _away(head, bleed)
    spread = min(bleed.radius_mm, 18.0) * section
    share = np.zeros_like(dx)
    for _ in range(int(rng.integers(2, 7))):
        x, y = rng.normal(0, 0.7 * spread, 2)
        size, ratio = rng.uniform(0.2, 0.5) * spread + 1.2, rng.uniform(0.5, 1)
        share = np.maximum(share, soft_step(size - np.hypot((dx - x) / ratio, dy - y), 0.9) * rng.uniform(0.6, 1))
    return share * soft_step(1 + 0.8 * smooth_noise(rng, head.side, 24), 0.5)


def _lens(head: HeadSlice, bleed: Bleed, section: float, rng: np.random.Generator) -> np.ndarray:
    """Between skull and dura: a lens, short and thick."""
    dx, dy = _away(head, bleed)
    thick = min(bleed.radius_mm * rng.uniform(0.6, 1.1), 45.0) * section
    reach = max(bleed.radius_mm * rng.uniform(1.2, 2.0), 6.0) * section
    bulge = thick * (1 - (dx**2 + dy**2) / reach**2)
    return soft_step(bulge * (1 + 0.06 * smooth_noise(rng, head.side, 9)) - head.depth) * (bulge > 0.4)


def _crescent(head: HeadSlice, bleed: Bleed, section: float, rng: np.random.Generator) -> np.ndarray:
    """Between dura and arachnoid: a crescent over one hemisphere, which ends at the midline."""
    ys, xs = grid(head.side)
    centre_x, centre_y = head.centre()
    place = math.atan2(bleed.place[1] - centre_y, bleed.place[0] - centre_x)
    turned = np.abs(np.angle(np.exp(1j * (np.arctan2(ys - centre_y, xs - centre_x) - place)))).astype(np.float32)
    reach = rng.uniform(0.4, 1.5) * math.sqrt(section)
    # a shell over half a head of 65 mm radius: its volume gives its thickness
    thick = np.clip(1000 * bleed.volume_ml / (reach * 65 * 90), 1.8, 28) * section
    bulge = thick * np.sqrt(np.clip(1 - (turned / reach) ** 2, 0, 1))
    bulge = bulge * (1 + 0.15 * smooth_noise(rng, head.side, 9))
    own = (xs - centre_x) * (1 if bleed.place[0] > centre_x else -1) * head.mm
    mixed = 1.0 if rng.random() < 0.6 else np.clip(0.75 + 0.3 * smooth_noise(rng, head.side, 10), 0.25, 1)
    return soft_step(bulge - head.depth, 0.6) * (bulge > 0.5) * soft_step(own - 1) * mixed


def _falcine(head: HeadSlice, bleed: Bleed, section: float, rng: np.random.Generator) -> np.ndarray:
    """Along the falx, on one side of it."""
    ys, xs = grid(head.side)
    centre_x, centre_y = head.centre()
    side = rng.choice([-1, 1])
    beside = (xs - centre_x - 3 * smooth_noise(rng, head.side, 3)) * side * head.mm
    thick = np.clip(0.25 * bleed.radius_mm, 1.6, 7) * section
    middle, reach = rng.uniform(-60, 60), rng.uniform(20, 60)
    along = soft_step(reach - np.abs((ys - centre_y) * head.mm - middle), 2)
    return soft_step(thick * (1 + 0.2 * smooth_noise(rng, head.side, 10)) - beside) * soft_step(beside) * along


def _in_fluid(head: HeadSlice, bleed: Bleed, section: float, rng: np.random.Generator) -> np.ndarray:
    """In sulci, fissures and cisterns near a place; where the slice shows none, in lines as sulci run."""
    dx, dy = _away(head, bleed)
    reach = max(bleed.radius_mm * 1.6, 10.0) * section
    region = soft_step(reach * (1 + 0.3 * smooth_noise(rng, head.side, 6)) - np.hypot(dx, dy), 4)
    calm = blur(head.hounsfield, 0.8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    fluid = np.clip((cv2.morphologyEx(calm, cv2.MORPH_BLACKHAT, disc) - 3) / 7, 0, 1)
    fluid = np.maximum(fluid, np.clip((CSF_HU - calm) / 6, 0, 1))
    shallow = soft_step(22 - head.depth, 3)
    lines = np.exp(-((smooth_noise(rng, head.side, int(rng.integers(10, 22))) / 0.16) ** 2)) * shallow
    share = np.maximum(fluid, lines * rng.uniform(0, 1)) * region * np.clip(head.depth / 1.5, 0, 1)
    return np.asarray(blur(share.astype(np.float32), 0.7) * rng.uniform(0.65, 1.0))


def _in_ventricles(head: HeadSlice, bleed: Bleed, section: float, rng: np.random.Generator) -> np.ndarray:
    """In the ventricles, from the back of a patient who lies on it; a clot where the slice shows no ventricle."""
    calm = blur(head.hounsfield, 1.0)
    wet = ((calm < CSF_HU) & (head.depth > 14)).astype(np.uint8)
    wet = cv2.morphologyEx(wet, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    if wet.sum() * head.mm**2 < 40:
        return _clot(head, replace(bleed, volume_ml=min(bleed.volume_ml, 20)), section, rng)
    share = np.clip(blur(cv2.dilate(wet, np.ones((2, 2), np.uint8)).astype(np.float32), 0.7), 0, 1)
    ys, xs = grid(head.side)
    filled = np.nonzero(wet)[0]
    level = float(np.quantile(filled, max(rng.uniform(-0.7, 0.85), 0)))
    tilt = rng.normal(0, 0.15) * (xs - bleed.place[0])
    return share * soft_step((ys - level + tilt) * head.mm, 1.2)


_FIELDS = {
    Kind.INTRAVENTRICULAR: _in_ventricles,
    Kind.INTRAPARENCHYMAL: _clot,
    Kind.CONTUSION: _contusion,
    Kind.SUBARACHNOID: _in_fluid,
    Kind.EPIDURAL: _lens,
    Kind.SUBDURAL: _crescent,
    Kind.FALCINE: _falcine,
}
