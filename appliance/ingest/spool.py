"""The spool: a folder for each medium that came in. What is in it is complete.

Files are named by us and lie flat: a foreign name can carry a path or a patient, and DICOM needs neither name nor
folder. A zip that came alone stays one, and is unpacked where it is read, under the limits there.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Iterable, List

from appliance.config import IngestSettings
from appliance.errors import UploadError
from appliance.files import sync_folder
from appliance.store import Case, Source, Store

_ARCHIVE = "archive.zip"
_UNFINISHED = ".receiving-"


class EmptyUploadError(UploadError):
    """Nothing, or only empty files, came in."""

    code = "empty_upload"


class UploadTooLargeError(UploadError):
    """More files or megabytes than one study may bring."""

    code = "upload_too_large"


class SpoolFullError(UploadError):
    """The disk has no room."""

    code = "spool_full"


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
        When there is nothing, too much, or no room. Nothing is left behind then.
    """
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=store.spool))
    try:
        _write(unfinished, limits, files)
        name = secrets.token_urlsafe(12)
        os.rename(unfinished, store.spool / name)
        sync_folder(store.spool)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SpoolFullError("The appliance's disk is full; remove old cases and send the study again.") from error
        raise
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return store.add(source, name)


def medium_path(store: Store, spool: str) -> Path:
    """Return what to judge of a spool's folder: its zip archive, or the folder."""
    archive = store.spool / spool / _ARCHIVE
    return archive if archive.is_file() else archive.parent


def discard_unfinished(store: Store) -> None:
    """Remove what was coming in when the appliance stopped. To be called while nothing comes in."""
    for folder in store.spool.glob(_UNFINISHED + "*"):
        shutil.rmtree(folder)


def _write(folder: Path, limits: IngestSettings, files: Iterable[Iterable[bytes]]) -> None:
    allowed = limits.max_mb * 1_000_000
    written: List[Path] = []
    for pieces in files:
        if len(written) >= limits.max_files:
            raise UploadTooLargeError(f"These are more than {limits.max_files} files; send one study.")
        path = folder / f"{len(written) + 1:06d}"
        with path.open("wb") as file:
            for piece in pieces:
                allowed -= len(piece)
                if allowed < 0:
                    raise UploadTooLargeError(f"This is more than {limits.max_mb} MB; send one study.")
                file.write(piece)
            size = file.tell()
        if size:
            written.append(path)
        else:
            path.unlink()
    if not written:
        raise EmptyUploadError("Nothing came in. Choose the folder or the zip archive of one study.")
    if len(written) == 1 and zipfile.is_zipfile(written[0]):
        written[0].rename(folder / _ARCHIVE)
    # all at once: an fsync costs milliseconds, and a study has hundreds of files
    os.sync()
