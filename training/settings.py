"""How a network is trained: the numbers, the course of the learning rate, and from easier samples to harder ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from training.samples import Course

EASY = Course(plain=0.35, usual_window=0.5, along_skull=0.0)
"""Many slices as the data have them: what blood is can be learned from these first (Bengio et al. 2009)."""

HARD = Course(plain=0.15, usual_window=0.3, along_skull=0.3)
"""More windows of other viewers, and more of the thin blood along the skull, which is learned last."""

HARD_LEARNING_RATE = 1 / 3
"""Highest learning rate of the hard course over that of the easy one."""


@dataclass(frozen=True)
class Settings:
    """How a network is trained. Two runs with equal settings, data and threads on one processor give equal networks.

    Attributes
    ----------
    epochs : int
        Passes, each drawing as many slices as there are.
    hard : float
        Share of the epochs, the last ones, that are harder; see `EASY` and `HARD`.
    batch : int
        Slices a step, over all devices.
    learning_rate : float
        Highest; in each course a short way linear up to it, then a cosine down to 0 (Loshchilov and Hutter 2017).
    weight_decay : float
        Of AdamW (Loshchilov and Hutter 2019).
    positives : float
        Share of drawn slices that show a real bleed; every bleeding patient has an equal part in it.
    simulated : float
        Share of drawn slices without haemorrhage that are given a simulated bleed.
    smoothing : float
        Labels are drawn this far from 0 and 1.
    location : float
        Weight of the question where the blood lies, beside the question whether there is any.
    averaging : float
        Decay of the exponential moving average of the weights, a step; the average is what is kept.
    photographed : float
        Share of the samples, in the hard course, on which the remains of a photograph are drawn.
    pairs : int
        Pairs of a photograph and its slice a step, over all devices, where there are photographs.
    consistency : float
        Weight of judging both sides of a pair alike.
    seed : int
        Of initial weights, order and samples.
    """

    epochs: int = 140
    hard: float = 2 / 7
    batch: int = 32
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    positives: float = 0.15
    simulated: float = 0.5
    smoothing: float = 0.03
    location: float = 1.0
    averaging: float = 0.995
    photographed: float = 0.0
    pairs: int = 8
    consistency: float = 1.0
    seed: int = 1

    @property
    def easy_epochs(self) -> int:
        """Epochs of the easy course."""
        return round(self.epochs * (1 - self.hard))

    def course(self, epoch: int) -> Course:
        """Return what samples are like in an epoch, counted from 0."""
        return EASY if epoch < self.easy_epochs else replace(HARD, photographed=self.photographed)

    def rate(self, moment: float) -> float:
        """Return the learning rate at a moment, in epochs from the start."""
        easy = moment < self.easy_epochs
        start, end = (0, self.easy_epochs) if easy else (self.easy_epochs, self.epochs)
        highest = self.learning_rate * (1 if easy else HARD_LEARNING_RATE)
        done, length = moment - start, end - start
        warm = min(length / 20, 3)
        if done < warm:
            return highest * (done + 0.01) / (warm + 0.01)
        return highest * 0.5 * (1 + math.cos(math.pi * (done - warm) / (length - warm)))
