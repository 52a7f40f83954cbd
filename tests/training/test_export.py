"""Export and quantisation: the same scores as torch's, the same judgements in 8-bit integers, within size."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from appliance.camera.pictures import read_stack
from appliance.errors import ModelError
from appliance.imaging.brain import find_brain
from appliance.imaging.head import find_heads
from appliance.imaging.tensor import to_tensor
from appliance.inference.onnx_engine import OnnxEngine
from appliance.inference.release import load_release
from training.calibrate import Calibration, Platt
from training.dataset import DatasetInfo
from training.documents import TrainingError, read_json
from training.export import to_onnx, write_release
from training.metrics import area_under_curve
from training.quantise import MAX_AUC_LOSS, check_int8, quantise
from training.scored import onnx_scorer

SIZE = 64


class Network(nn.Module):
    """A small network of the released one's layers, which calls what is bright and not at the rim."""

    def __init__(self, offset: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2, padding=2, bias=False),
            nn.MaxPool2d(3, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 64, 3, padding=1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, padding=1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
        )
        self.offset = offset
        self.location = nn.Conv2d(64, 1, 1)
        self.score = nn.Linear(129, 1)

    def describe(self, slices: Tensor) -> Tensor:
        features = self.features(torch.tanh((slices - 0.5) / 0.16))
        surest = self.location(features).amax(dim=(2, 3))
        return torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3)), surest], dim=1)

    def forward(self, slices: Tensor) -> Tensor:
        return self.score(self.describe(slices)).flatten() + self.offset


def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Simulated slices, each second one with a small bright spot, and their labels."""
    random = np.random.default_rng(seed)
    slices = random.normal(0.45, 0.05, (count, 1, SIZE, SIZE)).astype(np.float32)
    labels = np.arange(count) % 2 == 1
    for index in np.flatnonzero(labels):
        row, column = random.integers(8, SIZE - 16, 2)
        slices[index, 0, row : row + 4, column : column + 4] += 0.2
    return slices.clip(0, 1), labels


def fitted(offset: float = 0.0) -> Network:
    """The network with statistics and decision fitted to drawn slices."""
    network = Network(offset)
    slices, labels = draw(200, seed=0)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None  # the average of all that it sees
        network.train()(torch.from_numpy(slices))
        described = network.eval().describe(torch.from_numpy(slices)).numpy()
        design = np.concatenate([described, np.ones((len(slices), 1), np.float32)], axis=1)
        target = np.where(labels, 3.0, -3.0)
        weights = np.linalg.solve(design.T @ design + np.eye(design.shape[1]), design.T @ target)
        network.score.weight.copy_(torch.from_numpy(weights[None, :-1]))
        network.score.bias.copy_(torch.from_numpy(weights[-1:]))
    return network


@pytest.fixture(scope="module")
def model() -> bytes:
    return to_onnx(fitted(), SIZE)


@pytest.fixture(scope="module")
def int8(model: bytes) -> bytes:
    return quantise(model, draw(200, seed=0)[0])


def opsets(model: bytes) -> list[tuple[str, int]]:
    return [(item.domain, item.version) for item in onnx.load_from_string(model).opset_import]


def test_the_export_scores_as_torch_does(model: bytes) -> None:
    slices, _ = draw(5, seed=1)
    with torch.no_grad():
        expected = fitted()(torch.from_numpy(slices)).numpy()
    assert onnx_scorer(model)(slices) == pytest.approx(expected, abs=1e-4, rel=1e-4)
    assert opsets(model) == [("", 13)]


def test_an_export_that_scores_otherwise_is_refused() -> None:
    class Counting(Network):
        calls = 0

        def forward(self, slices: Tensor) -> Tensor:
            self.calls += 1  # the exporter sees one value of it
            return super().forward(slices) + self.calls

    with pytest.raises(TrainingError, match="differs from the trained one"):
        to_onnx(Counting(), SIZE)


def test_an_export_that_is_too_large_is_refused() -> None:
    network = Network()
    network.features.append(nn.Conv2d(64, 64, 29, padding=14))  # 3.4 million weights
    with pytest.raises(TrainingError, match="12 MB"):
        to_onnx(network, SIZE)


def test_int8_judges_as_the_float_network_does(model: bytes, int8: bytes) -> None:
    slices, labels = draw(300, seed=1)
    scores = onnx_scorer(model)(slices)
    assert area_under_curve(scores, labels) > 0.95
    assert check_int8(model, int8, slices, labels) <= MAX_AUC_LOSS
    found = onnx_scorer(int8)(slices)
    assert 0 < np.abs(found - scores).max() < 1.0
    assert onnx_scorer(int8)(slices[:1]) == pytest.approx(found[:1], abs=1e-4)


def test_int8_is_integer_where_it_should_be(model: bytes, int8: bytes) -> None:
    """Opset 13 and no operator outside it; 7-bit weights; what sees the picture, and the decision, in float."""
    document = onnx.load_from_string(int8)
    assert opsets(int8) == [("", 13)]
    weights = {item.name: onnx.numpy_helper.to_array(item) for item in document.graph.initializer}
    kernels = [value for value in weights.values() if value.ndim == 4]
    assert {(str(value.dtype), value.shape[:2]) for value in kernels} == {
        ("float32", (8, 1)),
        ("int8", (64, 8)),
        ("int8", (64, 64)),
        ("float32", (1, 64)),
    }
    decision = [value for value in weights.values() if 129 in value.shape]
    assert decision and all(value.dtype == np.float32 for value in decision)
    assert max(int(np.abs(value.astype(int)).max()) for value in kernels if value.dtype == np.int8) <= 64
    assert len(int8) < len(model) / 2
    assert document.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "n"


def test_quantising_again_gives_the_same_file(model: bytes, int8: bytes) -> None:
    assert quantise(model, draw(200, seed=0)[0]) == int8


def test_int8_that_judges_worse_is_refused(model: bytes) -> None:
    slices, labels = draw(300, seed=1)
    narrow = quantise(model, np.full((8, 1, SIZE, SIZE), 0.45, np.float32))  # has never seen anything bright
    with pytest.raises(TrainingError, match="area under the curve"):
        check_int8(model, narrow, slices, labels)


def test_int8_whose_scores_are_shifted_is_refused(model: bytes) -> None:
    """Its area under the curve is the same; its calls at the operating point are not."""
    with pytest.raises(TrainingError, match="moves the scores by 0.5"):
        check_int8(model, to_onnx(fitted(offset=0.5), SIZE), *draw(300, seed=1))


def test_int8_that_cannot_be_checked_is_refused(model: bytes, int8: bytes) -> None:
    slices, labels = draw(10, seed=1)
    with pytest.raises(TrainingError, match="with and without"):
        check_int8(model, int8, slices[labels], labels[labels])
    with pytest.raises(TrainingError, match="3.5 MB"):
        check_int8(model, bytes(3_500_001), slices, labels)


def release(folder: Path, model: bytes, int8: bytes | None) -> Path:
    platt = Platt(1.0, 0.0)
    calibration = Calibration(platt, 0.5, 1, platt, 0.5)
    data = DatasetInfo("simulated", "simulated slices", "none", labels="drawn")
    loss = None if int8 is None else 0.00123
    return write_release(folder, "1.2.3", model, SIZE, calibration, data, {}, int8=int8, int8_auc_loss=loss)


def test_a_release_of_both_is_what_the_appliance_runs(tmp_path: Path, model: bytes, int8: bytes) -> None:
    manifest = release(tmp_path, model, int8)
    assert json.loads(manifest.read_text("utf-8"))["int8"]["slice_auc_loss"] == 0.0012
    slices, _ = draw(3, seed=1)
    for precision, expected in (("fp32", model), ("int8", int8)):
        with OnnxEngine(load_release(manifest), precision=precision) as engine:
            assert engine.scores(slices) == pytest.approx(onnx_scorer(expected)(slices), abs=1e-4)
    damaged = tmp_path / "slicenet-1.2.3-int8.onnx"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(ModelError, match="slicenet-1.2.3-int8.onnx"):
        load_release(manifest)


def test_a_release_without_int8(tmp_path: Path, model: bytes) -> None:
    manifest = release(tmp_path, model, None)
    assert "int8" not in json.loads(manifest.read_text("utf-8"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "slicenet-1.2.3.onnx"]
    assert load_release(manifest).int8 is None


def test_the_released_network_loses_nothing_on_real_slices(shared_data: Path, repository: Path) -> None:
    """Quantised with the slices of some development patients and checked on those of others."""
    folder = shared_data / "ct_ich"
    released = load_release()
    with (folder / "slices.csv").open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["z"]))
    splits = [read_json(path, "prepare") for path in (repository / "trt_engines").glob("splits*.json")]
    held_out = {patient for document in splits for patient in document.get("test", ())}
    patients = [str(number) for number in range(50, 100) if str(number) not in held_out]
    tensors, labels = [], []
    for patient in [name for name in patients if any(row["patient"] == name for row in rows)][:16]:
        own = [row for row in rows if row["patient"] == patient]
        stack = read_stack([folder / row["file"] for row in own])
        heads = find_heads(stack)
        indices = find_brain(stack, heads).indices
        tensors.append(to_tensor(stack, heads, released.size, indices))
        labels.append(np.array([own[index]["haemorrhage"] == "1" for index in indices]))
    whole = released.onnx.read_bytes()
    quantised = quantise(whole, np.concatenate(tensors[:8]))
    assert check_int8(whole, quantised, np.concatenate(tensors[8:]), np.concatenate(labels[8:])) <= MAX_AUC_LOSS
