"""ResNet-50: residual bottlenecks."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Table 1 of the paper: width of a stage's bottlenecks and how many there are."""

EXPANSION = 4
"""A bottleneck puts out so many times its width."""


class ResNet50(nn.Module):
    """Scores slices with ResNet-50 (He et al. 2016, doi:10.1109/CVPR.2016.90), from scratch.

    As in the paper, a stage halves the picture in the first 1x1 convolution of its first bottleneck. One input channel
    takes the place of three and one output that of 1000.
    """

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        channels = 64
        for width, count in STAGES:
            for number in range(count):
                blocks.append(Bottleneck(channels, width, stride=2 if number == 0 and width > 64 else 1))
                channels = EXPANSION * width
        self.features = nn.Sequential(
            nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
            *blocks,
        )
        self.score = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1))

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


class Bottleneck(nn.Module):
    """Adds to its input what a narrow 3x3 convolution between two of 1x1 finds.

    Parameters
    ----------
    channels : int
        Of the input.
    width : int
        Of the 3x3 convolution; the output has `EXPANSION` times as many channels.
    stride : int
        Of the first convolution, and of the projection that fits the input to the output where they differ.
    """

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        wide = EXPANSION * width
        self.residual = nn.Sequential(
            *_normalised(channels, width, 1, stride),
            nn.ReLU(inplace=True),
            *_normalised(width, width, 3),
            nn.ReLU(inplace=True),
            *_normalised(width, wide, 1),
        )
        fits = channels == wide and stride == 1
        self.shortcut = nn.Identity() if fits else nn.Sequential(*_normalised(channels, wide, 1, stride))

    def forward(self, features: Tensor) -> Tensor:
        """Return features of shape ``(n, 4 * width, h / stride, w / stride)``."""
        return F.relu(self.shortcut(features) + self.residual(features))


def _normalised(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    ]
