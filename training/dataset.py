"""The contract between the data sets and the training: patients, their studies, slices and labels.

A loader (`training.sources`) reads one data set's own layout and gives a `Dataset`; nothing after it knows where the
slices came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from appliance.study import SliceStack

ADULT_YEARS = 18.0

KINDS = ("IVH", "IPH", "SAH", "EDH", "SDH")
"""Kinds of intracranial haemorrhage: intraventricular, intraparenchymal, subarachnoid, epidural, subdural."""


def shown_kinds(kinds: np.ndarray) -> frozenset[str]:
    """Name the `KINDS` that any of the rows shows: bool, shape ``(n, 5)``."""
    return frozenset(kind for kind, column in zip(KINDS, kinds.T, strict=True) if column.any())


@dataclass(frozen=True)
class DatasetInfo:
    """What has to be said of a data set wherever a network trained on it is released.

    Attributes
    ----------
    name : str
        Short, as a file name would be.
    attribution : str
        Authors, title, place.
    licence : str
        Of the data, in words.
    labels : str
        One sentence: who labelled it, and how its labels become the two classes, urgent (red, black) and not urgent
        (green, yellow).
    people : str
        Whose studies they are: two data sets of the same patients say the same. The set's own name where none is given.
    """

    name: str
    attribution: str
    licence: str
    labels: str
    people: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "people", self.people or self.name)


@dataclass(frozen=True)
class LabelledStack:
    """The slices of one study and what is known of each.

    Attributes
    ----------
    stack : SliceStack
        ``n`` slices, from the base up.
    labels : numpy.ndarray or None
        bool, shape ``(n,)``: whether a slice shows haemorrhage; all False where the study is known to be free of it,
        None where only the study is labelled.
    kinds : numpy.ndarray or None
        bool, shape ``(n, 5)``: which of `KINDS` it shows; None where that is not known slice by slice.
    """

    stack: SliceStack
    labels: np.ndarray | None = None
    kinds: np.ndarray | None = None


@dataclass(frozen=True)
class Study:
    """One CT study of a head.

    Attributes
    ----------
    patient : str
        Whose it is; unique within the data set. Splits are by patient.
    uid : str
        Its name, unique within the data set and fit for a file name.
    age_years : float or None
        At the time of the study, where known.
    haemorrhage : bool
        The study's label: whether it belongs to the urgent class, as `DatasetInfo.labels` says.
    kinds : frozenset of str
        Which of `KINDS` the study shows; empty where there is none, or where nobody said which.
    read : callable
        Reads the slices and their labels.
    """

    patient: str
    uid: str
    age_years: float | None
    haemorrhage: bool
    kinds: frozenset[str]
    read: Callable[[], LabelledStack]

    @property
    def child(self) -> bool:
        """Whether the patient is known to be younger than 18 years."""
        return self.age_years is not None and self.age_years < ADULT_YEARS


@dataclass(frozen=True)
class Dataset:
    """All studies of one data set that may be used.

    Attributes
    ----------
    info : DatasetInfo
        What it is.
    studies : tuple of Study
        In a fixed order.
    """

    info: DatasetInfo
    studies: tuple[Study, ...]
