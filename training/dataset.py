"""The contract between the data sets and the training: patients, their studies, slices and labels.

A loader (`training.ct_ich` is the first) reads one data set's own layout and gives a `Dataset`; nothing after it knows
where the slices came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from appliance.study import SliceStack

ADULT_YEARS = 18.0


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
    """

    name: str
    attribution: str
    licence: str


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
    labels : numpy.ndarray
        bool, shape ``(n,)``: slice by slice, from the base up, whether it shows any haemorrhage.
    read : callable
        Reads the slices: a stack of ``n``, in the order of `labels`.
    """

    patient: str
    uid: str
    age_years: float | None
    labels: np.ndarray
    read: Callable[[], SliceStack]

    @property
    def haemorrhage(self) -> bool:
        """Whether any slice shows haemorrhage: the study's label."""
        return bool(self.labels.any())

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
