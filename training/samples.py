"""What the network sees in training: a real slice, often with a simulated bleed, as some scanner and viewer show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.prepare import PreparedStudy
from training.synthesis.bleeds import Kind, draw_bleed, random_bleed
from training.synthesis.confounders import add_confounders
from training.synthesis.display import as_stored, show
from training.synthesis.head_slice import HeadSlice
from training.synthesis.photographed import as_photographed
from training.synthesis.scanner import crop, place, scan

MIN_SPACE = 0.04
"""Smallest intracranial share of a slice that a bleed is drawn into."""

SECOND_BLEED = 0.25
"""Chance that a simulated bleed has another beside it."""

ALONG_SKULL = (Kind.SUBDURAL, Kind.SUBDURAL, Kind.EPIDURAL)
"""What lies along the skull, crescents twice as often as lenses."""

CROPPED = 0.08
"""Share of samples that are cut to a rectangle, as pictures outside a hospital often are."""

MIN_CELL = 0.15
"""Share of a cell of the network's map that must be blood for the cell to count as bleeding."""


class Sample(NamedTuple):
    """One slice to learn from.

    Attributes
    ----------
    slice : torch.Tensor
        float32, shape ``(1, size, size)``, between 0 and 1.
    label : torch.Tensor
        float32, shape ``()``: 1 for haemorrhage, real or simulated.
    cells : torch.Tensor
        float32, shape ``(cells, cells)``: 1 where the network's map should show blood, 0 where none is, and 0.5 where
        that is not known.
    """

    slice: Tensor
    label: Tensor
    cells: Tensor


@dataclass(frozen=True)
class Course:
    """What the samples of a part of the training are like.

    Attributes
    ----------
    plain : float
        Share of samples that keep the scanner and window of the data.
    usual_window : float
        Share of the others that keep nearly that window.
    along_skull : float
        Share of simulated bleeds that are drawn along the skull, beyond those that chance puts there.
    photographed : float
        Share of samples that look as if a camera had seen them on a screen.
    """

    plain: float
    usual_window: float
    along_skull: float
    photographed: float = 0.0


class Samples(Dataset[Sample]):
    """The slices of some studies, each made anew whenever it is asked for.

    Parameters
    ----------
    studies : sequence of PreparedStudy
        Slices of studies that are not `labelled` are left out.
    simulated : float
        Share of the slices without haemorrhage that are given a bleed.
    course : Course
        What the samples are like; may be changed between epochs.
    cells : int
        Side of the network's map.
    seed : int
        Together with a slice's number and `epoch` it decides all that is random in a sample.
    """

    def __init__(
        self, studies: Sequence[PreparedStudy], simulated: float, course: Course, cells: int, seed: int
    ) -> None:
        used = [study for study in studies if study.labelled]
        self._slices = np.concatenate([study.slices for study in used])
        self._depth = np.concatenate([study.depth for study in used])
        self.labels = np.concatenate([study.labels for study in used])
        self.patients = np.concatenate([[study.patient] * len(study.labels) for study in used])
        self.course = course
        self._simulated = simulated
        self._cells = cells
        self._seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of slices."""
        return len(self.labels)

    def drawing_weights(self, positives: float) -> np.ndarray:
        """Return the chance of each slice to be drawn: float64, shape ``(n,)``.

        They have a sum of 1 where any patient bleeds. Bleeding patients have equal parts in the share of `positives`,
        and all other slices in the rest.
        """
        weights = np.where(self.labels, 0.0, (1 - positives) / max(int((~self.labels).sum()), 1))
        bleeding = np.unique(self.patients[self.labels])
        for patient in bleeding:
            own = self.labels & (self.patients == patient)
            weights[own] = positives / len(bleeding) / own.sum()
        return weights

    def __getitem__(self, key: tuple[int, int]) -> Sample:
        """Make a sample.

        Parameters
        ----------
        key : tuple of int
            Which slice, and the number of the draw in this epoch: the same slice may be drawn more than once.
        """
        index, draw = key
        rng = np.random.default_rng([self._seed, self.epoch, draw])
        bleeding = bool(self.labels[index])
        head = HeadSlice.of(self._slices[index], self._depth[index])
        if not bleeding and rng.random() < self._simulated and head.brain.mean() > MIN_SPACE:
            head = _bleed(head, rng, self.course.along_skull)
        head = place(add_confounders(head, rng), rng)
        # where the blood of a real bleed lies is not known: a crop might cut it off
        if not bleeding and rng.random() < CROPPED:
            head = crop(head, rng)
        plain = rng.random() < self.course.plain
        if not plain:
            head = scan(head, rng)
        picture = as_stored(head) if plain else show(head, rng, self.course.usual_window)
        # see `_bleed`: other courses draw no number for this
        if self.course.photographed > 0 and rng.random() < self.course.photographed:
            picture = as_photographed(picture, rng)
        cells = np.full((self._cells, self._cells), 0.5, np.float32)
        if not bleeding:
            share = cv2.resize(head.blood, cells.shape, interpolation=cv2.INTER_AREA)
            cells = np.where(share > MIN_CELL, 1, np.where(share > 0.02, 0.5, 0)).astype(np.float32)
        return Sample(
            torch.from_numpy(picture[None]),
            torch.tensor(float(bleeding or bool((head.blood > 0.5).any()))),
            torch.from_numpy(cells),
        )


def _bleed(head: HeadSlice, rng: np.random.Generator, along_skull: float) -> HeadSlice:
    """One bleed or two, each cut where chance has it."""
    for _ in range(2 if rng.random() < SECOND_BLEED else 1):
        section = float(np.sqrt(1 - rng.uniform(0, 0.9) ** 2))
        # a course without them draws no number for them either, so that its samples depend on nothing else
        chosen = along_skull > 0 and rng.random() < along_skull
        kind = ALONG_SKULL[rng.integers(len(ALONG_SKULL))] if chosen else None
        head = draw_bleed(head, random_bleed(head, rng, kind), section)
    return head
