"""Random changes to training slices that leave their label true: another position, window, scanner, or compression."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

ROTATION_DEG = 15.0
SCALE = 0.12
SHIFT = 0.06
GAIN = 0.05
OFFSET = 0.015
NOISE = 0.03
BLUR = 0.5
JPEG_STEP = 0.08

BLOCK = 8
"""Side of the blocks that JPEG transforms (ITU-T T.81, A.3.3)."""


def augment(slices: Tensor, blood: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Change each slice of a batch in its own random way, and move its simulated blood with it.

    Parameters
    ----------
    slices : torch.Tensor
        float32, shape ``(n, 1, size, size)``, grey levels between 0 and 1; the size a multiple of `BLOCK`.
    blood : torch.Tensor
        float32, same shape: how much of each pixel is simulated blood.
    generator : torch.Generator
        Source of all randomness.

    Returns
    -------
    tuple of torch.Tensor
        Both, of the same shape and range.
    """
    slices, blood = torch.split(_move(torch.cat([slices, blood], dim=1), generator), 1, dim=1)
    slices = _blur(slices, generator)
    slices = _window(slices, generator)
    slices = _noise(slices, generator)
    slices = _compress(slices, generator)
    return slices.clamp(0, 1), blood


def _uniform(count: int, low: float, high: float, generator: Generator) -> Tensor:
    """Uniform numbers, shape ``(count, 1, 1, 1)``."""
    return torch.rand(count, 1, 1, 1, generator=generator) * (high - low) + low


def _share(count: int, share: float, generator: Generator) -> Tensor:
    """1 for about this share of a batch and 0 for the rest, shape ``(count, 1, 1, 1)``."""
    return (torch.rand(count, 1, 1, 1, generator=generator) < share).float()


def _move(slices: Tensor, generator: Generator) -> Tensor:
    """Mirror half of them; rotate, stretch and shift all."""
    count = len(slices)
    angle = _uniform(count, -1, 1, generator).flatten() * math.radians(ROTATION_DEG)
    mirror = 1 - 2 * _share(count, 0.5, generator).flatten()
    zoom = _uniform(count, 1 - SCALE, 1 + SCALE, generator).flatten()
    stretch = _uniform(count, 0.95, 1.05, generator).flatten()
    shift = torch.stack([_uniform(count, -SHIFT, SHIFT, generator).flatten() for _ in range(2)], dim=1)
    cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    rows = torch.stack([cosine * mirror * stretch, -sine, sine * mirror * stretch, cosine], dim=1).view(count, 2, 2)
    grid = F.affine_grid(torch.cat([rows, shift[:, :, None]], dim=2), list(slices.shape), align_corners=False)
    return F.grid_sample(slices, grid, align_corners=False)


def _window(slices: Tensor, generator: Generator) -> Tensor:
    """Another scanner's calibration or a viewer's slightly other window; air and bone stay clipped."""
    count = len(slices)
    gain = 1 + _uniform(count, -GAIN, GAIN, generator)
    changed = (slices - 0.45) * gain + 0.45 + _uniform(count, -OFFSET, OFFSET, generator)
    return torch.where((slices > 0.02) & (slices < 0.98), changed, slices).clamp(0, 1)


def _blur(slices: Tensor, generator: Generator) -> Tensor:
    """A softer kernel for half of them: binomial smoothing of a strength drawn for each."""
    strength = _uniform(len(slices), 0, 1, generator) * _share(len(slices), 0.5, generator)
    for dimension in (2, 3):
        neighbours = (slices.roll(1, dimension) + slices.roll(-1, dimension)) / 2
        slices = torch.lerp(slices, neighbours, strength * BLUR)
    return slices


def _noise(slices: Tensor, generator: Generator) -> Tensor:
    """Quantum noise, partly correlated as reconstruction leaves it; only within the head."""
    count, _, rows, columns = slices.shape
    fine = torch.randn(count, 1, rows, columns, generator=generator)
    coarse = 1.5 * F.avg_pool2d(fine, 3, stride=1, padding=1)
    noise = torch.lerp(fine, coarse, _uniform(count, 0, 1, generator))
    strength = _uniform(count, 0, NOISE, generator) * _share(count, 0.7, generator)
    return (slices + noise * strength * (slices > 0.02)).clamp(0, 1)


def _compress(slices: Tensor, generator: Generator) -> Tensor:
    """For a third of them: JPEG's loss, a coarser rounding of finer waves in each block of 8 x 8 (ITU-T T.81, A.3)."""
    chosen = torch.nonzero(_share(len(slices), 1 / 3, generator).flatten())[:, 0]
    if not len(chosen):
        return slices
    picked = slices[chosen]
    count, _, rows, columns = picked.shape
    order = torch.arange(BLOCK, dtype=torch.float32)
    cosines = torch.cos((2 * order[None, :] + 1) * order[:, None] * math.pi / (2 * BLOCK)) * math.sqrt(2 / BLOCK)
    cosines[0] /= math.sqrt(2)
    blocks = picked.view(count, rows // BLOCK, BLOCK, columns // BLOCK, BLOCK).transpose(2, 3)
    waves = cosines @ blocks @ cosines.T
    step = (1 + order[:, None] + order[None, :]) / BLOCK
    steps = step * _uniform(count, 0.02, JPEG_STEP, generator).view(count, 1, 1, 1, 1)
    rounded = cosines.T @ (torch.round(waves / steps) * steps) @ cosines
    restored = slices.clone()
    restored[chosen] = rounded.transpose(2, 3).reshape(count, 1, rows, columns)
    return restored
