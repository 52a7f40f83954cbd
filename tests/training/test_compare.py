"""The comparison of networks: the networks themselves, the recipe, the statistics, and a whole comparison."""

from __future__ import annotations

import copy
import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from training.compare.alexnet import AlexNet
from training.compare.attention import GatedAttention
from training.compare.googlenet import GoogLeNet
from training.compare.recipe import fit, fit_attention, judge
from training.compare.resnet import ResNet50
from training.compare.run import MEASURES, NETWORKS, compare, divide
from training.compare.statistics import summarise
from training.documents import TrainingError
from training.network import CHANNELS, SliceNet, parameter_count
from training.prepare import PreparedStudy

CPU = torch.device("cpu")
SIZE = 64


def draw_study(patient: int, bleeds: bool, random: np.random.Generator) -> PreparedStudy:
    """Eight slices of grey tissue; the middle four of a bleeding patient with a bright blob somewhere in it."""
    labels = np.array([bleeds and 2 <= z < 6 for z in range(8)])
    slices = np.zeros((8, SIZE, SIZE), np.uint8)
    for picture, bleed in zip(slices, labels, strict=True):
        cv2.ellipse(picture, (SIZE // 2, SIZE // 2), (22, 28), 0, 0, 360, 117, -1)
        if bleed:
            cv2.circle(picture, tuple(int(x) for x in random.integers(24, 40, 2)), 6, 180, -1)
        picture[:] = np.where(picture > 0, picture + random.normal(0, 4, picture.shape), 0).astype(np.uint8)
    return PreparedStudy(
        patient=str(patient),
        uid=f"drawn-{patient}",
        age_years=40.0,
        slices=slices,
        depth=np.zeros_like(slices),
        labels=labels,
        labelled=True,
        kinds=np.zeros((8, 5), bool),
        study_kinds=np.zeros(5, bool),
        haemorrhage=bleeds,
        indices=np.arange(8),
        series_length=8,
        centres=np.arange(8.0),
        zones=np.stack([np.arange(8.0), np.arange(1.0, 9.0)], axis=1),
    )


@pytest.fixture(scope="module")
def studies() -> list[PreparedStudy]:
    """Twenty-four patients, each second one bleeding."""
    random = np.random.default_rng(4)
    return [draw_study(patient, patient % 2 == 1, random) for patient in range(24)]


@pytest.fixture(scope="module")
def attentive(studies: list[PreparedStudy]) -> GatedAttention:
    """A network with attention whose slice scores have learned the blobs, but not yet the attention."""
    torch.manual_seed(0)
    network = GatedAttention(SliceNet(), CHANNELS[-1])
    fit(network, studies[:16], epochs=12, seed=0, device=CPU)
    return network.eval()


def run(
    studies: list[PreparedStudy],
    networks: dict[str, Callable[[], nn.Module]],
    folder: Path,
    repeats: int,
    seed: int = 5,
) -> dict[str, Any]:
    return compare(studies, networks, repeats, epochs=1, seed=seed, size=SIZE, folder=folder, device="cpu")


def read_rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "compare.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Mean(nn.Module):
    """A network of two parameters that knows a slice's mean alone, and keeps what it was trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(1, 1)
        self.seen: list[Tensor] = []

    def forward(self, slices: Tensor) -> Tensor:
        if self.training:
            self.seen.append(slices)
        scores: Tensor = self.line(slices.mean(dim=(1, 2, 3))[:, None])
        return scores.flatten()


def test_the_networks_are_as_large_as_published() -> None:
    # the published sums, less the weights of 999 outputs and of two input channels
    assert parameter_count(AlexNet()) == 60_965_224 - 999 * 4097 - 2 * 96 * 11 * 11
    assert parameter_count(ResNet50()) == 25_557_032 - 999 * 2049 - 2 * 64 * 7 * 7
    assert parameter_count(GoogLeNet()) == pytest.approx(6.0e6, rel=0.02)
    assert [layer.out_features for layer in AlexNet().score if isinstance(layer, nn.Linear)] == [4096, 4096, 1]


@pytest.mark.parametrize("make", [AlexNet, GoogLeNet, ResNet50])
def test_a_network_takes_slices_of_any_size(make: Callable[[], nn.Module]) -> None:
    network = make().eval()
    for size in (64, 131):
        with torch.no_grad():
            scores = network(torch.rand(2, 1, size, size))
        assert scores.shape == (2,) and torch.isfinite(scores).all()
        assert scores[0] != scores[1]


def test_attention_weighs_slabs_whatever_their_order(attentive: GatedAttention, studies: list[PreparedStudy]) -> None:
    slices = torch.from_numpy(studies[0].slices)[:, None].float() / 255
    shuffled = torch.randperm(len(slices), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        score, weights = attentive.pool(attentive.embed(slices))
        score_shuffled, weights_shuffled = attentive.pool(attentive.embed(slices[shuffled]))
        alone = attentive(slices)
    assert weights.shape == (len(slices),) and score.shape == ()
    assert float(weights.sum()) == pytest.approx(1) and bool((weights > 0).all())
    assert float(score_shuffled) == pytest.approx(float(score), abs=1e-4)
    assert torch.allclose(weights_shuffled, weights[shuffled], atol=1e-5)
    assert float(score) == pytest.approx(float((weights * alone).sum()), abs=1e-4)


def test_attention_learns_to_look_at_bleeds_and_leaves_the_slice_scores_alone(
    attentive: GatedAttention, studies: list[PreparedStudy]
) -> None:
    attentive = copy.deepcopy(attentive)
    unseen = [study for study in studies[16:] if study.haemorrhage]
    slices = [torch.from_numpy(study.slices)[:, None].float() / 255 for study in unseen]

    def share_on_bleeds() -> float:
        with torch.no_grad():
            weights = [attentive.pool(attentive.embed(bag))[1] for bag in slices]
        shares = [
            float(weight[torch.from_numpy(study.labels)].sum()) for weight, study in zip(weights, unseen, strict=True)
        ]
        return sum(shares) / len(shares)

    with torch.no_grad():
        before = attentive(slices[0])
    untrained = share_on_bleeds()
    fit_attention(attentive, studies[:16], seed=0, device=CPU)
    assert share_on_bleeds() > untrained + 0.1
    with torch.no_grad():
        assert torch.equal(before, attentive(slices[0]))


def test_the_recipe_teaches_a_network_what_a_bleed_is(attentive: GatedAttention, studies: list[PreparedStudy]) -> None:
    figures = judge(attentive, studies[16:], CPU)
    assert figures["balanced_accuracy"] > 0.8 and figures["accuracy"] > 0.8 and figures["auc"] > 0.9
    assert set(figures) == set(MEASURES)


def test_figures_are_those_of_the_slices_and_studies(studies: list[PreparedStudy]) -> None:
    class Given(nn.Module):
        def forward(self, slices: Tensor) -> Tensor:
            return slices[:, 0, 0, 0] * 255 - 100  # log-odds 0 at a grey level of 100

    def flat(grey: list[int], truth: list[bool]) -> PreparedStudy:
        slices = np.full((len(grey), SIZE, SIZE), np.array(grey)[:, None, None], np.uint8)
        return replace(studies[0], slices=slices, labels=np.array(truth), haemorrhage=any(truth))

    given = [flat([90, 120, 130], [False, True, True]), flat([80, 110, 95], [False, False, False])]
    assert judge(Given(), given, CPU) == {
        "accuracy": pytest.approx(5 / 6),  # 110 is called and should not be
        "balanced_accuracy": pytest.approx((1 + 3 / 4) / 2),
        "auc": 1.0,
        "study_auc": 1.0,
    }


def test_every_network_is_given_the_same_slices(studies: list[PreparedStudy]) -> None:
    first, second, other = Mean(), Mean(), Mean()
    for network, seed in ((first, 1), (second, 1), (other, 2)):
        fit(network, studies, epochs=1, seed=seed, device=CPU)
    assert len(first.seen) > 2
    assert all(torch.equal(left, right) for left, right in zip(first.seen, second.seen, strict=True))
    assert not torch.equal(first.seen[0], other.seen[0])


def test_no_patient_is_learned_from_and_judged(studies: list[PreparedStudy]) -> None:
    learned, judged = divide(studies, seed=1)
    patients = [{study.patient for study in part} for part in (learned, judged)]
    assert not patients[0] & patients[1]
    assert len(learned) + len(judged) == len(studies)
    assert len(patients[1]) / len(studies) == pytest.approx(0.2, abs=0.06)
    assert {study.patient for study in divide(studies, seed=2)[1]} != patients[1]


def test_too_few_patients_are_refused(studies: list[PreparedStudy], tmp_path: Path) -> None:
    with pytest.raises(TrainingError):
        run([study for study in studies if study.haemorrhage], {"mean": Mean}, tmp_path, repeats=1)


def test_statistics_equal_those_worked_out_by_hand() -> None:
    found = summarise({"a": [1.0, 2.0, 3.0], "b": [2.0, 3.0, 4.0], "c": [5.0, 6.0, 7.0]})
    assert found["networks"]["a"] == {"median": 2.0, "lower_quartile": 1.5, "upper_quartile": 2.5, "iqr": 1.0}
    # between: 3 * (25 + 4 + 49) / 9 = 26 of 2 degrees; within: 6 of 6. For 2 degrees p = (1 + 2 F / 6) ** -3
    assert found["anova"] == {"f": 13.0, "p": pytest.approx(27 / 4096), "between": 2, "within": 6}
    # the studentised range's 95 % point for 3 means and 6 degrees is 4.339, its 99 % point 6.33 (Tukey's table)
    pairs = {pair["first"] + pair["second"]: pair for pair in found["tukey"]}
    assert {name: pair["difference"] for name, pair in pairs.items()} == {"ab": -1.0, "ac": -4.0, "bc": -3.0}
    half = 4.339 * (1 / 3) ** 0.5
    assert pairs["ac"]["ci95"] == pytest.approx([-4 - half, -4 + half], abs=0.002)
    assert pairs["ac"]["p"] < 0.01 < pairs["bc"]["p"] < 0.05 < pairs["ab"]["p"] < 1


@pytest.mark.parametrize(
    "values", [{"a": [0.5, 0.5], "b": [0.6, 0.6]}, {"a": [0.5, 0.7]}, {"a": [0.5], "b": [0.6]}], ids=str
)
def test_nothing_is_tested_where_there_is_nothing_to_test(values: dict[str, list[float]]) -> None:
    found = summarise(values)
    assert found["anova"] is None and found["tukey"] is None
    assert set(found["networks"]) == set(values)


def test_a_whole_comparison_of_all_networks(studies: list[PreparedStudy], tmp_path: Path) -> None:
    document = run(studies[:12], NETWORKS, tmp_path, repeats=2)
    rows = read_rows(tmp_path)
    assert [(row["network"], row["repeat"]) for row in rows] == [(name, str(r)) for r in range(2) for name in NETWORKS]
    assert document == json.loads((tmp_path / "compare.json").read_text("utf-8"))
    for measure in MEASURES:
        assert set(document[measure]["networks"]) == set(NETWORKS)
        given = sorted(float(row[measure]) for row in rows if row["network"] == "alexnet")
        assert document[measure]["networks"]["alexnet"]["median"] == pytest.approx(sum(given) / 2, abs=1e-6)
    picture = cv2.imread(str(tmp_path / "compare.png"))
    assert picture.shape[1] > 1000 and picture.mean() > 200


def test_an_interrupted_comparison_goes_on_and_equals_an_unbroken_one(
    studies: list[PreparedStudy], tmp_path: Path
) -> None:
    made = []

    def small() -> nn.Module:
        made.append("small")
        return Mean()

    def stopped() -> nn.Module:
        raise KeyboardInterrupt

    unbroken = run(studies, {"small": Mean, "slices": SliceNet}, tmp_path / "unbroken", repeats=2)
    with pytest.raises(KeyboardInterrupt):
        run(studies, {"small": small, "slices": stopped}, tmp_path / "interrupted", repeats=2)
    assert len(read_rows(tmp_path / "interrupted")) == 1
    assert run(studies, {"small": small, "slices": SliceNet}, tmp_path / "interrupted", repeats=2) == unbroken
    assert made == ["small", "small"]


def test_studies_without_labelled_slices_take_no_part(studies: list[PreparedStudy], tmp_path: Path) -> None:
    unlabelled = replace(draw_study(99, False, np.random.default_rng(1)), haemorrhage=True, labelled=False)
    found = [
        run([*studies, *more], {"mean": Mean}, tmp_path / str(len(more)), repeats=1) for more in ([], [unlabelled])
    ]
    assert found[0] == found[1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_an_absent_gpu_is_a_sentence(studies: list[PreparedStudy], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--device cpu"):
        compare(studies, {"mean": Mean}, 1, epochs=1, seed=5, size=SIZE, folder=tmp_path, device="cuda")


@pytest.mark.parametrize(("repeats", "epochs"), [(0, 1), (1, 0)])
def test_nothing_to_do_is_a_sentence(studies: list[PreparedStudy], tmp_path: Path, repeats: int, epochs: int) -> None:
    with pytest.raises(TrainingError, match="at least one"):
        compare(studies, {"mean": Mean}, repeats, epochs, seed=5, size=SIZE, folder=tmp_path, device="cpu")


def test_rows_of_another_comparison_are_refused(studies: list[PreparedStudy], tmp_path: Path) -> None:
    run(studies, {"mean": Mean}, tmp_path, repeats=1)
    for given, seed in ((studies, 6), (studies[:-1], 5)):
        with pytest.raises(TrainingError, match="other data or settings"):
            run(given, {"mean": Mean}, tmp_path, repeats=1, seed=seed)
    (tmp_path / "compare.csv").write_text("network,repeat\nmean,first\n", "utf-8")
    with pytest.raises(TrainingError, match="damaged"):
        run(studies, {"mean": Mean}, tmp_path, repeats=1)
