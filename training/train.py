"""Training of one slice network, on a processor, on one GPU, or on several (`torchrun`)."""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset

from training.checkpoint import NAME, data_digest, read_checkpoint, write_checkpoint
from training.documents import TrainingError
from training.losses import consistency_loss, label_loss, map_loss
from training.machine import CPU, Machine
from training.metrics import area_under_curve
from training.network import MAP_STRIDE, SliceNet
from training.pairs import Pair, Pairs
from training.prepare import SIZE, PreparedStudy
from training.samples import Sample, Samples
from training.scored import score, torch_scorer
from training.settings import Settings
from training.training_log import write_log

WATCH_EVERY = 5
"""Epochs from one look at the watched studies to the next."""


class Trainer:
    """Trains one network on prepared studies, epoch by epoch, and can stop and go on between any two.

    Parameters
    ----------
    studies : sequence of PreparedStudy
        To learn from.
    settings : Settings
        How.
    machine : Machine
        Where.
    start : SliceNet, optional
        A trained network to go on from, with photographs of the same studies beside them.
    photographs : sequence of PreparedStudy
        Those, as `training.pairs.Pairs` takes them.

    Raises
    ------
    TrainingError
        When no slice has a label, or the machine's processes cannot share a batch evenly.
    """

    def __init__(
        self,
        studies: Sequence[PreparedStudy],
        settings: Settings,
        machine: Machine = CPU,
        start: SliceNet | None = None,
        photographs: Sequence[PreparedStudy] = (),
    ) -> None:
        if settings.batch % machine.processes or settings.pairs % machine.processes:
            raise TrainingError(
                f"{settings.batch} slices and {settings.pairs} pairs a step cannot be shared by {machine.processes} "
                "processes."
            )
        if not any(study.labelled for study in studies):
            raise TrainingError("None of these studies has labels of its slices; add a data set that has.")
        self.settings = settings
        self.epoch = 0
        self._machine = machine
        self._data = data_digest(studies, photographs, start)
        self._samples = Samples(studies, settings.simulated, settings.course(0), SIZE // MAP_STRIDE, settings.seed)
        self._weights = torch.from_numpy(self._samples.drawing_weights(settings.positives))
        self._pairs = Pairs(studies, photographs, settings.seed)
        self._pair_weights = torch.from_numpy(self._pairs.drawing_weights(settings.positives))
        torch.manual_seed(settings.seed)
        network = SliceNet() if start is None else copy.deepcopy(start).train()
        self._network = network.to(device=machine.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self._network).eval()
        learner = _Learner(self._network)
        self._learner: nn.Module = DistributedDataParallel(learner) if machine.processes > 1 else learner
        self._optimizer = torch.optim.AdamW(_groups(self._network, settings.weight_decay), lr=settings.learning_rate)

    @property
    def _steps(self) -> int:
        return -(-len(self._samples) // self.settings.batch)

    def run_epoch(self) -> dict[str, float]:
        """Train for one epoch and return its mean losses, last learning rate and seconds."""
        started = time.perf_counter()
        # all randomness comes from the seed and the epoch's number, so that a resumed run repeats an unbroken one
        torch.manual_seed((self.settings.seed * 100_003 + self.epoch) * 1009 + self._machine.rank)
        self._learner.train()
        steps = enumerate(zip(self._batches(), self._paired(), strict=True))
        losses = [self._step(batch, pairs, self.epoch + number / self._steps) for number, (batch, pairs) in steps]
        self.epoch += 1
        loss, map_loss = np.mean(losses, axis=0)
        return {
            "epoch": self.epoch,
            "loss": float(loss),
            "map_loss": float(map_loss),
            "learning_rate": self._optimizer.param_groups[0]["lr"],
            "seconds": time.perf_counter() - started,
        }

    def _batches(self) -> Iterator[Sample]:
        """Draw the epoch's slices, and give the part of every batch that is for this process."""
        self._samples.epoch, self._samples.course = self.epoch, self.settings.course(self.epoch)
        return self._drawn(self._samples, self._weights, self.settings.batch, 100_019)

    def _paired(self) -> Iterator[Pair | None]:
        """Draw the epoch's pairs likewise; None for every step where there are none."""
        if not len(self._pairs):
            return itertools.repeat(None, self._steps)
        self._pairs.epoch = self.epoch
        return self._drawn(self._pairs, self._pair_weights, self.settings.pairs, 100_043)

    def _drawn(self, source: Dataset[Any], weights: Tensor, batch: int, stream: int) -> Iterator[Any]:
        generator = torch.Generator().manual_seed(self.settings.seed * stream + self.epoch)
        chosen = torch.multinomial(weights, self._steps * batch, replacement=True, generator=generator).tolist()
        mine = [(index, draw) for draw, index in enumerate(chosen)][self._machine.rank :: self._machine.processes]
        return iter(
            DataLoader(
                source,
                batch_size=batch // self._machine.processes,
                sampler=mine,
                num_workers=self._machine.workers,
                worker_init_fn=_one_thread,
            )
        )

    def _step(self, batch: Sample, pairs: Pair | None, moment: float) -> tuple[float, float]:
        for group in self._optimizer.param_groups:
            group["lr"] = self.settings.rate(moment)
        slices, labels, cells = (part.to(self._machine.device, non_blocking=True) for part in batch)
        count = len(slices)
        if pairs is not None:
            seen, same, paired = (part.to(self._machine.device, non_blocking=True) for part in pairs)
            slices = torch.cat([slices, seen, same])
        with torch.autocast(self._machine.device.type, dtype=torch.bfloat16):
            scores, found = self._learner(slices.contiguous(memory_format=torch.channels_last))
        scores = scores.float()
        loss = label_loss(scores[:count], labels, self.settings.smoothing)
        where = map_loss(found[:count].float(), cells)
        total = loss + self.settings.location * where
        if pairs is not None:
            of_photographs, of_slices = scores[count:].chunk(2)
            total = total + label_loss(of_photographs, paired, self.settings.smoothing)
            total = total + self.settings.consistency * consistency_loss(of_photographs, of_slices)
        self._optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimizer.step()
        self._follow(round(moment * self._steps))
        return loss.item(), where.item()

    @torch.no_grad()
    def _follow(self, step: int) -> None:
        """Let the average follow the weights, and the statistics of the batch normalisation with them."""
        decay = min(self.settings.averaging, (step + 1) / (step + 10))
        for kept, new in zip(self.average.state_dict().values(), self._network.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1 - decay)
            else:
                kept.copy_(new)

    def save(self, folder: Path) -> None:
        """Write all that `resume` needs."""
        write_checkpoint(
            folder,
            {
                "settings": asdict(self.settings),
                "data": self._data,
                "epoch": self.epoch,
                "network": self._network.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self._optimizer.state_dict(),
            },
        )

    def resume(self, folder: Path) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        TrainingError
            When it is damaged or belongs to a run with other settings or studies.
        """
        state = read_checkpoint(folder, self._data, self.settings)
        self.epoch = state["epoch"]
        self._network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])


class _Learner(nn.Module):
    """The network as it is asked in training: scores and map at once, through one `forward` that can be distributed."""

    def __init__(self, network: SliceNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, slices: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.judge(slices)


def train(
    folder: Path,
    studies: Sequence[PreparedStudy],
    settings: Settings,
    watched: Sequence[PreparedStudy] = (),
    machine: Machine = CPU,
    start: SliceNet | None = None,
    photographs: Sequence[PreparedStudy] = (),
) -> SliceNet:
    """Train a network, or finish one that was interrupted.

    Parameters
    ----------
    folder : pathlib.Path
        Receives ``checkpoint.pt``, ``log.csv`` (one row an epoch) and the same for TensorBoard in ``events``.
    studies : sequence of PreparedStudy
        To learn from.
    settings : Settings
        How.
    watched : sequence of PreparedStudy
        Scored for the log alone: nothing is chosen by them.
    machine : Machine
        Where.
    start : SliceNet, optional
        A trained network to go on from.
    photographs : sequence of PreparedStudy
        Of the same studies, to learn from beside them.

    Returns
    -------
    SliceNet
        The averaged network, in evaluation mode, on the processor.
    """
    _one_thread()
    trainer = Trainer(studies, settings, machine, start, photographs)
    if (folder / NAME).is_file():
        trainer.resume(folder)
    while trainer.epoch < settings.epochs:
        row: dict[str, Any] = trainer.run_epoch()
        if machine.first:
            if watched and (trainer.epoch % WATCH_EVERY == 0 or trainer.epoch == settings.epochs):
                row.update(_watch(trainer.average, watched))
            write_log(folder, row)  # first: an epoch that is repeated replaces its row
            trainer.save(folder)
    return trainer.average.cpu()


def _one_thread(_worker: int = 0) -> None:
    """Small pictures wait for OpenCV's threads more than they gain by them."""
    cv2.setNumThreads(1)


def _watch(network: SliceNet, studies: Sequence[PreparedStudy]) -> dict[str, float]:
    scored = score(torch_scorer(network), studies)
    labelled = [item for item in scored if item.study.labelled]
    slice_scores = np.concatenate([np.empty(0), *(item.scores for item in labelled)])
    slice_truth = np.concatenate([np.empty(0, dtype=bool), *(item.study.labels for item in labelled)])
    study_truth = np.array([item.study.haemorrhage for item in scored])
    return {
        "slice_auc": area_under_curve(slice_scores, slice_truth),
        "study_auc": area_under_curve(np.array([item.pooled(2) for item in scored]), study_truth),
    }


def _groups(network: SliceNet, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for kernels alone, not for offsets and normalisation."""
    kernels = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim == 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
