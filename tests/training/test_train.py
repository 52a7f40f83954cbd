"""Augmentation, simulated lesions, the network and its training."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch

from training.augment import augment
from training.ct_ich import load_ct_ich
from training.documents import TrainingError
from training.export import to_onnx
from training.lesions import add_lesions
from training.network import SliceNet, parameter_count
from training.prepare import SIZE, PreparedStudy, prepare_study
from training.train import Settings, Trainer, load_trained, train


@pytest.fixture(scope="module")
def studies(simulated_ct_ich: Path) -> list[PreparedStudy]:
    return [prepare_study(study) for study in load_ct_ich(simulated_ct_ich).studies[:6]]


@pytest.fixture(scope="module")
def batch(studies: list[PreparedStudy]) -> tuple[torch.Tensor, torch.Tensor]:
    """Slices and depths of the middle of each head."""
    middle = [len(study.slices) // 2 for study in studies]
    slices = torch.stack([torch.from_numpy(study.slices[z]) for study, z in zip(studies, middle, strict=True)])
    depth = torch.stack([torch.from_numpy(study.depth[z]) for study, z in zip(studies, middle, strict=True)])
    return slices[:, None].float() / 255, depth[:, None].float()


def test_augmented_slices_keep_their_shape_and_range_and_differ(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    slices, _ = batch
    none = torch.zeros_like(slices)
    first, _ = augment(slices, none, torch.Generator().manual_seed(1))
    assert first.shape == slices.shape
    assert 0 <= float(first.min()) and float(first.max()) <= 1
    assert torch.equal(first, augment(slices, none, torch.Generator().manual_seed(1))[0])
    assert not torch.equal(first, augment(slices, none, torch.Generator().manual_seed(2))[0])
    # the head stays a head: as much bone, and tissue of about the same grey
    assert float((first > 0.9).sum() / (slices > 0.9).sum()) == pytest.approx(1, abs=0.35)
    tissue = first[(first > 0.3) & (first < 0.6)]
    assert float(tissue.median()) == pytest.approx(117 / 255, abs=0.06)


def test_augmentation_moves_the_simulated_blood_with_its_slice(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    slices, _ = batch
    square = torch.zeros_like(slices)
    square[:, :, 80:100, 60:80] = 1
    moved, blood = augment(torch.maximum(0.4 * (slices > 0), square), square, torch.Generator().manual_seed(3))
    assert not torch.equal(blood, square)
    for slice_moved, slice_blood in zip(moved, blood, strict=True):
        assert float(slice_moved[slice_blood > 0.99].mean()) > 0.85
        assert float(slice_moved[slice_blood == 0].mean()) < 0.5


def test_simulated_bleeds_lie_inside_the_skull_and_are_brighter_than_brain(
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    slices, depth = batch
    wanted = torch.tensor([True, False, True, True, True, True])
    changed, blood = add_lesions(slices, depth, wanted, torch.Generator().manual_seed(4))
    drawn = blood.flatten(1).amax(dim=1) > 0.5
    assert drawn.any() and not drawn[1]
    assert torch.equal(changed[~drawn], slices[~drawn])
    assert float(blood[depth == 0].max()) == 0
    for before, after, share in zip(slices[drawn], changed[drawn], blood[drawn], strict=True):
        assert 60 <= int((share > 0.5).sum()) < 12_000
        inner = share > 0.9
        assert inner.any()
        assert float((after - before)[inner].mean()) > 0.05
        assert 0.5 < float(after[inner].mean()) < 0.95


def test_the_network_is_small_enough_for_the_device() -> None:
    assert parameter_count(SliceNet()) <= 2_500_000


def test_a_resumed_run_equals_an_unbroken_one(studies: list[PreparedStudy], tmp_path: Path) -> None:
    settings = Settings(epochs=2, batch=16)
    unbroken = train(tmp_path / "unbroken", studies, settings, watched=studies[:2])
    interrupted = tmp_path / "interrupted"
    trainer = Trainer(studies, settings)
    trainer.run_epoch()
    trainer.save(interrupted / "checkpoint.pt")
    with pytest.raises(TrainingError, match="not finished"):
        load_trained(interrupted)
    train(interrupted, studies, settings, watched=studies[:2])
    resumed = load_trained(interrupted)
    for name, value in unbroken.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    rows = (interrupted / "log.csv").read_text("utf-8").splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "2"]


def test_a_checkpoint_of_other_settings_is_refused(studies: list[PreparedStudy], tmp_path: Path) -> None:
    train(tmp_path, studies[:2], Settings(epochs=1, batch=16))
    with pytest.raises(TrainingError, match="other settings"):
        train(tmp_path, studies[:2], Settings(epochs=2, batch=16))


def test_the_export_equals_the_network_at_any_batch_size() -> None:
    torch.manual_seed(0)
    network = SliceNet().eval()
    model = to_onnx(network, SIZE)
    document = onnx.load_from_string(model)
    assert [item.version for item in document.opset_import] == [13]
    shape = document.graph.input[0].type.tensor_type.shape.dim
    assert shape[0].dim_param and [item.dim_value for item in shape[1:]] == [1, SIZE, SIZE]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    assert [item.name for item in (*session.get_inputs(), *session.get_outputs())] == ["slices", "scores"]
    for count in (1, 5):
        slices = torch.rand(count, 1, SIZE, SIZE)
        found = torch.from_numpy(session.run(["scores"], {"slices": slices.numpy()})[0])
        assert found.shape == (count,)
        assert torch.allclose(found, network(slices).detach(), rtol=1e-4, atol=1e-4)
