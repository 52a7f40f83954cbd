"""The JSON documents that the steps of a training leave for each other, and hashes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from appliance.errors import TriageError
from appliance.files import replace_file


class TrainingError(TriageError):
    """A step of the training was asked for in the wrong order or with the wrong data."""

    code = "training"
    exit_status = 2


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
