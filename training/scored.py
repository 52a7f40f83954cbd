"""Prepared studies with the scores that a network gave their slices."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import onnxruntime
import torch
from torch import nn

from appliance.imaging.zones import pooled_score, representatives
from training.prepare import PreparedStudy

Scorer = Callable[[np.ndarray], np.ndarray]
"""From slices, float32 of shape ``(n, 1, size, size)`` between 0 and 1, to log-odds, float32 of shape ``(n,)``."""


@dataclass(frozen=True)
class ScoredStudy:
    """A prepared study and the scores of its slices.

    Attributes
    ----------
    study : PreparedStudy
        The study.
    scores : numpy.ndarray
        float32, shape ``(n,)``: uncalibrated log-odds.
    """

    study: PreparedStudy
    scores: np.ndarray

    def pooled(self, highest: int) -> float:
        """The study's score as the appliance computes it: each zone's highest slab, the mean of the highest zones."""
        edges = [(float(lower), float(upper)) for lower, upper in self.study.zones]
        chosen = representatives(self.study.centres, self.scores, edges)
        return pooled_score(self.scores[[index for index in chosen if index >= 0]], highest)


def score(scorer: Scorer, studies: Iterable[PreparedStudy]) -> list[ScoredStudy]:
    """Score every slice of some studies."""
    return [ScoredStudy(study, scorer(study.slices[:, None].astype(np.float32) / 255)) for study in studies]


def torch_scorer(network: nn.Module) -> Scorer:
    """Score with a trained network, on the device where it is."""
    network.eval()
    device = next(network.parameters()).device

    def run(slices: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return network(torch.from_numpy(slices).to(device)).cpu().numpy()

    return run


def onnx_scorer(model: bytes) -> Scorer:
    """Score with an exported network, on ONNX Runtime."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def run(slices: np.ndarray) -> np.ndarray:
        return session.run(["scores"], {"slices": slices})[0]

    return run
