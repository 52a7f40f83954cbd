"""How a network bears pictures unlike those it learned from: held-out slices changed on purpose, one change at a time.

Some changes lie within the range of the training's augmentation, others beyond it (`BEYOND`). None is a substitute for
pictures of another hospital.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np
from torch import nn

from training.metrics import Bootstrap, areas, figure
from training.model_card import span
from training.prepare import PreparedStudy
from training.scored import ScoredStudy, score, torch_scorer
from training.synthesis.display import compressed
from training.synthesis.head_slice import WINDOW_HIGH, WINDOW_LOW, blur

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""From grey levels, float32 of shape ``(side, side)`` between 0 and 1, in the data's window, to changed ones."""


def _window(width: float, level: float, picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Another window; what the data's own clipped stays clipped, bone white and air black."""
    hounsfield = picture * (WINDOW_HIGH - WINDOW_LOW) + WINDOW_LOW
    shown = np.clip((hounsfield - level) / width + 0.5, 0, 1)
    return np.where(picture >= 0.99, 1, np.where(picture <= 0.01, 0, shown))


def _soft(sigma: float, picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return blur(picture, sigma)


def _noisy(hounsfield: float, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    grain = blur(rng.standard_normal(picture.shape, dtype=np.float32), 0.6)
    soft = (picture > 0.02) & (picture < 0.98)
    return picture + soft * grain / grain.std() * hounsfield / (WINDOW_HIGH - WINDOW_LOW)


def _turned(quarters: int, picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(picture, quarters))


def _mirrored(picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return np.ascontiguousarray(picture[:, ::-1])


def _small(side: int, picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    little = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(little, picture.shape, interpolation=cv2.INTER_CUBIC)


def _cropped(share: float, picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """The middle of the picture alone, as large as the whole was."""
    side = len(picture)
    edge = round(side * (1 - share) / 2)
    return cv2.resize(picture[edge : side - edge, edge : side - edge], picture.shape, interpolation=cv2.INTER_LINEAR)


def _written_on(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    marked = picture.copy()
    for row in range(3):
        place = (int(rng.integers(0, len(picture) // 2)), int(len(picture) * (0.25 + 0.25 * row)))
        cv2.putText(marked, "R  12:34 kV 120", place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1.0, 1, cv2.LINE_AA)
    return marked


def _compressed(quality: int, picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return compressed(np.rint(picture * 255).astype(np.uint8), quality).astype(np.float32) / 255


CHANGES: dict[str, Change] = {
    "none": lambda picture, _: picture,
    "window 80/40": partial(_window, 80, 40),
    "window 200/60": partial(_window, 200, 60),
    "window 300/50": partial(_window, 300, 50),
    "window 50/35": partial(_window, 50, 35),
    "blur, 1.5 pixels": partial(_soft, 1.5),
    "noise, 6 HU": partial(_noisy, 6),
    "noise, 14 HU": partial(_noisy, 14),
    "64 pixels": partial(_small, 64),
    "turned by 90 degrees": partial(_turned, 1),
    "upside down": partial(_turned, 2),
    "mirrored": _mirrored,
    "middle 75 %": partial(_cropped, 0.75),
    "text over the head": _written_on,
    "JPEG, quality 15": partial(_compressed, 15),
}
"""What is tried."""

BEYOND = ("window 300/50", "window 50/35", "blur, 1.5 pixels", "noise, 14 HU", "JPEG, quality 15")
"""Further than the augmentation of the training goes; it blurs by 1.5 mm at most, and 1.5 pixels are 1.9 mm."""


def measure_shift(
    networks: Sequence[nn.Module], folds: Sequence[Sequence[PreparedStudy]], highest: int
) -> dict[str, Any]:
    """Measure each change on held-out studies.

    Parameters
    ----------
    networks : sequence of torch.nn.Module
        For each fold the network that was trained on the others.
    folds : sequence of sequence of PreparedStudy
        Their held-out studies.
    highest : int
        How many zones a study's score averages.

    Returns
    -------
    dict
        A table for the model card: a row for each change, with the areas under the curve of slices and studies.
    """
    rows = []
    for name, change in CHANGES.items():
        scored: list[ScoredStudy] = []
        for network, studies in zip(networks, folds, strict=True):
            scored += score(torch_scorer(network), [_changed(study, change) for study in studies])
        beyond = "yes" if name in BEYOND else ""
        rows.append([name, beyond, _slice_area(scored), _study_area(scored, highest)])
    patients = len({study.patient for fold in folds for study in fold})
    return {
        "title": "Pictures changed on purpose",
        "columns": ["change", "beyond the training's range", "slice AUC", "study AUC"],
        "rows": rows,
        "note": f"{patients} patients, each scored by the network that did not see it; 95 % intervals by patient.",
        "command": "triage-train check --work W",
    }


def _changed(study: PreparedStudy, change: Change) -> PreparedStudy:
    rng = np.random.default_rng(0)
    pictures = [change(picture.astype(np.float32) / 255, rng) for picture in study.slices]
    return replace(study, slices=np.stack([np.rint(np.clip(p, 0, 1) * 255).astype(np.uint8) for p in pictures]))


def _slice_area(scored: Sequence[ScoredStudy]) -> str:
    labelled = [item for item in scored if item.study.labelled]
    owners = np.repeat([item.study.patient for item in labelled], [len(item.scores) for item in labelled])
    scores = np.concatenate([item.scores for item in labelled])
    return _area(owners, scores, np.concatenate([item.study.labels for item in labelled]))


def _study_area(scored: Sequence[ScoredStudy], highest: int) -> str:
    owners = np.array([item.study.patient for item in scored])
    scores = np.array([item.pooled(highest) for item in scored])
    return _area(owners, scores, np.array([item.study.haemorrhage for item in scored]))


def _area(owners: np.ndarray, scores: np.ndarray, truth: np.ndarray) -> str:
    found = figure(Bootstrap(owners).measure(partial(areas, scores, truth)), len(np.unique(owners)))
    if found["value"] is None:
        return "-"
    low, high = found["ci95"]
    return span(found["value"], low, high)
