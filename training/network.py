"""The slice network: AlexNet's five convolutions, made small, with batch normalisation and global pooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CENTRE, WIDTH = 0.5, 0.16
"""Grey levels pass a hyperbolic tangent about 40 HU, 19 HU wide: brain and blood come to lie 1 apart."""

DROPOUT = 0.2

STRIDE = 16
"""Side of a cell of the last features, in pixels of the slice."""

CHANNELS = (48, 96, 128, 160, 160)


class SliceNet(nn.Module):
    """Scores brain-window slices for haemorrhage.

    After AlexNet (Krizhevsky et al. 2012, doi:10.1145/3065386): its kernels (11, 5, 3, 3, 3), its stride of 4 and its
    overlapping pools, with one input channel, fewer features, and batch normalisation (Ioffe and Szegedy 2015) instead
    of local response normalisation. The average and the maximum of each feature take the place of the dense layers,
    which held nine tenths of AlexNet's parameters: a bleed counts wherever it lies and however small it is.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth, fifth = CHANNELS
        self.features = nn.Sequential(
            *_stage(1, first, kernel=11, stride=4, pool=True),
            *_stage(first, second, kernel=5, pool=True),
            *_stage(second, third, kernel=3),
            *_stage(third, fourth, kernel=3),
            *_stage(fourth, fifth, kernel=3),
        )
        self.dropout = nn.Dropout(DROPOUT)
        self.score = nn.Linear(2 * fifth, 1)
        self.location = nn.Conv2d(fifth, 1, 1)

    def forward(self, slices: Tensor) -> Tensor:
        """Score slices.

        Parameters
        ----------
        slices : torch.Tensor
            float32, shape ``(n, 1, size, size)``, brain-window grey levels between 0 and 1.

        Returns
        -------
        torch.Tensor
            float32, shape ``(n,)``: uncalibrated log-odds that a slice shows haemorrhage.
        """
        return self.decide(self.describe(slices))

    def describe(self, slices: Tensor) -> Tensor:
        """Compute the last convolution's features: float32, shape ``(n, 160, size / 16, size / 16)``."""
        features: Tensor = self.features(torch.tanh((slices - CENTRE) / WIDTH))
        return features

    def decide(self, features: Tensor) -> Tensor:
        """Score slices by their features."""
        pooled = torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3))], dim=1)
        scores: Tensor = self.score(self.dropout(pooled))
        return scores.flatten()

    def locate(self, features: Tensor) -> Tensor:
        """Log-odds that each cell of the features holds blood, shape ``(n, 1, size / 16, size / 16)``.

        Asked in training alone, where the place of simulated blood is known; the released network has no such output.
        """
        cells: Tensor = self.location(features)
        return cells


def _stage(channels_in: int, channels_out: int, kernel: int, stride: int = 1, pool: bool = False) -> list[nn.Module]:
    stage: list[nn.Module] = [
        nn.Conv2d(channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, bias=False),
    ]
    if pool:  # ahead of the normalisation, which then has a quarter of the work and the same result
        stage.append(nn.MaxPool2d(3, stride=2, padding=1))
    return [*stage, nn.BatchNorm2d(channels_out), nn.ReLU()]


def parameter_count(network: nn.Module) -> int:
    """Return the number of trained parameters."""
    return sum(parameter.numel() for parameter in network.parameters())
