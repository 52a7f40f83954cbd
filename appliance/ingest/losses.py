"""What did not come in with a study: kept beside its files, so that its verdict can say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, Mapping

from appliance.reasons import ReasonCode

_NAME = "losses.json"


def write_losses(folder: Path, losses: Mapping[ReasonCode, int]) -> None:
    """Note in a folder that is on its way into the spool how many files are not in it, and why.

    Parameters
    ----------
    folder : pathlib.Path
        The folder. Nothing is written where nothing was lost.
    losses : mapping of ReasonCode to int
        Number of files by the code of the reason, whose sentence names a ``count``.
    """
    document = {code.value: count for code, count in losses.items() if count}
    if document:
        (folder / _NAME).write_text(json.dumps(document), "ascii")


def read_losses(folder: Path) -> Dict[ReasonCode, int]:
    """Return what `write_losses` wrote into a folder of the spool, empty where it wrote nothing."""
    try:
        document = json.loads((folder / _NAME).read_text("ascii"))
    except FileNotFoundError:
        return {}
    return {ReasonCode(code): int(count) for code, count in document.items()}
