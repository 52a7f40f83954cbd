"""What a training step minimises: is there blood, where is it, and is a photograph judged as the slice it shows?"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

CLEAN_WEIGHT = 4.0
"""Cells without blood are nearly all, and most of them are easy: their mean would hardly count."""


def label_loss(scores: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy of slice scores.

    Parameters
    ----------
    scores : torch.Tensor
        float32, shape ``(n,)``: log-odds.
    labels : torch.Tensor
        float32, same shape: 1 for haemorrhage.
    smoothing : float
        How far labels are drawn from 0 and 1.
    """
    return F.binary_cross_entropy_with_logits(scores, labels * (1 - 2 * smoothing) + smoothing)


def map_loss(found: Tensor, cells: Tensor) -> Tensor:
    """Cross-entropy of the map where it is known.

    The bleeding cells of a slice weigh 1 together, however many there are: a small bleed counts as much as a large one.

    Parameters
    ----------
    found : torch.Tensor
        float32, shape ``(n, rows, columns)``: log-odds.
    cells : torch.Tensor
        float32, same shape: 1 for blood, 0 for none; anything between is not known and left out.
    """
    loss = F.binary_cross_entropy_with_logits(found, cells, reduction="none")
    blood, clean = (cells == 1).float(), (cells == 0).float()
    of_slices = (loss * blood).sum(dim=(1, 2)) / blood.sum(dim=(1, 2)).clamp(min=1)
    bleeding = blood.amax(dim=(1, 2)).sum().clamp(min=1)
    return of_slices.sum() / bleeding + CLEAN_WEIGHT * (loss * clean).sum() / clean.sum().clamp(min=1)


def consistency_loss(of_photographs: Tensor, of_slices: Tensor) -> Tensor:
    """How far photographs are judged from the slices that they show, which themselves are not drawn to them.

    Parameters
    ----------
    of_photographs, of_slices : torch.Tensor
        float32, shape ``(n,)``: log-odds, pair by pair.
    """
    return F.smooth_l1_loss(of_photographs, of_slices.detach())
