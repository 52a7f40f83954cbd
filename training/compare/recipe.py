"""The one plain way in which every compared network is trained and judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from training.compare.attention import GatedAttention
from training.metrics import area_under_curve
from training.prepare import PreparedStudy

BATCH = 32
LEARNING_RATE = 3e-4
WEIGHT_DECAY = 0.05

SHIFT = 0.06
"""Slices are shifted by up to this share of their side."""

ATTENTION_PASSES = 30
"""Passes over the studies that the attention learns from; a pass costs next to nothing, its features being fixed."""


def fit(network: nn.Module, studies: Sequence[PreparedStudy], epochs: int, seed: int, device: torch.device) -> None:
    """Train a network on single slices.

    Half of the drawn slices show haemorrhage, so that log-odds of 0 are a fair threshold. With equal studies, epochs
    and seed, every network is given the same slices in the same order, mirrored and shifted in the same way. AdamW
    (Loshchilov and Hutter 2019), with a rise and a cosine fall of the learning rate, is the same for all; nothing is
    tuned for any of them, and no pretrained weights are used.

    Parameters
    ----------
    network : torch.nn.Module
        On the device. Takes slices, float32 of shape ``(n, 1, size, size)`` between 0 and 1, gives ``(n,)`` log-odds.
    studies : sequence of PreparedStudy
        To learn from; slices with and without haemorrhage.
    epochs : int
        Passes, each drawing about as many slices as there are.
    seed : int
        Of the order and the augmentation.
    device : torch.device
        The CPU or a GPU.
    """
    slices = torch.from_numpy(np.concatenate([study.slices for study in studies]))[:, None].to(device)
    labels = torch.from_numpy(np.concatenate([study.labels for study in studies]))
    weights = torch.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum())
    targets = labels.float().to(device)
    generator = torch.Generator().manual_seed(seed)
    steps = epochs * max(len(labels) // BATCH, 1)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps, cycle_momentum=False)
    network.train()
    for _ in range(steps):
        drawn = torch.multinomial(weights, BATCH, replacement=True, generator=generator).to(device)
        batch = _moved(slices[drawn].float() / 255, generator)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
            scores = network(batch)
        loss = F.binary_cross_entropy_with_logits(scores.float(), targets[drawn])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def fit_attention(network: GatedAttention, studies: Sequence[PreparedStudy], seed: int, device: torch.device) -> None:
    """Train the attention of a network whose slice scores `fit` has trained, on the labels of whole studies.

    Features and classifier stay as they are: some dozens of studies teach where to look, not what blood is.

    Parameters
    ----------
    network : GatedAttention
        On the device.
    studies : sequence of PreparedStudy
        The same that the slice scores were trained on.
    seed : int
        Of the order.
    device : torch.device
        The CPU or a GPU.
    """
    network.eval()
    with torch.no_grad():
        bags = [network.embed(_tensor(study, device)) for study in studies]
    bleeds = torch.tensor([study.haemorrhage for study in studies])
    share = bleeds.float().mean().clamp(1 / len(studies), 1 - 1 / len(studies))
    weights = torch.where(bleeds, 0.5 / share, 0.5 / (1 - share)).to(device)
    targets = bleeds.float().to(device)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(network.attention.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    for _ in range(ATTENTION_PASSES):
        for number in torch.randperm(len(bags), generator=generator).tolist():
            score, _ = network.pool(bags[number])
            loss = F.binary_cross_entropy_with_logits(score, targets[number], weight=weights[number])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()


@torch.no_grad()
def judge(network: nn.Module, studies: Sequence[PreparedStudy], device: torch.device) -> dict[str, float]:
    """Measure a trained network on studies that it has not seen.

    Returns
    -------
    dict
        Of the slices, some of which show haemorrhage and some not: ``accuracy`` and ``balanced_accuracy`` (the mean
        of sensitivity and specificity) at a probability of 0.5, and ``auc``. Of the studies, ``study_auc``: by the
        attention where the network has one, else by the highest slice.
    """
    network.eval()
    scores, study_scores = [], []
    for study in studies:
        slices = _tensor(study, device)
        found = network(slices)
        pooled = network.pool(network.embed(slices))[0] if isinstance(network, GatedAttention) else found.max()
        scores.append(found.float().cpu().numpy())
        study_scores.append(float(pooled))
    slice_scores = np.concatenate(scores)
    truth = np.concatenate([study.labels for study in studies])
    called = slice_scores >= 0
    return {
        "accuracy": float((called == truth).mean()),
        "balanced_accuracy": float(called[truth].mean() + (~called[~truth]).mean()) / 2,
        "auc": area_under_curve(slice_scores, truth),
        "study_auc": area_under_curve(np.array(study_scores), np.array([study.haemorrhage for study in studies])),
    }


def _tensor(study: PreparedStudy, device: torch.device) -> Tensor:
    return torch.from_numpy(study.slices)[:, None].to(device).float() / 255


def _moved(slices: Tensor, generator: Generator) -> Tensor:
    """Mirror half of the slices and shift all; what comes in from beyond an edge is black."""
    mirror = 1 - 2 * torch.randint(2, (len(slices),), generator=generator).float()
    rows = torch.zeros(len(slices), 2, 3)
    rows[:, 0, 0], rows[:, 1, 1] = mirror, 1
    # the grid runs from -1 to 1, so a share of the side is twice as much on it
    rows[:, :, 2] = 2 * SHIFT * (2 * torch.rand(len(slices), 2, generator=generator) - 1)
    grid = F.affine_grid(rows.to(slices.device), list(slices.shape), align_corners=False)
    return F.grid_sample(slices, grid, align_corners=False)
