"""Look at a medium before it is read: what is on it, in which order, and whether it was here before."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from appliance import notify
from appliance.config import IngestSettings
from appliance.dicom.tree import open_regular, walk

_SAMPLES = 8
_SAMPLE_BYTES = 4096
"""The header of an image lies in its first kilobytes, and with it SOP Instance UID and patient."""


@dataclass(frozen=True)
class Survey:
    """What is on a medium.

    Attributes
    ----------
    root : str
        Its folder.
    files : tuple of str
        Its regular files in the order of its directory.
    unlisted : int
        Folders that could not be listed.
    fingerprint : str
        The same for a medium that has not changed. SHA-256 of the name, size and time of every file, and of the
        first bytes of some: two discs of one burner can agree in all the rest.
    """

    root: str
    files: Tuple[str, ...]
    unlisted: int
    fingerprint: str


def survey(root: Path, limits: IngestSettings) -> Survey:
    """List a medium; the service manager is told at each folder and file, for a scratched disc is slow.

    Parameters
    ----------
    root : pathlib.Path
        Its folder.
    limits : IngestSettings
        How many files may be on it.

    Raises
    ------
    UnreadablePathError
        As `appliance.dicom.tree.walk`.
    """
    tree = walk(str(root), limits.max_files, notify.alive)
    digest = hashlib.sha256()
    in_name_order = sorted(tree.files)
    for path in in_name_order:
        notify.alive()
        digest.update(os.fsencode(os.path.relpath(path, str(root))) + b"\0" + _size_and_time(path) + b"\0")
    for path in _evenly(in_name_order, _SAMPLES) + dicomdirs(tree.files):
        notify.alive()
        digest.update(_start(path))
    return Survey(str(root), tree.files, tree.unlisted, digest.hexdigest())


def dicomdirs(files: Sequence[str]) -> List[str]:
    """Return the files that are a DICOMDIR by name."""
    return [path for path in files if os.path.basename(path).upper() == "DICOMDIR"]


def by_listed_name(files: Sequence[str], directory: str) -> Dict[Tuple[str, ...], str]:
    """Return files by the path that a DICOMDIR would give them: its components from the DICOMDIR's folder, upper case.

    Parameters
    ----------
    files : sequence of str
        Files of a medium.
    directory : str
        Path of the DICOMDIR. Nothing above its folder can be named.
    """
    folder = os.path.join(os.path.dirname(directory), "")
    below = (path for path in files if path.startswith(folder))
    return {tuple(path[len(folder) :].upper().split(os.sep)): path for path in below}


def _size_and_time(path: str) -> bytes:
    try:
        found = os.lstat(path)
    except OSError:
        return b"gone"
    return f"{stat.S_IFMT(found.st_mode)} {found.st_size} {found.st_mtime_ns}".encode("ascii")


def _start(path: str) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(_SAMPLE_BYTES)
    except OSError:
        return b""


def _evenly(items: Sequence[str], count: int) -> List[str]:
    if len(items) <= count:
        return list(items)
    return [items[round(number * (len(items) - 1) / (count - 1))] for number in range(count)]
