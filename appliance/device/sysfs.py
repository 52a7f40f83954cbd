"""The kernel's small files: one value each, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Optional


def text(path: Path) -> Optional[str]:
    """Return what a file says, without the zero byte that ends strings of a device tree; None where it says nothing.

    A sensor of a part that is switched off is there and cannot be read (``EAGAIN``, ``EIO``).
    """
    try:
        said = path.read_text("utf-8", errors="replace").rstrip("\0\n ")
    except OSError:
        return None
    return said or None


def number(path: Path) -> Optional[int]:
    """Return the whole number that a file holds; None where it holds none."""
    said = text(path)
    try:
        return None if said is None else int(said)
    except ValueError:
        return None
