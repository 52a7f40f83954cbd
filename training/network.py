"""The slice network: AlexNet's five convolutions, made small, with batch normalisation, a map of blood and pooling."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

CENTRE, WIDTH = 0.5, 0.25
"""Grey levels pass a hyperbolic tangent about the middle of the window: bone and air, at its ends, matter less."""

DROPOUT = 0.2

MAP_STRIDE = 8
"""Side of a cell of the map, in pixels of the slice."""

EVERYWHERE = 3.0
"""Taken from the logarithm of the sum over the map, which is about this much for a slice without blood."""

CHANNELS = (32, 64, 128, 160, 160)


class SliceNet(nn.Module):
    """Scores brain-window slices for haemorrhage, and in training says where the blood lies.

    After AlexNet (Krizhevsky et al. 2012, doi:10.1145/3065386): five convolutions, overlapping pools after the first
    two. The first kernel is 7 wide with a stride of 2, as Zeiler and Fergus (2014, doi:10.1007/978-3-319-10590-1_53)
    found better than 11 and 4; there is one input channel, there are fewer features, and batch normalisation (Ioffe
    and Szegedy 2015) takes the place of local response normalisation. The third pool is left out, so that the last
    features keep 16 x 16 places for a slice of 128 x 128. In place of the dense layers, which held nine tenths of
    AlexNet's parameters, each place is asked whether it shows blood, and the score weighs how many say so, the surest
    of them, and the maximum of each feature: a bleed counts wherever it lies and however small it is.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth, fifth = CHANNELS
        self.features = nn.Sequential(
            *_stage(1, first, kernel=7, stride=2, pool=True),
            *_stage(first, second, kernel=5, pool=True),
            *_stage(second, third, kernel=3),
            *_stage(third, fourth, kernel=3),
            *_stage(fourth, fifth, kernel=3),
        )
        self.dropout = nn.Dropout(DROPOUT)
        self.score = nn.Linear(fifth + 2, 1)
        self.location = nn.Conv2d(fifth, 1, 1)
        with torch.no_grad():
            self.location.bias.fill_(-3.0)  # type: ignore[union-attr]  # nearly all cells show no blood

    def kernels(self) -> dict[int, nn.BatchNorm2d]:
        """The place of each convolution among the features, and the normalisation that belongs to it."""
        places = [index for index, layer in enumerate(self.features) if isinstance(layer, nn.Conv2d)]
        after = [layer for layer in self.features if isinstance(layer, nn.BatchNorm2d)]
        return dict(zip(places, after, strict=True))

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
        scores, _ = self.judge(slices)
        return scores

    def judge(self, slices: Tensor) -> tuple[Tensor, Tensor]:
        """Score slices and say where the blood lies.

        Returns
        -------
        tuple of torch.Tensor
            The scores, as `forward` gives them, and the log-odds that each cell of the map holds blood, float32, shape
            ``(n, size / 8, size / 8)``. Training supervises the map where the place of blood is known.
        """
        features = self.describe(slices)
        cells = self.location(features).flatten(1).float()
        strongest = self.dropout(features.amax(dim=(2, 3)).float())
        evidence = [cells.logsumexp(dim=1, keepdim=True) - EVERYWHERE, cells.amax(dim=1, keepdim=True)]
        scores = self.score(torch.cat([strongest, *evidence], dim=1))
        return scores.flatten(), cells.unflatten(1, features.shape[2:])

    def describe(self, slices: Tensor) -> Tensor:
        """Compute the last convolution's features: float32, shape ``(n, 160, size / 8, size / 8)``."""
        features: Tensor = self.features(torch.tanh((slices - CENTRE) / WIDTH))
        return features


class Ensemble(nn.Module):
    """The average of the log-odds of several networks: what is released.

    Parameters
    ----------
    members : sequence of SliceNet
        Trained apart, each on other patients.
    """

    def __init__(self, members: Sequence[SliceNet]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, slices: Tensor) -> Tensor:
        """Score slices; see `SliceNet.forward`."""
        return torch.stack([member(slices) for member in self.members]).mean(dim=0)


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
