"""What a disc's DICOMDIR (PS3.3 annex F) says of the files beside it."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import List

import pydicom
from pydicom.errors import InvalidDicomError

_BROKEN = (
    OSError,
    ValueError,
    AttributeError,
    KeyError,
    TypeError,
    NotImplementedError,
    EOFError,
    RecursionError,
    InvalidDicomError,
)
"""What pydicom raises on a directory that is damaged or made to do harm."""


def listed_files(directory: str) -> List[List[str]]:
    """Return the files that a DICOMDIR names, in its order.

    Parameters
    ----------
    directory : str
        Path of a DICOMDIR.

    Returns
    -------
    list of list of str
        For each file the components of its path on the disc; empty for a DICOMDIR that is broken.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            records = pydicom.dcmread(directory).get("DirectoryRecordSequence") or []
            named = [record.get("ReferencedFileID") for record in records]
            return [[parts] if isinstance(parts, str) else [str(part) for part in parts] for parts in named if parts]
    except _BROKEN:
        return []


def missing_files(directory: str) -> int:
    """Count the files that a DICOMDIR names and that are not there.

    Parameters
    ----------
    directory : str
        Path of a DICOMDIR.

    Returns
    -------
    int
        0 also for a DICOMDIR that is broken: it names none.
    """
    folder = Path(directory).parent
    here = {name.upper() for name in os.listdir(folder)}
    missing = 0
    for parts in listed_files(directory):
        # a medium that was copied piecewise lacks whole branches: those were left out on purpose
        if parts[0].upper() in here and not _exists_ignoring_case(folder, parts):
            missing += 1
    return missing


def _exists_ignoring_case(folder: Path, parts: List[str]) -> bool:
    path = folder.joinpath(*parts)
    return path.exists() or folder.joinpath(*[part.lower() for part in parts]).exists()
