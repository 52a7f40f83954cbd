"""The samples, the network and its training."""

from __future__ import annotations

import csv
import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.checkpoint import data_digest, load_trained
from training.documents import TrainingError
from training.losses import label_loss, map_loss
from training.network import MAP_STRIDE, Ensemble, SliceNet, parameter_count
from training.pairs import Pairs
from training.prepare import SIZE, PreparedStudy, prepare_study
from training.samples import Course, Samples
from training.settings import EASY, HARD, Settings
from training.sources import load
from training.train import Trainer, train

CELLS = SIZE // MAP_STRIDE


@pytest.fixture(scope="module")
def studies(simulated_ct_ich: Path) -> list[PreparedStudy]:
    return [prepare_study(study) for study in load("ct_ich", simulated_ct_ich).studies[:6]]


def test_a_sample_depends_on_its_draw_alone(studies: list[PreparedStudy]) -> None:
    samples = Samples(studies, simulated=0.5, course=EASY, cells=CELLS, seed=1)
    first, again, other = samples[(3, 8)], samples[(3, 8)], samples[(3, 9)]
    assert torch.equal(first.slice, again.slice)
    assert not torch.equal(first.slice, other.slice)
    samples.epoch = 1
    assert not torch.equal(first.slice, samples[(3, 8)].slice)
    assert first.slice.shape == (1, SIZE, SIZE) and 0 <= first.slice.min() and first.slice.max() <= 1


def test_the_map_is_asked_only_where_the_place_of_blood_is_known(studies: list[PreparedStudy]) -> None:
    samples = Samples(studies, simulated=1.0, course=EASY, cells=CELLS, seed=1)
    bleeding = int(np.flatnonzero(samples.labels)[0])
    real = samples[(bleeding, 0)]
    assert real.label == 1 and bool((real.cells == 0.5).all())
    drawn = 0
    for draw, index in enumerate(np.flatnonzero(~samples.labels).tolist()):
        sample = samples[(index, draw)]
        assert bool((sample.cells == 1).any()) <= (sample.label == 1)
        drawn += int(sample.label)
    assert drawn > 5
    plain = Samples(studies, simulated=0.0, course=EASY, cells=CELLS, seed=1)
    healthy = plain[(int(np.flatnonzero(~plain.labels)[0]), 0)]
    assert healthy.label == 0 and bool((healthy.cells == 0).all())


def test_studies_without_labels_of_their_slices_are_not_learned_from(studies: list[PreparedStudy]) -> None:
    unlabelled = [dataclasses.replace(study, labelled=False) for study in studies[:2]]
    samples = Samples([*unlabelled, *studies[2:]], simulated=0.5, course=EASY, cells=CELLS, seed=1)
    assert set(samples.patients) == {study.patient for study in studies[2:]}


def test_losses_follow_their_definition() -> None:
    scores, labels = torch.tensor([0.0, 2.0]), torch.tensor([1.0, 0.0])
    expected = (np.log(2) + np.log(1 + np.exp(2.0))) / 2
    assert float(label_loss(scores, labels, 0.0)) == pytest.approx(expected, rel=1e-5)
    cells = torch.tensor([[[1.0, 0.0], [0.5, 0.0]]])
    sure = torch.tensor([[[30.0, -30.0], [-30.0, -30.0]]])
    assert float(map_loss(sure, cells)) == pytest.approx(0, abs=1e-6)
    unknown = torch.tensor([[[30.0, -30.0], [30.0, -30.0]]])
    assert float(map_loss(unknown, cells)) == float(map_loss(sure, cells))
    assert float(map_loss(-sure, cells)) > 30


def test_the_learning_rate_rises_and_falls_in_each_course() -> None:
    settings = Settings(epochs=140)
    assert settings.easy_epochs == 100
    assert (settings.course(99), settings.course(100)) == (EASY, HARD)
    rates = [settings.rate(moment) for moment in np.arange(0, 140, 0.25)]
    assert max(rates) == pytest.approx(settings.learning_rate, rel=0.01)
    assert settings.rate(99.99) < 1e-6 and settings.rate(139.99) < 1e-6
    assert max(rates[400:]) == pytest.approx(settings.learning_rate / 3, rel=0.01)
    assert Settings(epochs=1).rate(0.5) > 0


def test_the_hard_course_shows_other_windows_and_more_blood_along_the_skull(studies: list[PreparedStudy]) -> None:
    def kept(course: Course) -> float:
        samples = Samples(studies, simulated=0.0, course=course, cells=CELLS, seed=1)
        slices = [samples[(index, draw)].slice for draw, index in enumerate([*range(len(samples))] * 2)]
        return float(np.mean([0.42 < float(s[(s > 0.1) & (s < 0.9)].median()) < 0.5 for s in slices]))

    def skull(course: Course) -> float:
        samples = Samples(studies, simulated=1.0, course=course, cells=CELLS, seed=1)
        drawn = [samples[(index, draw)].cells for draw, index in enumerate([*range(len(samples))] * 4)]
        middle = slice(CELLS // 3, -CELLS // 3)
        bleeding = [cells for cells in drawn if (cells == 1).any()]
        return float(np.mean([not (cells[middle, middle] == 1).any() for cells in bleeding]))

    assert kept(HARD) < kept(EASY)
    assert skull(HARD) > skull(EASY)


def test_the_network_is_small_enough_for_the_device() -> None:
    members = [SliceNet() for _ in range(5)]
    assert parameter_count(Ensemble(members)) * 4 <= 12_000_000


def test_the_map_covers_the_slice_and_the_ensemble_averages() -> None:
    torch.manual_seed(0)
    members = [SliceNet().eval() for _ in range(3)]
    slices = torch.rand(2, 1, SIZE, SIZE)
    scores, cells = members[0].judge(slices)
    assert scores.shape == (2,) and cells.shape == (2, CELLS, CELLS)
    average = torch.stack([member(slices) for member in members]).mean(dim=0)
    assert torch.allclose(Ensemble(members)(slices), average)


def test_training_learns_where_the_blood_is(studies: list[PreparedStudy]) -> None:
    trainer = Trainer(studies, Settings(epochs=12, batch=16, learning_rate=3e-3))
    losses = [trainer.run_epoch() for _ in range(12)]
    assert losses[-1]["map_loss"] < 0.8 * losses[0]["map_loss"]


def test_a_resumed_run_equals_an_unbroken_one(studies: list[PreparedStudy], tmp_path: Path) -> None:
    settings = Settings(epochs=2, batch=16)
    unbroken = train(tmp_path / "unbroken", studies, settings, watched=studies[:2])
    interrupted = tmp_path / "interrupted"
    trainer = Trainer(studies, settings)
    trainer.run_epoch()
    trainer.save(interrupted)
    with pytest.raises(TrainingError, match="not finished"):
        load_trained(interrupted, data_digest(studies))
    train(interrupted, studies, settings, watched=studies[:2])
    resumed = load_trained(interrupted, data_digest(studies))
    for name, value in unbroken.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    with (interrupted / "log.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["epoch"] == "2" and float(row["slice_auc"]) >= 0
    events = EventAccumulator(str(interrupted / "events")).Reload()
    assert events.Scalars("loss")[0].value == pytest.approx(float(row["loss"]), abs=1e-5)


def test_a_checkpoint_of_other_settings_is_refused(studies: list[PreparedStudy], tmp_path: Path) -> None:
    train(tmp_path, studies[:2], Settings(epochs=1, batch=16))
    with pytest.raises(TrainingError, match="other settings"):
        train(tmp_path, studies[:2], Settings(epochs=2, batch=16))


def test_a_network_that_learned_from_other_studies_is_refused(studies: list[PreparedStudy], tmp_path: Path) -> None:
    """Folds that were drawn again would have it judged by patients it knows."""
    train(tmp_path, studies[:2], Settings(epochs=1, batch=16))
    with pytest.raises(TrainingError, match="other studies"):
        load_trained(tmp_path, data_digest(studies[1:3]))
    relabelled = [studies[0], dataclasses.replace(studies[1], labels=~studies[1].labels)]
    with pytest.raises(TrainingError, match="other studies"):
        train(tmp_path, relabelled, Settings(epochs=1, batch=16))


def test_studies_without_any_labelled_slice_cannot_be_learned_from(studies: list[PreparedStudy]) -> None:
    with pytest.raises(TrainingError, match="labels of its slices"):
        Trainer([dataclasses.replace(study, labelled=False) for study in studies], Settings())


def test_a_damaged_checkpoint_is_a_sentence(studies: list[PreparedStudy], tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(TrainingError, match="cannot be read"):
        load_trained(tmp_path, data_digest(studies))


DISTRIBUTED = """
import sys
from pathlib import Path
import torch
from training.machine import Machine
from training.prepare import prepare_study
from training.sources import load
from training.settings import EASY, HARD, Settings
from training.train import train

torch.set_num_threads(1)
data, target = map(Path, sys.argv[1:])
studies = [prepare_study(study) for study in load("ct_ich", data).studies[:3]]
with Machine.here("cpu") as machine:
    network = train(target, studies, Settings(epochs=1, batch=16), machine=machine)
    total = sum(float(value.double().sum()) for value in network.parameters())
    (target / f"{machine.rank}-of-{machine.processes}").write_text(repr(total))
"""


def test_two_processes_train_one_network(simulated_ct_ich: Path, tmp_path: Path) -> None:
    """As `torchrun` starts them on a machine with two GPUs, here on the processor."""
    script = tmp_path / "distributed.py"
    script.write_text(DISTRIBUTED)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    target = tmp_path / "run"
    target.mkdir()
    subprocess.run([*command, str(simulated_ct_ich), str(target)], check=True, timeout=300, capture_output=True)
    first, second = ((target / f"{rank}-of-2").read_text() for rank in (0, 1))
    # the weights are one; the averages of both follow them alike, but for the statistics of the batches
    assert float(first) == pytest.approx(float(second), rel=1e-6)
    assert load_trained(
        target, data_digest([prepare_study(study) for study in load("ct_ich", simulated_ct_ich).studies[:3]])
    )


def test_every_bleeding_patient_is_drawn_equally_often(studies: list[PreparedStudy]) -> None:
    samples = Samples(studies, simulated=0.5, course=EASY, cells=CELLS, seed=1)
    weights = samples.drawing_weights(0.3)
    assert weights.sum() == pytest.approx(1)
    assert weights[samples.labels].sum() == pytest.approx(0.3)
    shares = [weights[samples.labels & (samples.patients == patient)].sum() for patient in np.unique(samples.patients)]
    bleeding = [share for share in shares if share > 0]
    assert len(bleeding) == 3 and bleeding == pytest.approx([0.1] * 3)


def photograph_of(study: PreparedStudy, seed: int) -> PreparedStudy:
    """The same slices, darker, grainy, and without the first two."""
    noise = np.random.default_rng(seed).normal(0, 12, study.slices[2:].shape)
    seen = np.clip(0.8 * study.slices[2:] + noise, 0, 255).astype(np.uint8)
    parts = {name: getattr(study, name)[2:] for name in ("depth", "labels", "kinds", "indices", "centres")}
    return dataclasses.replace(study, slices=seen, **parts)


def test_pairs_are_the_same_slice_twice(studies: list[PreparedStudy]) -> None:
    pairs = Pairs(studies[:2], [photograph_of(study, seed) for seed in (0, 1) for study in studies], seed=3)
    assert len(pairs) == 2 * sum(len(study.labels) - 2 for study in studies[:2])
    weights = pairs.drawing_weights(0.3)
    assert weights.sum() == pytest.approx(1)
    for index in range(0, len(pairs), 7):
        seen, same, label = pairs[index, 0]
        assert float(label) == pairs.labels[index]
        inside = (same > 0.1) & (same < 0.9)
        assert np.corrcoef(seen[inside].numpy(), same[inside].numpy())[0, 1] > 0.7
        assert float(seen[inside].mean()) < float(same[inside].mean())
        assert torch.equal(pairs[index, 0].photograph, seen)
        assert not torch.equal(pairs[index, 1].photograph, seen)


def test_a_network_learns_to_judge_photographs_as_their_slices(studies: list[PreparedStudy], tmp_path: Path) -> None:
    settings = Settings(epochs=6, hard=1.0, batch=16, learning_rate=9e-3, photographed=0.5, consistency=4.0)
    start = train(tmp_path / "base", studies, Settings(epochs=3, batch=16, learning_rate=3e-3))
    photographs = [photograph_of(study, seed) for seed in (0, 1) for study in studies]

    def apart(network: SliceNet) -> float:
        seen = photograph_of(studies[0], 5)
        with torch.no_grad():
            both = [
                torch.from_numpy(slices[:, None] / np.float32(255)) for slices in (seen.slices, studies[0].slices[2:])
            ]
            one, other = (network(slices).numpy() for slices in both)
        return float(np.abs(one - other).mean() / other.std())

    adapted = train(tmp_path / "adapted", studies, settings, start=start, photographs=photographs)
    assert apart(adapted) < apart(start)
    assert load_trained(tmp_path / "adapted", data_digest(studies, photographs, start))
    with pytest.raises(TrainingError, match="other studies"):
        load_trained(tmp_path / "adapted", data_digest(studies, photographs[1:], start))
