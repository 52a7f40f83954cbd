"""Find the files under a path that may be DICOM objects.

The files are the truth; a disc's DICOMDIR is only a hint (`appliance.dicom.directory`).
"""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path
from struct import error as StructError
from types import TracebackType
from typing import IO, List, Optional, Sequence, Tuple, Type

from appliance.config import IngestSettings
from appliance.dicom.tree import open_regular, walk
from appliance.errors import ArchiveError, NoDicomError, UnreadablePathError

START_BYTES = 136
"""As much of a file as `looks_like_dicom` needs."""

PICTURE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""First bytes of PNG and JPEG files."""

_ARCHIVE_START = b"PK\x03\x04"
_LOCAL_HEADER = 30
"""Least length of what precedes a member in an archive (APPNOTE.TXT 4.3.7)."""

_SMALL = 1_000_000
"""Bytes up to which a ratio says nothing: a page of zeros packs to almost nothing."""


UNPACK_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    StructError,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)
"""What zipfile raises on archives that are damaged, encrypted (RuntimeError), foreign or have names that do not
decode.
"""


@dataclass(frozen=True)
class FoundFiles:
    """What lies under a path.

    Attributes
    ----------
    candidates : tuple of str
        Files that look like DICOM, sorted by path.
    directories : tuple of str
        Those among them that are a DICOMDIR by name.
    unreadable : int
        Files and folders that could not be opened.
    pictures : tuple of str
        PNG and JPEG files, in the order of their paths, numbers by value.
    """

    candidates: Tuple[str, ...]
    directories: Tuple[str, ...]
    unreadable: int = 0
    pictures: Tuple[str, ...] = ()


class Medium:
    """A folder, a disc, a zip archive or a single file, open for reading.

    A context manager: an archive is unpacked into a temporary folder that goes away on exit.

    Parameters
    ----------
    path : pathlib.Path
        What to read.
    limits : IngestSettings
        How much may be read.
    temporary : pathlib.Path, optional
        Where to unpack; the system's folder of temporary files if not given.
    """

    def __init__(self, path: Path, limits: IngestSettings, temporary: Optional[Path] = None) -> None:
        self._path = path
        self._temporary = temporary
        self._limits = limits
        self._unpacked: Optional[tempfile.TemporaryDirectory[str]] = None

    def __enter__(self) -> Medium:
        """Unpack if need be.

        Raises
        ------
        UnreadablePathError
            When the path is absent or not readable.
        ArchiveError
            When an archive is damaged, encrypted or too large.
        """
        try:
            is_archive = looks_like_archive(self._path)
            if not self._path.exists():
                raise UnreadablePathError(f"There is no file or folder {self._path}.")
        except OSError as error:
            raise UnreadablePathError(f"{self._path} cannot be read: {error.strerror}.") from error
        if is_archive:
            self._unpacked = tempfile.TemporaryDirectory(prefix="triage-", dir=self._temporary)
            try:
                _unpack(self._path, Path(self._unpacked.name), self._limits)
            except BaseException:
                self._unpacked.cleanup()
                raise
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """Remove what was unpacked."""
        if self._unpacked:
            self._unpacked.cleanup()

    def files(self) -> FoundFiles:
        """List the files that look like DICOM, and pictures.

        Raises
        ------
        NoDicomError
            When there is neither.
        UnreadablePathError
            When there are more files than the limit.
        """
        root = Path(self._unpacked.name) if self._unpacked else self._path
        tree = walk(str(root), self._limits.max_files)
        candidates, directories, pictures, unreadable = [], [], [], tree.unlisted
        for path in sorted(tree.files):
            try:
                with open_regular(path) as file:
                    start = file.read(START_BYTES)
            except OSError:
                unreadable += 1
                continue
            if looks_like_dicom(start):
                candidates.append(path)
                if os.path.basename(path).upper().startswith("DICOMDIR"):
                    directories.append(path)
            elif start.startswith(PICTURE_STARTS):
                pictures.append(path)
        if not candidates and not pictures:
            raise NoDicomError("No DICOM object was found there. Check that the right folder or disc was chosen.")
        return FoundFiles(tuple(candidates), tuple(directories), unreadable, tuple(sorted(pictures, key=_natural)))


def _natural(path: str) -> List[object]:
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"([0-9]+)", path)]


def looks_like_dicom(start: bytes) -> bool:
    """Recognise the DICOM prefix (PS3.10 section 7.1), and files that lost their preamble or their prefix.

    Parameters
    ----------
    start : bytes
        The first `START_BYTES` of a file.
    """
    if start[128:132] == b"DICM" or start[132:134] == b"\x02\x00":
        return True
    group = start[:2]
    return len(start) >= 8 and group in (b"\x02\x00", b"\x08\x00", b"\x00\x08") and b"\x00" in start[2:4]


def looks_like_archive(path: Path) -> bool:
    """Recognise a zip archive, also one whose end, where its directory stands, is lost.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return starts_as_archive(file.read(START_BYTES)) or zipfile.is_zipfile(file)


def starts_as_archive(start: bytes) -> bool:
    """Recognise a zip archive by its first bytes."""
    return start.startswith(_ARCHIVE_START)


def _unpack(archive: Path, folder: Path, limits: IngestSettings) -> None:
    """Unpack an archive's regular members under names of our own; their folders carry no meaning for us."""
    allowed = limits.max_mb * 1_000_000
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [item for item in opened.infolist() if not item.is_dir()]
            _check_claims(members, limits)
            for number, member in enumerate(members):
                # DICOMDIR keeps its name, which is how it is known
                base = os.path.basename(member.filename.replace("\\", "/")).upper()
                name = f"{number:06d}" if base != "DICOMDIR" else f"DICOMDIR-{number:06d}"
                with opened.open(member) as source, (folder / name).open("wb") as target:
                    allowed -= _copy(source, target, allowed)
    except UNPACK_ERRORS as error:
        raise ArchiveError("The zip archive is damaged or encrypted; pack it again without a password.") from error


def _check_claims(members: Sequence[zipfile.ZipInfo], limits: IngestSettings) -> None:
    """Refuse what an archive's directory already gives away, before anything is unpacked.

    A directory may also lie: what comes out is counted by `_copy`, and zipfile checks size and CRC.
    """
    if len(members) > limits.max_files:
        raise ArchiveError(f"The archive holds more than {limits.max_files} files; send one study.")
    for member in members:
        if member.file_size > _SMALL and member.file_size > limits.max_ratio * max(member.compress_size, 1):
            raise ArchiveError("The archive unpacks to far more than its size; it cannot be a study.")
    if sum(member.file_size for member in members) > limits.max_mb * 1_000_000:
        raise ArchiveError("The archive unpacks to more than the limit; send one study.")
    # members that share their bytes unpack to far more than the archive, each at a ratio that looks harmless
    # (D. Fifield, A better zip bomb, WOOT 2019)
    end = 0
    for member in sorted(members, key=lambda item: item.header_offset):
        if member.header_offset < end:
            raise ArchiveError("Files overlap in the archive; it cannot be a study.")
        end = member.header_offset + _LOCAL_HEADER + member.compress_size


def _copy(source: IO[bytes], target: IO[bytes], allowed: int) -> int:
    copied = 0
    while True:
        block = source.read(1 << 20)
        if not block:
            return copied
        copied += len(block)
        if copied > allowed:
            raise ArchiveError("The archive unpacks to more than the limit; send one study.")
        target.write(block)
