"""The networks of a release, read back out of its file."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from training.documents import TrainingError  # noqa: E402
from training.export import to_onnx  # noqa: E402
from training.members import members  # noqa: E402
from training.network import Ensemble, SliceNet  # noqa: E402
from training.prepare import SIZE  # noqa: E402


def network(seed: int) -> SliceNet:
    """A network whose normalisations are not what they are at the start; of its other offsets some are."""
    torch.manual_seed(seed)
    made = SliceNet()
    for layer in made.features:
        if isinstance(layer, torch.nn.BatchNorm2d):
            for values in (layer.weight, layer.running_var):
                values.data.uniform_(0.5, 1.5)
            for values in (layer.bias, layer.running_mean):
                values.data.normal_(0, 0.3)
    return made.eval()


def test_each_network_scores_as_it_did_before_it_was_released() -> None:
    networks = [network(seed) for seed in range(3)]
    slices = torch.rand(4, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    found = members(to_onnx(Ensemble(networks), SIZE))
    assert len(found) == 3
    with torch.no_grad():
        for before, after in zip(networks, found, strict=True):
            for one, other in zip(before.judge(slices), after.judge(slices), strict=True):
                torch.testing.assert_close(other, one, rtol=1e-4, atol=1e-4)


def test_another_file_is_refused_in_a_sentence() -> None:
    class Doubled(Ensemble):
        def forward(self, slices: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(slices)

    with pytest.raises(TrainingError, match="scores otherwise"):
        members(to_onnx(Doubled([network(0)]), SIZE))
    with pytest.raises(TrainingError, match="no networks of this project"):
        members(b"no network")
