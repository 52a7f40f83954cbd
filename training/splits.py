"""Which patients belong to which part of a data set: five folds, or 80/10/10."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from training.dataset import Study
from training.documents import TrainingError, digest, read_json, write_json
from training.prepare import PreparedStudy

SEED = 20261121
FOLDS = 5

TENTHS = ("train",) * 4 + ("validation",) + ("train",) * 4 + ("test",)
"""Parts of each ten patients, apart from each other so that a small stratum reaches more than one."""


@dataclass(frozen=True)
class Splits:
    """A division of a data set by patient.

    Attributes
    ----------
    dataset : str
        Which data set.
    seed : int
        From which it was drawn.
    parts : dict of str to tuple of str
        Patients of each part, sorted: ``fold0`` and so on, or ``train``, ``validation`` and ``test``.
    """

    dataset: str
    seed: int
    parts: dict[str, tuple[str, ...]]

    def without(self, *names: str) -> tuple[str, ...]:
        """All patients that are in none of the named parts.

        Raises
        ------
        TrainingError
            When there is no such part.
        """
        unknown = set(names) - set(self.parts)
        if unknown:
            raise TrainingError(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(self.parts)}.")
        return tuple(patient for name, part in self.parts.items() if name not in names for patient in part)


def k_fold(name: str, studies: Sequence[Study], seed: int, folds: int = FOLDS) -> Splits:
    """Divide patients into folds; each is judged by a network trained on the others.

    Parameters
    ----------
    name : str
        Name of the data set.
    studies : sequence of Study
        All that take part; a patient may have several.
    seed : int
        The same seed and patients give the same splits.
    folds : int
        How many.

    Raises
    ------
    TrainingError
        When there are fewer patients than folds.
    """
    return _deal(name, studies, seed, [f"fold{number}" for number in range(folds)])


def eighty_ten_ten(name: str, studies: Sequence[Study], seed: int) -> Splits:
    """Divide patients into training, validation and test, 80/10/10.

    Parameters are those of `k_fold`.

    Raises
    ------
    TrainingError
        When there are fewer than ten patients.
    """
    return _deal(name, studies, seed, TENTHS)


def _deal(name: str, studies: Sequence[Study], seed: int, parts: Sequence[str]) -> Splits:
    """Deal patients to the parts in turn, keeping the shares of bleeds and of children.

    Patients stand in four strata, shuffled within each, one stratum after the other, and are dealt from this row.
    """
    strata: dict[str, tuple[bool, bool]] = {}
    for study in studies:
        bleeds, child = strata.get(study.patient, (False, False))
        strata[study.patient] = (bleeds or study.haemorrhage, child or study.child)
    if len(strata) < len(parts):
        raise TrainingError(f"{len(strata)} patients are too few for splits of {name}; {len(parts)} are needed.")
    shuffled = np.random.default_rng(seed).permutation(sorted(strata))
    row = sorted((str(patient) for patient in shuffled), key=lambda patient: strata[patient])
    dealt: dict[str, list[str]] = {part: [] for part in parts}
    for place, patient in enumerate(row):
        dealt[parts[place % len(parts)]].append(patient)
    return Splits(name, seed, {part: tuple(sorted(patients)) for part, patients in dealt.items()})


def split_slices(
    studies: Sequence[PreparedStudy], share: float, seed: int
) -> tuple[list[PreparedStudy], list[PreparedStudy]]:
    """Divide the slices of every study, so that neighbours of one patient lie on both sides.

    This is wrong, and exists only to measure how much better a network looks when it is judged so: never use it to
    choose or to judge a network.

    Parameters
    ----------
    studies : sequence of PreparedStudy
        With two slices at least.
    share : float
        Of the slices of each study, those that go to the first side; each side gets one at least.
    seed : int
        The same seed and studies give the same division.

    Returns
    -------
    tuple of list of PreparedStudy
        Both sides of every study, under its own name and with its slices in order.
    """
    random = np.random.default_rng(seed)
    first, second = [], []
    for study in studies:
        count = len(study.labels)
        shuffled = random.permutation(count)
        cut = min(max(round(share * count), 1), count - 1)
        first.append(_part(study, np.sort(shuffled[:cut])))
        second.append(_part(study, np.sort(shuffled[cut:])))
    return first, second


def _part(study: PreparedStudy, chosen: np.ndarray) -> PreparedStudy:
    return replace(
        study,
        slices=study.slices[chosen],
        depth=study.depth[chosen],
        labels=study.labels[chosen],
        kinds=study.kinds[chosen],
        indices=study.indices[chosen],
        centres=study.centres[chosen],
    )


def write_splits(path: Path, splits: Splits) -> None:
    """Write splits as JSON with a hash of what they say."""
    write_json(path, {**asdict(splits), "sha256": _digest(splits)})


def read_splits(path: Path) -> Splits:
    """Read splits that `write_splits` wrote.

    Raises
    ------
    TrainingError
        When they are absent, damaged or were changed by hand.
    """
    document = read_json(path, "prepare")
    try:
        parts = {name: tuple(part) for name, part in document["parts"].items()}
        splits = Splits(dataset=document["dataset"], seed=document["seed"], parts=parts)
        written = document["sha256"]
    except (KeyError, TypeError, AttributeError) as error:
        raise TrainingError(f"{path} is damaged; run `triage-train prepare` again.") from error
    if written != _digest(splits):
        raise TrainingError(f"{path} was changed after it was drawn; run `triage-train prepare` again.")
    return splits


def _digest(splits: Splits) -> str:
    document: dict[str, Any] = asdict(splits)
    return digest(json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
