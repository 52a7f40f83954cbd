"""Training of one slice network: of a fold, or the final one."""

from __future__ import annotations

import copy
import csv
import io
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from appliance.files import replace_file
from training.augment import augment
from training.documents import TrainingError
from training.lesions import add_lesions
from training.metrics import area_under_curve
from training.network import STRIDE, SliceNet
from training.prepare import PreparedStudy
from training.scored import score, torch_scorer

LOG_FIELDS = ("epoch", "loss", "learning_rate", "seconds", "slice_auc", "study_auc")


@dataclass(frozen=True)
class Settings:
    """How a network is trained. Two runs with equal settings, data and number of threads give equal networks.

    Attributes
    ----------
    epochs : int
        Passes, each drawing as many slices as there are.
    batch : int
        Slices a step.
    learning_rate : float
        Highest; a fifth of the way linear up to it, then a cosine down to 0.
    weight_decay : float
        Of AdamW (Loshchilov and Hutter 2019).
    positives : float
        Share of drawn slices that show a real bleed; every bleeding patient has an equal part in it.
    simulated : float
        Share of drawn slices without haemorrhage that are given a simulated bleed.
    smoothing : float
        Labels are drawn this far towards 0.5.
    location : float
        Weight of the question where simulated blood lies, beside the question whether there is any.
    averaging : float
        Decay of the exponential moving average of the weights, a step; the average is what is kept.
    seed : int
        Of initial weights, order and augmentation.
    """

    epochs: int = 28
    batch: int = 32
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    positives: float = 0.35
    simulated: float = 0.25
    smoothing: float = 0.05
    location: float = 1.0
    averaging: float = 0.99
    seed: int = 1


class Trainer:
    """Trains one network on prepared studies, epoch by epoch, and can stop and go on between any two.

    Parameters
    ----------
    studies : sequence of PreparedStudy
        To learn from.
    settings : Settings
        How.
    """

    def __init__(self, studies: Sequence[PreparedStudy], settings: Settings) -> None:
        self.settings = settings
        self.epoch = 0
        self._slices = torch.from_numpy(np.concatenate([study.slices for study in studies]))
        self._depth = torch.from_numpy(np.concatenate([study.depth for study in studies]))
        self._labels = torch.from_numpy(np.concatenate([study.labels for study in studies]))
        self._weights = _drawing_weights(studies, settings.positives)
        torch.manual_seed(settings.seed)
        self._network = SliceNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self._network).eval()
        self._optimizer = torch.optim.AdamW(_groups(self._network, settings.weight_decay), lr=settings.learning_rate)

    def run_epoch(self) -> dict[str, float]:
        """Train for one epoch and return its mean loss, last learning rate and seconds."""
        started = time.perf_counter()
        # all randomness comes from the seed and the epoch's number, so that a resumed run repeats an unbroken one
        torch.manual_seed(self.settings.seed * 100_003 + self.epoch)
        generator = torch.Generator().manual_seed(self.settings.seed * 100_019 + self.epoch)
        order = torch.multinomial(self._weights, len(self._weights), replacement=True, generator=generator)
        batches = torch.split(order, self.settings.batch)
        self._network.train()
        losses = [
            self._step(indices, self.epoch + number / len(batches), generator) for number, indices in enumerate(batches)
        ]
        self.epoch += 1
        return {
            "epoch": self.epoch,
            "loss": float(np.mean(losses)),
            "learning_rate": self._optimizer.param_groups[0]["lr"],
            "seconds": time.perf_counter() - started,
        }

    def _step(self, indices: Tensor, moment: float, generator: Generator) -> float:
        for group in self._optimizer.param_groups:
            group["lr"] = self._learning_rate(moment)
        slices = self._slices[indices, None].float() / 255
        labels = self._labels[indices]
        wanted = ~labels & (torch.rand(len(indices), generator=generator) < self.settings.simulated)
        slices, blood = add_lesions(slices, self._depth[indices, None].float(), wanted, generator)
        bleeding = (labels | (blood.flatten(1).amax(dim=1) > 0.5)).float()
        target = bleeding * (1 - 2 * self.settings.smoothing) + self.settings.smoothing
        slices, blood = augment(slices, blood, generator)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = self._network.describe(slices)
            scores, cells = self._network.decide(features), self._network.locate(features)
        loss = F.binary_cross_entropy_with_logits(scores.float(), target)
        loss = loss + self.settings.location * _location_loss(cells[~labels].float(), blood[~labels])
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimizer.step()
        self._follow()
        return float(loss.detach())

    def _learning_rate(self, moment: float) -> float:
        warm = min(self.settings.epochs / 20, 3)
        if moment < warm:
            return self.settings.learning_rate * (moment + 0.01) / (warm + 0.01)
        share = (moment - warm) / (self.settings.epochs - warm)
        return self.settings.learning_rate * 0.5 * (1 + float(np.cos(np.pi * share)))

    @torch.no_grad()
    def _follow(self) -> None:
        """Let the average follow the weights, and the statistics of the batch normalisation with them."""
        for kept, new in zip(self.average.state_dict().values(), self._network.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1 - self.settings.averaging)
            else:
                kept.copy_(new)

    def save(self, path: Path) -> None:
        """Write all that `resume` needs."""
        buffer = io.BytesIO()
        torch.save(
            {
                "settings": asdict(self.settings),
                "epoch": self.epoch,
                "network": self._network.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self._optimizer.state_dict(),
            },
            buffer,
        )
        with replace_file(path) as file:
            file.write(buffer.getvalue())

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        TrainingError
            When it is damaged or belongs to a run with other settings.
        """
        state = _load(path)
        if state["settings"] != asdict(self.settings):
            raise TrainingError(f"{path} was trained with other settings; name another folder with --work.")
        self.epoch = state["epoch"]
        self._network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])


def train(
    folder: Path, studies: Sequence[PreparedStudy], settings: Settings, watched: Sequence[PreparedStudy] = ()
) -> SliceNet:
    """Train a network, or finish one that was interrupted.

    Parameters
    ----------
    folder : pathlib.Path
        Receives ``checkpoint.pt`` and ``log.csv``, one row an epoch.
    studies : sequence of PreparedStudy
        To learn from.
    settings : Settings
        How.
    watched : sequence of PreparedStudy
        Scored for the log alone: nothing is chosen by them.

    Returns
    -------
    SliceNet
        The averaged network, in evaluation mode.
    """
    trainer = Trainer(studies, settings)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        trainer.resume(checkpoint)
    while trainer.epoch < settings.epochs:
        row: dict[str, Any] = trainer.run_epoch()
        if watched:
            row.update(_watch(trainer.average, watched))
        trainer.save(checkpoint)
        _log(folder / "log.csv", row)
    return trainer.average


def load_trained(folder: Path) -> SliceNet:
    """Return the averaged network of a finished run.

    Raises
    ------
    TrainingError
        When the run is absent, damaged or not finished.
    """
    state = _load(folder / "checkpoint.pt")
    if state["epoch"] < state["settings"]["epochs"]:
        raise TrainingError(f"The training in {folder} is not finished; run `triage-train train` again.")
    network = SliceNet()
    network.load_state_dict(state["average"])
    return network.eval()


def _watch(network: SliceNet, studies: Sequence[PreparedStudy]) -> dict[str, float]:
    scored = score(torch_scorer(network), studies)
    slice_scores = np.concatenate([item.scores for item in scored])
    slice_truth = np.concatenate([item.study.labels for item in scored])
    study_truth = np.array([item.study.haemorrhage for item in scored])
    return {
        "slice_auc": area_under_curve(slice_scores, slice_truth),
        "study_auc": area_under_curve(np.array([item.pooled(2) for item in scored]), study_truth),
    }


def _location_loss(cells: Tensor, blood: Tensor) -> Tensor:
    """Cross-entropy of the cells of slices whose blood is all simulated; those with blood weigh as much as the rest."""
    target = (F.max_pool2d(blood, STRIDE) > 0.5).float()
    loss = F.binary_cross_entropy_with_logits(cells, target, reduction="none")
    with_blood = (loss * target).sum() / target.sum().clamp(min=1)
    return with_blood + (loss * (1 - target)).sum() / (1 - target).sum().clamp(min=1)


def _drawing_weights(studies: Sequence[PreparedStudy], positives: float) -> Tensor:
    """Chance of each slice to be drawn: bleeding patients share `positives` equally, other slices the rest."""
    bleeding = sum(bool(study.labels.any()) for study in studies)
    negatives = sum(int((~study.labels).sum()) for study in studies)
    weights = [
        np.where(study.labels, positives / max(bleeding * int(study.labels.sum()), 1), (1 - positives) / negatives)
        for study in studies
    ]
    return torch.from_numpy(np.concatenate(weights))


def _groups(network: SliceNet, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for kernels alone, not for offsets and normalisation."""
    kernels = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim == 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _load(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise TrainingError(f"{path} cannot be read; run `triage-train train` first.") from error
    return state


def _log(path: Path, row: dict[str, Any]) -> None:
    """Add a row; rows that an interrupted run wrote beyond its checkpoint are left out."""
    rows = []
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            rows = [item for item in csv.DictReader(file) if int(item["epoch"]) < row["epoch"]]
    text = io.StringIO()
    writer = csv.DictWriter(text, LOG_FIELDS, restval="")
    writer.writeheader()
    writer.writerows([*rows, {key: round(value, 6) for key, value in row.items()}])
    with replace_file(path) as file:
        file.write(text.getvalue().encode())
