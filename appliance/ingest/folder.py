"""A folder of this machine, taken in as an upload is."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from appliance.config import IngestSettings
from appliance.dicom.tree import open_regular, walk
from appliance.errors import UnreadablePathError
from appliance.ingest.spool import take_in
from appliance.store import Case, Source, Store

_PIECE = 1 << 20


def ingest_folder(store: Store, limits: IngestSettings, folder: Path, source: Source) -> Case:
    """Copy a folder's regular files into the spool and queue them; links are not followed.

    Parameters
    ----------
    store : Store
        Has the spool and the queue.
    limits : IngestSettings
        How much may come in.
    folder : pathlib.Path
        What to copy, with all below it.
    source : Source
        Where it comes from.

    Raises
    ------
    TriageError
        As `appliance.ingest.spool.take_in` and `appliance.dicom.tree.walk`.
    UnreadablePathError
        When one of its files cannot be read.
    """
    paths = sorted(walk(str(folder), limits.max_files).files)
    return take_in(store, limits, (_pieces(path) for path in paths), source)


def _pieces(path: str) -> Iterator[bytes]:
    try:
        with open_regular(path) as file:
            piece = file.read(_PIECE)
            while piece:
                yield piece
                piece = file.read(_PIECE)
    except OSError as error:
        raise UnreadablePathError(f"{path} cannot be read: {error.strerror}.") from error
