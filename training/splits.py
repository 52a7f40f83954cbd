"""Which patients are for development, in which fold, and which are held out for the one test at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.dataset import Study
from training.documents import TrainingError, digest, read_json, write_json

SEED = 20261121
TEST_PATIENTS = 15
FOLDS = 5


@dataclass(frozen=True)
class Splits:
    """A division of a data set by patient.

    Attributes
    ----------
    dataset : str
        Which data set.
    seed : int
        From which it was drawn.
    test : tuple of str
        Patients that are scored once, with the final network.
    folds : tuple of tuple of str
        The other patients; each fold is judged by a network trained on the other folds.
    """

    dataset: str
    seed: int
    test: tuple[str, ...]
    folds: tuple[tuple[str, ...], ...]

    @property
    def development(self) -> tuple[str, ...]:
        """All patients that are not held out."""
        return tuple(patient for fold in self.folds for patient in fold)

    def training_for(self, fold: int | None) -> tuple[str, ...]:
        """Patients that the network of a fold learns from; of None, the final network, which learns from all folds."""
        return tuple(patient for number, part in enumerate(self.folds) if number != fold for patient in part)


def make_splits(
    dataset: str, studies: Sequence[Study], seed: int, test: int = TEST_PATIENTS, folds: int = FOLDS
) -> Splits:
    """Divide patients, keeping the shares of bleeds and of children.

    Patients stand in four strata, shuffled within each, one stratum after the other; the test set and then the folds
    are dealt from this row at even distances.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    studies : sequence of Study
        All its studies; a patient may have several.
    seed : int
        The same seed and patients give the same splits.
    test : int
        How many patients to hold out.
    folds : int
        Into how many folds the others are dealt.
    """
    strata: dict[str, tuple[bool, bool]] = {}
    for study in studies:
        bleeds, child = strata.get(study.patient, (False, False))
        strata[study.patient] = (bleeds or study.haemorrhage, child or study.child)
    if len(strata) < test + folds:
        raise TrainingError(f"{len(strata)} patients are too few for a test set of {test} and {folds} folds.")
    shuffled = np.random.default_rng(seed).permutation(sorted(strata))
    row = sorted((str(patient) for patient in shuffled), key=lambda patient: strata[patient])
    held_out = {row[int((number + 0.5) * len(row) / test)] for number in range(test)}
    rest = [patient for patient in row if patient not in held_out]
    dealt = tuple(tuple(sorted(rest[number::folds])) for number in range(folds))
    return Splits(dataset, seed, tuple(sorted(held_out)), dealt)


def write_splits(path: Path, splits: Splits) -> None:
    """Write splits as JSON with a hash of what they say."""
    write_json(path, {**asdict(splits), "sha256": _digest(asdict(splits))})


def read_splits(path: Path) -> Splits:
    """Read splits that `write_splits` wrote.

    Raises
    ------
    TrainingError
        When they are absent, damaged or were changed by hand.
    """
    document = read_json(path, "prepare")
    try:
        splits = Splits(
            dataset=document["dataset"],
            seed=document["seed"],
            test=tuple(document["test"]),
            folds=tuple(tuple(fold) for fold in document["folds"]),
        )
        written = document["sha256"]
    except (KeyError, TypeError) as error:
        raise TrainingError(f"{path} is damaged; run `triage-train prepare` again.") from error
    if written != _digest(asdict(splits)):
        raise TrainingError(f"{path} was changed after it was drawn; run `triage-train prepare` again.")
    return splits


def _digest(document: dict[str, Any]) -> str:
    return digest(json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
