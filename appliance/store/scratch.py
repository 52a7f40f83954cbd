"""Temporary folders that do not outlive their process, even where it is killed.

The maker of a folder holds a lock on it (``flock(2)``), and the kernel lets go of the lock when the process ends,
however it ends. So a sweep knows what is left over without process numbers, which are used again, and without ages,
for which there is no right limit.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

log = logging.getLogger("appliance.store.scratch")


@contextmanager
def held_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Make an empty folder that is removed at the end of the block, unless it was moved away, or by a later `sweep`.

    Parameters
    ----------
    parent : pathlib.Path
        Where to make it.
    prefix : str
        Beginning of its name.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _lock(folder)
        if lock is not None:
            break  # else a sweep came between the two lines
    try:
        yield folder
    finally:
        # as long as the lock is held, nobody else can have made a folder of this name
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep(parent: Path, prefix: str = "") -> int:
    """Remove the folders of processes that ended without doing so themselves.

    Returns
    -------
    int
        How many were removed.
    """
    removed = 0
    for folder in parent.glob(prefix + "*"):
        lock = _lock(folder)
        if lock is not None:
            try:
                shutil.rmtree(folder)
                removed += 1
            except OSError as error:
                log.error("%s is left over and cannot be removed: %s", folder, error)
            finally:
                os.close(lock)
    return removed


def _lock(folder: Path) -> Optional[int]:
    """Lock a folder and return the descriptor that holds the lock; None where another has it or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(folder)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
