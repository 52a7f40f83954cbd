"""The data sets that the training reads, one module each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from training.dataset import Dataset, DatasetInfo
from training.documents import TrainingError
from training.sources import cq500, ct_ich, hospital, physionet, rsna

_SOURCES: dict[str, tuple[DatasetInfo, Callable[[Path], Dataset]]] = {
    ct_ich.INFO.name: (ct_ich.INFO, ct_ich.load_ct_ich),
    physionet.INFO.name: (physionet.INFO, physionet.load_physionet),
    rsna.INFO.name: (rsna.INFO, rsna.load_rsna),
    cq500.INFO.name: (cq500.INFO, cq500.load_cq500),
    hospital.INFO.name: (hospital.INFO, hospital.load_hospital),
}

NAMES = tuple(_SOURCES)
"""Names of the data sets."""


def load(name: str, folder: Path) -> Dataset:
    """Read the labels of a data set; slices are read when they are asked for.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    folder : pathlib.Path
        Where the data set lies, in its own layout.

    Raises
    ------
    TrainingError
        When there is no such data set, or the folder has another layout.
    """
    return _source(name)[1](folder)


def info(name: str) -> DatasetInfo:
    """Return what has to be said of a data set.

    Raises
    ------
    TrainingError
        When there is no such data set.
    """
    return _source(name)[0]


def _source(name: str) -> tuple[DatasetInfo, Callable[[Path], Dataset]]:
    if name not in _SOURCES:
        raise TrainingError(f"There is no data set {name!r}; choose one of {', '.join(NAMES)}.")
    return _SOURCES[name]
