"""The networks of a release, read back out of its file."""

from __future__ import annotations

import copy

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training.documents import TrainingError  # noqa: E402
from training.export import to_onnx  # noqa: E402
from training.members import able_to_learn, members  # noqa: E402
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


def test_what_was_read_back_normalises_batches_as_it_did_and_scores_as_before() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (6, SIZE, SIZE), dtype=np.uint8)
    pictures = np.stack([cv2.GaussianBlur(picture, (0, 0), 2) for picture in pictures])
    slices = torch.from_numpy(pictures[:, None]).float() / 255
    before = network(0)
    for layer in before.features:
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # the average of what it sees: here, of these very slices
    with torch.no_grad():
        before.train()(slices)
        before.eval()
        (read,) = members(to_onnx(Ensemble([before]), SIZE))
        merged = copy.deepcopy(read).train()
        after = able_to_learn(read, pictures)
        torch.testing.assert_close(after(slices), before(slices), rtol=1e-3, atol=1e-3)
        learning = before.train().describe(slices)
        torch.testing.assert_close(after.train().describe(slices), learning, rtol=1e-3, atol=2e-2)
        assert (merged.describe(slices) - learning).abs().max() > 1
    sizes = [after.features[index].weight.square().mean().sqrt().item() for index in after.kernels()]
    assert max(sizes[2:]) < 1.2 * sizes[1] and min(sizes[2:]) > sizes[1] / 1.2


def test_another_file_is_refused_in_a_sentence() -> None:
    class Doubled(Ensemble):
        def forward(self, slices: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(slices)

    with pytest.raises(TrainingError, match="scores otherwise"):
        members(to_onnx(Doubled([network(0)]), SIZE))
    with pytest.raises(TrainingError, match="no networks of this project"):
        members(b"no network")
