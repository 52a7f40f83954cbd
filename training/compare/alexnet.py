"""AlexNet as published, with its dense layers of 4096."""

from __future__ import annotations

from torch import Tensor, nn

DENSE = 4096

GRID = 6
"""Side of the last feature map in the original, whose input measures 227 pixels (the paper says 224)."""


class AlexNet(nn.Module):
    """Scores slices with AlexNet (Krizhevsky, Sutskever, Hinton 2012, doi:10.1145/3065386), from scratch.

    Kernels, strides, overlapping pools, local response normalisation, the two halves of the second, fourth and fifth
    convolution, and dropout before the dense layers are the paper's. One input channel takes the place of three and
    one output that of 1000. Adaptive pooling to the paper's 6 x 6 cells ahead of the dense layers lets any input size
    of at least 63 pixels pass.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 96, 11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            _normalisation(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(96, 256, 5, padding=2, groups=2),
            nn.ReLU(inplace=True),
            _normalisation(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.AdaptiveAvgPool2d(GRID),
        )
        self.score = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(256 * GRID * GRID, DENSE),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(DENSE, DENSE),
            nn.ReLU(inplace=True),
            nn.Linear(DENSE, 1),
        )

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


def _normalisation() -> nn.Module:
    """The paper's constants (section 3.3); torch divides alpha by the number of channels, the paper does not."""
    return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2)
