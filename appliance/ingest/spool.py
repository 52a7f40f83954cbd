"""The spool: a folder for each medium that came in. What is in it is complete.

Files are named by us and lie flat: a foreign name can carry a path or a patient, and DICOM needs neither name nor
folder. A zip that came alone stays one, and is unpacked where it is read, under the limits there.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Iterable, List

from appliance.config import IngestSettings
from appliance.dicom.find import looks_like_archive
from appliance.errors import DiskFullError, UploadError
from appliance.files import disk_in_words
from appliance.store import Case, Source, Store

ARCHIVE = "archive.zip"
"""Name of a zip that came alone."""

_MB = 1_000_000


class EmptyUploadError(UploadError):
    """Nothing, or only empty files, came in."""

    code = "empty_upload"


class UploadTooLargeError(UploadError):
    """More files or megabytes than one study may bring."""

    code = "upload_too_large"


def take_in(store: Store, limits: IngestSettings, files: Iterable[Iterable[bytes]], source: Source) -> Case:
    """Write files into the spool and queue them as one case.

    Parameters
    ----------
    store : Store
        Has the spool and the queue.
    limits : IngestSettings
        How much may come in.
    files : iterable of iterable of bytes
        The content of each file in pieces; each is read to its end before the next is asked for.
    source : Source
        Where they come from.

    Returns
    -------
    Case
        Queued.

    Raises
    ------
    UploadError
        When there is nothing, or too much. Nothing is left behind then.
    DiskFullError, DiskReadOnlyError
        When the disk does not take it. Nothing is left behind then either.
    """
    require_room(store, limits)
    with disk_in_words(), store.scratch(source.value) as folder:
        _write(store, folder, limits, files)
        return store.arrivals.receive(source, folder)


def require_room(store: Store, limits: IngestSettings) -> None:
    """Refuse a study before it comes in where the disk is nearly full: a verdict on what is there needs room too.

    Raises
    ------
    DiskFullError
        When less is free than the settings demand.
    """
    if shutil.disk_usage(store.spool).free < limits.min_free_mb * _MB:
        raise DiskFullError


def medium_path(store: Store, spool: str) -> Path:
    """Return what to judge of a spool's folder: its zip archive, or the folder."""
    archive = store.spool / spool / ARCHIVE
    return archive if archive.is_file() else archive.parent


def _write(store: Store, folder: Path, limits: IngestSettings, files: Iterable[Iterable[bytes]]) -> None:
    allowed = limits.max_mb * _MB
    written: List[Path] = []
    for count, pieces in enumerate(files):
        if count >= limits.max_files:  # the empty ones too, which come by the hundred thousand as well
            raise UploadTooLargeError(f"These are more than {limits.max_files} files; send one study.")
        path = folder / f"{len(written) + 1:06d}"
        with path.open("wb") as file:
            for piece in pieces:
                allowed -= len(piece)
                if allowed < 0:
                    raise UploadTooLargeError(f"This is more than {limits.max_mb} MB; send one study.")
                require_room(store, limits)  # what comes in must not take the room of what is there
                file.write(piece)
            size = file.tell()
        if size:
            written.append(path)
        else:
            path.unlink()
    if not written:
        raise EmptyUploadError("Nothing came in. Choose the folder or the zip archive of one study.")
    if len(written) == 1 and looks_like_archive(written[0]):
        written[0].rename(folder / ARCHIVE)
