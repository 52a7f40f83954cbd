"""Files that are either whole or not there: written under a temporary name, synced, renamed."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, TextIO

from appliance.errors import UnreadablePathError


@contextmanager
def replace_text(path: Path) -> Iterator[TextIO]:
    """Open a text file (UTF-8) that takes the place of ``path`` once the block has ended without an exception.

    Raises
    ------
    UnreadablePathError
        When the folder cannot be written.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise UnreadablePathError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
