"""Walk a folder that may be hostile: links, pipes, devices, endless depth, a hundred thousand names."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import IO, Callable, List, Tuple

from appliance.errors import UnreadablePathError

MAX_DEPTH = 64
"""Folders within folders. ISO 9660 allows 8; what goes deeper than this was made to break a program."""


@dataclass(frozen=True)
class Tree:
    """The regular files under a folder.

    Attributes
    ----------
    files : tuple of str
        Their paths in the order of the directory, the files of a folder before those of its folders. A disc is read
        fastest in that order.
    unlisted : int
        Folders that could not be listed.
    """

    files: Tuple[str, ...]
    unlisted: int


def walk(root: str, limit: int, pulse: Callable[[], None] = lambda: None) -> Tree:
    """List the regular files under a folder.

    Links are not followed, so that a medium cannot point outside itself; pipes and devices are not opened. Names are
    kept as the bytes they are (``surrogateescape``), whatever encoding they were written in.

    Parameters
    ----------
    root : str
        A folder, or a regular file, which is then the only one.
    limit : int
        Most files and folders.
    pulse : callable
        Called before each folder is listed, which takes long on a scratched disc.

    Raises
    ------
    UnreadablePathError
        When there are more than the limit, or folders nest deeper than `MAX_DEPTH`.
    """
    if os.path.isfile(root):
        return Tree((root,), 0)
    files: List[str] = []
    waiting: List[Tuple[str, int]] = [(root, 0)]
    entries = unlisted = 0
    # a list of what is left, where a function that calls itself would end at Python's limit of calls
    while waiting:
        folder, depth = waiting.pop()
        folders: List[Tuple[str, int]] = []
        pulse()
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    entries += 1
                    if entries > limit:
                        raise UnreadablePathError(
                            f"{root} holds more than {limit} files; choose the folder of one study."
                        )
                    if entry.is_file(follow_symlinks=False):
                        files.append(entry.path)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append((entry.path, depth + 1))
        except OSError:
            unlisted += 1
        if folders and depth >= MAX_DEPTH:
            raise UnreadablePathError(
                f"{root} has folders more than {MAX_DEPTH} deep; copy the study's folder to another medium."
            )
        waiting.extend(reversed(folders))
    return Tree(tuple(files), unlisted)


def open_regular(path: str) -> IO[bytes]:
    """Open a file for reading, unless it has become a link, a pipe or a device since it was listed.

    Raises
    ------
    OSError
        When it has, or cannot be opened.
    """
    # a pipe would otherwise be waited for until somebody writes into it
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        # unbuffered: a file that is no image is left after its first bytes
        return os.fdopen(descriptor, "rb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise
