"""Files that are either whole or not there, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from appliance.errors import TriageError


class TrainingError(TriageError):
    """A step of the training was asked for in the wrong order or with the wrong data."""

    code = "training"
    exit_status = 2


@contextmanager
def replace_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a binary file that takes the place of ``path`` once the block has ended without an exception."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document, whole or not at all."""
    with replace_file(path) as file:
        file.write((json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path, made_by: str) -> Any:
    """Read a JSON document that an earlier step wrote.

    Parameters
    ----------
    path : pathlib.Path
        The document.
    made_by : str
        The subcommand that writes it.

    Raises
    ------
    TrainingError
        When it is absent or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read; run `triage-train {made_by}` first.") from error


def digest(data: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
