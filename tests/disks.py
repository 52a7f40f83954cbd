"""Disks that are small or cannot be written, where a test may mount."""

from __future__ import annotations

import errno
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

_TRIES = 100


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system of some megabytes on a new folder."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "none", folder)
    try:
        yield folder
    finally:
        _unmount(folder)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write below a folder, not even root, as a kernel does whose disk fails."""
    _mount("--bind", folder, folder)
    try:
        for _ in range(_TRIES):  # it is busy while somebody writes
            if not _asked("-o", "remount,bind,ro", folder).returncode:
                break
            time.sleep(0.05)
        else:
            _mount("-o", "remount,bind,ro", folder)
        yield
    finally:
        _unmount(folder)


def fill(folder: Path, keep: int = 0) -> Path:
    """Fill a disk up to some bytes with one file, and return that."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        left = shutil.disk_usage(folder).free - keep
        while left > 0:
            try:
                left -= file.write(bytes(min(left, 1 << 20)))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                break  # others write too
    return ballast


def _asked(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)


def _mount(*arguments: object) -> None:
    done = _asked(*arguments)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


def _unmount(folder: Path) -> None:
    # lazy: what a test that fails has still open must not keep its folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
