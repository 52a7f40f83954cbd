"""What a disc's DICOMDIR (PS3.3 annex F) says of the files beside it."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import List

import pydicom
from pydicom.errors import InvalidDicomError


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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            records = pydicom.dcmread(directory).get("DirectoryRecordSequence") or []
            named = [record.get("ReferencedFileID") for record in records]
    except (OSError, ValueError, AttributeError, KeyError, TypeError, NotImplementedError, EOFError, InvalidDicomError):
        return 0
    here = {name.upper() for name in os.listdir(folder)}
    missing = 0
    for parts in named:
        if parts:
            parts = [str(parts)] if isinstance(parts, str) else [str(part) for part in parts]
            # a medium that was copied piecewise lacks whole branches: those were left out on purpose
            if parts[0].upper() in here and not _exists_ignoring_case(folder, parts):
                missing += 1
    return missing


def _exists_ignoring_case(folder: Path, parts: List[str]) -> bool:
    path = folder.joinpath(*parts)
    return path.exists() or folder.joinpath(*[part.lower() for part in parts]).exists()
