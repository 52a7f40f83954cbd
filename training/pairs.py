"""Photographed slices beside the slices they show: what the network learns to see alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.prepare import PreparedStudy
from training.synthesis.display import as_stored
from training.synthesis.head_slice import HeadSlice
from training.synthesis.scanner import place


class Pair(NamedTuple):
    """One slice, twice.

    Attributes
    ----------
    photograph, slice : torch.Tensor
        float32, shape ``(1, size, size)``, between 0 and 1: as a camera saw it, and as it is.
    label : torch.Tensor
        float32, shape ``()``: 1 for haemorrhage.
    """

    photograph: Tensor
    slice: Tensor
    label: Tensor


class Pairs(Dataset[Pair]):
    """Photographed slices with the same slices from the files.

    Parameters
    ----------
    studies : sequence of PreparedStudy
        From the files, labelled slice by slice.
    photographs : sequence of PreparedStudy
        Of the same studies, each any number of times; what shows no brain on one of the two sides is left out.
    seed : int
        Together with a pair's number and `epoch` it decides all that is random in a pair.
    """

    def __init__(self, studies: Sequence[PreparedStudy], photographs: Sequence[PreparedStudy], seed: int) -> None:
        originals = {study.uid: study for study in studies if study.labelled}
        self.photographs = [study for study in photographs if study.uid in originals]
        found = [_common(originals[study.uid], study) for study in self.photographs]
        size = studies[0].slices.shape[1:]
        none = np.empty((0, *size), np.uint8), np.empty((0, *size), np.uint8), np.empty(0, bool)
        self._seen, self._slices, self.labels = (np.concatenate(part) for part in zip(none, *found, strict=True))
        self._seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.labels)

    def drawing_weights(self, positives: float) -> np.ndarray:
        """Return the chance of each pair to be drawn, float64, with `positives` as the share of those that bleed."""
        bleeding = max(int(self.labels.sum()), 1)
        return np.where(self.labels, positives / bleeding, (1 - positives) / max(len(self) - bleeding, 1))

    def __getitem__(self, key: tuple[int, int]) -> Pair:
        """Make a pair, both sides turned and shifted alike; the key is as for `training.samples.Samples`."""
        index, draw = key
        both = [_placed(side[index], [self._seed, self.epoch, draw, 7]) for side in (self._seen, self._slices)]
        return Pair(both[0], both[1], torch.tensor(float(self.labels[index])))


def _common(study: PreparedStudy, photograph: PreparedStudy) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The slices that both show, photographed and not, and their labels."""
    _, here, there = np.intersect1d(study.indices, photograph.indices, return_indices=True)
    return photograph.slices[there], study.slices[here], study.labels[here]


def _placed(picture: np.ndarray, seed: list[int]) -> Tensor:
    head = place(HeadSlice.of(picture, np.zeros_like(picture)), np.random.default_rng(seed))
    return torch.from_numpy(as_stored(head)[None].astype(np.float32))
