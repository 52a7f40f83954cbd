"""Files that survive a power cut: either whole or not there."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator

from appliance.errors import DiskFullError, DiskReadOnlyError, UnreadablePathError


@contextmanager
def disk_in_words() -> Iterator[None]:
    """Turn what a disk says that has no room or cannot be written into an error with a sentence.

    Raises
    ------
    DiskFullError
        For a full disk or quota.
    DiskReadOnlyError
        For a disk that is mounted read-only, fails, or belongs to another user.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO):
            raise DiskReadOnlyError from error
        raise


@contextmanager
def replace_file(path: Path, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of ``path`` once the block has ended without an exception.

    Parameters
    ----------
    path : pathlib.Path
        The file; its folder is made if absent.
    mode : int
        Its permissions.

    Raises
    ------
    UnreadablePathError
        When the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise UnreadablePathError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and see it onto the disk; its folder is synced once, by `sync_folder`."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """See the names in a folder onto the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
