"""Gated attention: a study's score from all its slabs, with the part that each slab has in it."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

HIDDEN = 128
"""Width of the attention's hidden layer, as in the paper."""


class Describer(Protocol):
    """A slice network that gives its features, as `training.network.SliceNet` does."""

    def describe(self, slices: Tensor) -> Tensor:
        """Compute features of shape ``(n, channels, h, w)`` from slices of shape ``(n, 1, size, size)``."""
        ...


class GatedAttention(nn.Module):
    """Pools the slabs of a study by gated attention (Ilse, Tomczak, Welling 2018, arXiv:1802.04712, equation 9).

    A study is a bag whose label is known and whose slabs are weighed by what they show. The classifier is linear, so
    that a study's log-odds are the weighted mean of its slabs' log-odds, and a weight says what a slab contributes.

    Parameters
    ----------
    network : Describer
        A slice network, as a rule also a module, which is then trained as a part of this one.
    channels : int
        How many features it gives.
    """

    def __init__(self, network: Describer, channels: int) -> None:
        super().__init__()
        self.network = network
        self.score = nn.Linear(channels, 1)
        self.attention = nn.ModuleDict(
            {
                "content": nn.Sequential(nn.Linear(channels, HIDDEN), nn.Tanh()),
                "gate": nn.Sequential(nn.Linear(channels, HIDDEN), nn.Sigmoid()),
                "weight": nn.Linear(HIDDEN, 1, bias=False),
            }
        )

    def forward(self, slices: Tensor) -> Tensor:
        """Score each slice by itself.

        Parameters
        ----------
        slices : torch.Tensor
            float32, shape ``(n, 1, size, size)``, brain-window grey levels between 0 and 1.

        Returns
        -------
        torch.Tensor
            float32, shape ``(n,)``: log-odds that a slice shows haemorrhage.
        """
        scores: Tensor = self.score(self.embed(slices))
        return scores.flatten()

    def embed(self, slices: Tensor) -> Tensor:
        """Average the features over each slice: shape ``(n, channels)``."""
        return self.network.describe(slices).mean(dim=(2, 3))

    def pool(self, slabs: Tensor) -> tuple[Tensor, Tensor]:
        """Score a study.

        Parameters
        ----------
        slabs : torch.Tensor
            float32, shape ``(n, channels)``: what `embed` gives for the slabs of one study, in any order.

        Returns
        -------
        tuple of torch.Tensor
            The study's log-odds, shape ``()``, and the slabs' weights, shape ``(n,)``, which sum to 1.
        """
        gated = self.attention["content"](slabs) * self.attention["gate"](slabs)
        weights = torch.softmax(self.attention["weight"](gated).flatten(), dim=0)
        return weights @ self.score(slabs).flatten(), weights
