"""The series of a verdict as a page shows it, slice by slice: ``<folder>/<case id>/series/``.

Two files, whole or not at all: ``series.json`` says what is there, and ``slices`` holds each slice as a gzip stream of
its bytes, row by row. A browser unpacks that by itself, exactly: it may not read pictures back from a canvas without
noise that some browsers add against being recognised. One file in place of hundreds also goes onto the disk with one
sync.

What waits to be rendered is a file too, ``plan.json`` beside the pictures, so that whatever removes a case's folder
takes the plan with it. It is ``plan.begun`` while somebody works on it. Work that never ended, for its process was
killed, is taken up again, but not for ever: the plan may be what killed the process. How often it was begun stands in
its name: a rename, unlike a new file, cannot bring back the folder of a case that is removed at the same moment.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from enum import Enum
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional

from appliance.files import replace_file, sync_folder, write_synced
from appliance.store.scratch import held_folder

_WAITING = ("plan.json", "plan-2.json", "plan-3.json")
"""A plan that waits for the first, the second or the third time."""

_BEGUN = ("plan.begun", "plan-2.begun", "plan-3.begun")
"""The same plan while somebody works on it."""

_SERIES, _DOCUMENT, _SLICES = "series", "series.json", "slices"
_OFFSET = struct.Struct("<Q")


class SeriesState(str, Enum):
    """Whether the slices of a case can be shown."""

    READY = "ready"
    PREPARING = "preparing"
    NONE = "none"


def series_state(folder: Path, case_id: str) -> SeriesState:
    """Tell whether the slices of a case are there, or will be."""
    try:
        names = set(os.listdir(folder / case_id))
    except FileNotFoundError:
        names = set()
    if _SERIES in names:
        return SeriesState.READY
    return SeriesState.PREPARING if names & {*_WAITING, *_BEGUN} else SeriesState.NONE


def write_plan(folder: Path, case_id: str, plan: Mapping[str, Any]) -> None:
    """Note what to render for a case whose folder is there."""
    with replace_file(folder / case_id / _WAITING[0]) as file:
        file.write(json.dumps(plan).encode())


def planned(folder: Path) -> List[str]:
    """List the cases that wait to be rendered, in no order."""
    return [path.parent.name for name in _WAITING for path in folder.glob("[!.]*/" + name)]


def begin_plan(folder: Path, case_id: str) -> Optional[Dict[str, Any]]:
    """Take the plan of a case; None where it is gone."""
    for waiting, begun in zip(_WAITING, _BEGUN):
        try:
            os.rename(folder / case_id / waiting, folder / case_id / begun)
            return dict(json.loads((folder / case_id / begun).read_bytes()))
        except (FileNotFoundError, NotADirectoryError):
            pass
    return None


def give_plan_back(folder: Path, case_id: str) -> None:
    """Let a plan wait again as if it had not been begun; nothing where its case is gone."""
    for waiting, begun in zip(_WAITING, _BEGUN):
        try:
            os.rename(folder / case_id / begun, folder / case_id / waiting)
        except FileNotFoundError:
            pass


def drop_plan(folder: Path, case_id: str) -> None:
    """Forget a plan, done or not."""
    for name in (*_WAITING, *_BEGUN):
        try:
            os.unlink(folder / case_id / name)
        except FileNotFoundError:
            pass


def take_up_begun(folder: Path) -> int:
    """Let the plans that a killed process had begun wait again, and say how many.

    Forgotten are those that were begun for the last time, and those whose series was written all the same.
    """
    taken_up = 0
    for begun, again in zip(_BEGUN, (*_WAITING[1:], None)):
        for path in folder.glob("[!.]*/" + begun):
            if again is None or (path.parent / _SERIES).exists():
                path.unlink()
            else:
                os.rename(path, path.with_name(again))
                taken_up += 1
    return taken_up


def packed(pixels: bytes) -> bytes:
    """Return bytes as a gzip stream (RFC 1952). Runs and frequencies alone are coded: noise has no other order."""
    coder = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    return coder.compress(pixels) + coder.flush()


def write_series(folder: Path, case_id: str, document: Mapping[str, Any], slices: Iterable[bytes]) -> bool:
    """Write the slices of a case, all or none.

    Parameters
    ----------
    folder : pathlib.Path
        Holds one folder for each case.
    case_id : str
        The case.
    document : mapping
        What ``series.json`` shall say; ``slices`` is their number.
    slices : iterable of bytes
        Each from `packed`. Nothing is kept where it raises.

    Returns
    -------
    bool
        False where the case was removed meanwhile.
    """
    with held_folder(folder, ".writing-") as made:
        with (made / _SLICES).open("wb") as file:
            offsets = [(int(document["slices"]) + 1) * _OFFSET.size]
            file.seek(offsets[0])
            for data in slices:
                file.write(data)
                offsets.append(offsets[-1] + len(data))
            if len(offsets) != document["slices"] + 1:
                raise ValueError(f"{len(offsets) - 1} slices came, not {document['slices']}")
            file.seek(0)
            file.write(b"".join(map(_OFFSET.pack, offsets)))
            file.flush()
            os.fsync(file.fileno())
        write_synced(made / _DOCUMENT, json.dumps(document, separators=(",", ":")).encode())
        sync_folder(made)
        try:
            os.rename(made, folder / case_id / _SERIES)
            sync_folder(folder / case_id)
        except FileNotFoundError:
            return False
    return True


def read_document(folder: Path, case_id: str) -> Optional[bytes]:
    """Return ``series.json``, None where the case has no slices."""
    try:
        return (folder / case_id / _SERIES / _DOCUMENT).read_bytes()
    except FileNotFoundError:
        return None


def read_slice(folder: Path, case_id: str, number: int) -> Optional[bytes]:
    """Return a slice as a gzip stream, slices counted from 1; None where there is no such one."""
    try:
        with (folder / case_id / _SERIES / _SLICES).open("rb") as file:
            first = _OFFSET.unpack(file.read(_OFFSET.size))[0]
            if not 1 <= number < first // _OFFSET.size:
                return None
            file.seek((number - 1) * _OFFSET.size)
            begin, end = struct.unpack("<QQ", file.read(2 * _OFFSET.size))
            file.seek(begin)
            return file.read(end - begin)
    except FileNotFoundError:
        return None
