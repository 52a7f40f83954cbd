"""Simulated bleeds drawn into slices without haemorrhage: more positives for training, never for evaluation.

Blood that has just left its vessel measures 50 to 90 HU, the brain about 35 (Parizel et al. 2001,
doi:10.1007/s003300000800). Three shapes: a blob in the brain (intraparenchymal), a crescent along the inner table
(subdural) and a lens against it (epidural).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

BLOOD = (0.6, 0.88)
"""Grey levels of 52 to 86 HU at width 120, level 40."""

MIN_PIXELS = 60
"""A smaller lesion leaves the slice as it was: about 60 mm2."""

MIN_SPACE = 2500
"""Smallest intracranial space, in pixels, that a lesion is drawn into."""


def add_lesions(slices: Tensor, depth: Tensor, wanted: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Draw one simulated bleed into each wanted slice.

    Parameters
    ----------
    slices : torch.Tensor
        float32, shape ``(n, 1, size, size)``, grey levels between 0 and 1.
    depth : torch.Tensor
        float32, same shape: distance in pixels to the edge of the intracranial space, 0 outside.
    wanted : torch.Tensor
        bool, shape ``(n,)``.
    generator : torch.Generator
        Source of all randomness.

    Returns
    -------
    tuple of torch.Tensor
        The slices, and how much of each pixel is simulated blood: float32, the same shape, between 0 and 1.
    """
    chosen = torch.nonzero(wanted & ((depth > 0).flatten(1).sum(dim=1) > MIN_SPACE))[:, 0]
    blood = torch.zeros_like(slices)
    if not len(chosen):
        return slices, blood
    shape = _shapes(depth[chosen], generator)
    large = (shape > 0.5).flatten(1).sum(dim=1) >= MIN_PIXELS
    blended = _blend(slices[chosen], shape, generator)
    result = slices.clone()
    result[chosen[large]] = blended[large]
    blood[chosen[large]] = shape[large]
    return result, blood


def _uniform(count: int, low: float, high: float, generator: Generator) -> Tensor:
    return torch.rand(count, 1, 1, 1, generator=generator) * (high - low) + low


def _smooth_noise(count: int, size: int, cells: int, generator: Generator) -> Tensor:
    noise = torch.randn(count, 1, cells, cells, generator=generator)
    return F.interpolate(noise, size=(size, size), mode="bilinear", align_corners=False)


def _shapes(depth: Tensor, generator: Generator) -> Tensor:
    """How much of each pixel is blood, between 0 and 1; drawn at half the resolution, lengths in its pixels."""
    inside = (depth > 0).float()
    half = depth[:, :, ::2, ::2] / 2
    count, _, size, _ = half.shape
    ys, xs = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    kind = torch.rand(count, 1, 1, 1, generator=generator)
    blob, lens = kind < 0.55, kind > 0.8
    wobble = _smooth_noise(count, size, 10, generator)

    # the middle of a blob lies some pixels deep, that of the others at the edge
    eligible = torch.where(blob, half > 4, (half > 0) & (half < 1.5)).float().flatten(1) + 1e-9
    centre = torch.multinomial(eligible, 1, generator=generator).view(count, 1, 1, 1)
    dx, dy = (xs - centre % size).float(), (ys - centre // size).float()

    radius = torch.exp(_uniform(count, math.log(2.5), math.log(14), generator))
    angle, ratio = _uniform(count, 0, math.pi, generator), _uniform(count, 0.5, 1, generator)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    distance = torch.hypot(dx * cosine + dy * sine, (dy * cosine - dx * sine) / ratio)
    round_one = torch.sigmoid((radius * (1 + 0.3 * wobble) - distance) * 2.4)

    # both follow the skull, thickest in their middle; a lens is shorter and thicker than a crescent
    reach = torch.hypot(dx, dy) / torch.where(lens, 0.5, 1.0) / _uniform(count, 12, 40, generator)
    thickness = _uniform(count, 2, 6, generator) * torch.where(lens, 1.6, 1.0)
    thickness = thickness * (1 - reach.square()).clamp(min=0).sqrt()
    flat_one = torch.sigmoid((thickness * (1 + 0.2 * wobble) - half) * 3) * (thickness > 0.5)

    shape = torch.where(blob, round_one, flat_one)
    return F.interpolate(shape, size=depth.shape[2:], mode="bilinear", align_corners=False) * inside


def _blend(slices: Tensor, shape: Tensor, generator: Generator) -> Tensor:
    """Blood in place of tissue, uneven within, with oedema around some bleeds."""
    count, _, size, _ = slices.shape
    level = _uniform(count, *BLOOD, generator) + 0.03 * _smooth_noise(count, size, 24, generator)
    oedema = _uniform(count, -0.2, 0.2, generator).clamp(min=0)
    wide = F.avg_pool2d(shape[:, :, ::4, ::4], 3, stride=1, padding=1)
    around = F.interpolate(wide, size=(size, size), mode="bilinear", align_corners=False) * (1 - shape) * (slices < 0.9)
    texture = slices - F.avg_pool2d(slices, 5, stride=1, padding=2)
    blood = torch.maximum(level + 0.5 * texture, slices)
    return torch.lerp(slices - oedema * around, blood, shape).clamp(0, 1)
