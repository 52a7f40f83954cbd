"""Read one disc or stick into the spool.

Each file is read once, in the order of the disc's DICOMDIR, or of its directory where there is none. Only DICOM
objects are taken: a viewer, or whatever else is on somebody's stick, stays there.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import Dict, Iterator, Optional, Tuple, Union

from appliance.config import IngestSettings, Settings
from appliance.dicom.find import Medium
from appliance.dicom.reader import DicomReader
from appliance.errors import NoDicomError, UnreadablePathError
from appliance.files import disk_in_words
from appliance.ingest.copies import Copies, Unreadable
from appliance.ingest.losses import write_losses
from appliance.ingest.place import Inserted, Place, is_there
from appliance.ingest.spool import require_room
from appliance.ingest.survey import Survey, by_listed_name, dicomdirs
from appliance.reasons import ReasonCode
from appliance.store import Case, Source, Store

_GRACE_S = 3.0
"""How long after its last file could not be read a medium may still seem to be there. Its files fail before the kernel
and systemd have taken its mount away."""
_PERIOD_S = 0.1
_DIRECTORIES = 4


@dataclass(frozen=True)
class Reading:
    """How many of a medium's files were looked at."""

    done: int
    total: int


@dataclass(frozen=True)
class MediumRead:
    """What came of a medium.

    Attributes
    ----------
    case : Case or None
        Queued; None where the medium went away before any image was read.
    gone : bool
        Whether it went away before all of it was read.
    complete : bool
        Whether all that it holds was read.
    """

    case: Optional[Case]
    gone: bool
    complete: bool


def read_medium(
    store: Store, settings: Settings, place: Place, medium: Inserted, found: Survey
) -> Iterator[Union[Reading, MediumRead]]:
    """Copy a medium's DICOM objects into the spool and queue them.

    Parameters
    ----------
    store : Store
        Has the spool and the queue.
    settings : Settings
        How much may come in, and the limits of the process that reads a DICOMDIR.
    place : Place
        Tells whether the medium is still there.
    medium : Inserted
        The medium.
    found : Survey
        What is on it.

    Yields
    ------
    Reading
        After each file.
    MediumRead
        Last. What was read whole of a medium that went away is queued too, with a note that its verdict shows.

    Raises
    ------
    NoDicomError
        When there is no DICOM object on it.
    ArchiveError
        When all there is on it is a zip archive, and that is damaged, encrypted or too large.
    UnreadablePathError
        When nothing on it can be read.
    UploadError
        When it is too much.
    DiskFullError, DiskReadOnlyError
        When the appliance's own disk does not take it.
    """
    require_room(store, settings.ingest)
    total = len(found.files)
    with store.scratch("media") as folder, disk_in_words():
        copies = Copies(store, folder, settings.ingest)
        order = _in_order(copies, found, settings)
        done, failed, objects = total - len(order.files) - order.failed, order.failed, 0
        gone = False
        for path in order.files:
            try:
                objects += copies.take(path) is not None
                done += 1
            except Unreadable:
                failed += 1
                gone = not is_there(place, medium)
                if gone:
                    break
            yield Reading(done + failed, total)
        gone = gone or (failed > 0 and _goes_away(place, medium))
        unread = total - done if gone else failed + found.unlisted
        if not objects:
            if gone:
                yield MediumRead(None, gone, complete=False)
                return
            _take_only_archive(copies, settings.ingest, unread)
        losses = {
            ReasonCode.MEDIUM_REMOVED if gone else ReasonCode.UNREADABLE_FILES: unread,
            ReasonCode.MISSING_FILES: order.missing,
        }
        write_losses(folder, losses)
        case = store.arrivals.receive(Source.MEDIA, folder)
    yield MediumRead(case, gone, complete=not gone and not unread)


@dataclass(frozen=True)
class _Order:
    """The files still to be read after the DICOMDIR, how many of these failed, and how many files they name in vain."""

    files: Tuple[str, ...]
    failed: int
    missing: int


def _in_order(copies: Copies, found: Survey, settings: Settings) -> _Order:
    """Copy each DICOMDIR and have the copy read: it says in which order the disc was written."""
    # a disc has one; a stick that holds many holds copies of discs, or was made to keep this busy
    directories = sorted(dicomdirs(found.files), key=lambda path: path.count(os.sep))[:_DIRECTORIES]
    taken = {}
    failed = missing = 0
    for directory in directories:
        try:
            taken[directory] = copies.take(directory)
        except Unreadable:
            failed += 1
    listed: Dict[str, None] = {}  # a set that keeps its order
    if any(taken.values()):
        # a directory made to do harm does it to the child
        with DicomReader(replace(settings.decode, processes=1)) as reader:
            for directory, copy in taken.items():
                by_name = by_listed_name(found.files, directory)
                here = {name[0] for name in by_name}
                for parts in reader.listed_files(str(copy)) if copy else ():
                    name = tuple(part.upper() for part in parts)
                    if name in by_name:
                        listed[by_name[name]] = None
                    else:
                        # whole branches that are absent were left out on purpose, by whoever copied the disc
                        missing += name[0] in here
    others = (path for path in found.files if path not in listed)
    files = [path for path in (*listed, *others) if path not in directories]
    return _Order(tuple(files), failed, missing)


def _take_only_archive(copies: Copies, limits: IngestSettings, unread: int) -> None:
    """Copy the zip archive of a medium that holds no DICOM object outside it, if that holds some."""
    try:
        if len(copies.archives) == 1:
            with Medium(copies.take_archive(copies.archives[0]), limits) as archive:
                archive.files()
            return
    except Unreadable:
        unread += 1
    if unread:
        raise UnreadablePathError("The medium cannot be read; clean the disc, or copy the study to another medium.")
    raise NoDicomError("No DICOM object was found there. Check that the right folder or disc was chosen.")


def _goes_away(place: Place, medium: Inserted) -> bool:
    """Wait a moment for a medium to go away, since a file of it could not be read."""
    deadline = time.monotonic() + _GRACE_S
    while is_there(place, medium):
        if time.monotonic() > deadline:
            return False
        place.wait(_PERIOD_S)
    return True
