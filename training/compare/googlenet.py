"""GoogLeNet: nine inception modules, with batch normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

INCEPTIONS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}
"""Table 1 of the paper: channels in, 1x1, reduction to 3x3, 3x3, reduction to 5x5, 5x5, projection of the pool."""


class GoogLeNet(nn.Module):
    """Scores slices with GoogLeNet (Szegedy et al. 2015, doi:10.1109/CVPR.2015.7298594), from scratch.

    Widths and depths are the paper's table 1, with one input channel and one output. Batch normalisation (Ioffe and
    Szegedy 2015), which came months later, stands after each convolution and takes the place of local response
    normalisation and of the two auxiliary classifiers: both let 22 layers learn from random weights, and one loss
    keeps the training the same for every network compared.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            _convolution(1, 64, 7, stride=2),
            _pool(),
            _convolution(64, 64, 1),
            _convolution(64, 192, 3),
            _pool(),
            Inception(*INCEPTIONS["3a"]),
            Inception(*INCEPTIONS["3b"]),
            _pool(),
            *(Inception(*INCEPTIONS[name]) for name in ("4a", "4b", "4c", "4d", "4e")),
            _pool(),
            Inception(*INCEPTIONS["5a"]),
            Inception(*INCEPTIONS["5b"]),
        )
        self.score = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, 1))

    def forward(self, slices: Tensor) -> Tensor:
        """Score slices.

        Parameters
        ----------
        slices : torch.Tensor
            float32, shape ``(n, 1, size, size)``, brain-window grey levels between 0 and 1.

        Returns
        -------
        torch.Tensor
            float32, shape ``(n,)``: log-odds that a slice shows haemorrhage.
        """
        scores: Tensor = self.score(self.features(2 * slices - 1))
        return scores.flatten()


class Inception(nn.Module):
    """Looks at features with kernels of three sizes and a pool side by side.

    Parameters
    ----------
    channels : int
        Of the input.
    one, reduce_three, three, reduce_five, five, pooled : int
        Channels of the branches, in the order of the paper's table; those of ``one``, ``three``, ``five`` and
        ``pooled`` make up the output.
    """

    def __init__(
        self, channels: int, one: int, reduce_three: int, three: int, reduce_five: int, five: int, pooled: int
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                _convolution(channels, one, 1),
                nn.Sequential(_convolution(channels, reduce_three, 1), _convolution(reduce_three, three, 3)),
                nn.Sequential(_convolution(channels, reduce_five, 1), _convolution(reduce_five, five, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), _convolution(channels, pooled, 1)),
            ]
        )

    def forward(self, features: Tensor) -> Tensor:
        """Join the branches' features: shape ``(n, one + three + five + pooled, h, w)``."""
        return torch.cat([branch(features) for branch in self.branches], dim=1)


def _convolution(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, stride=2, padding=1)
