"""Find the files under a path that may be DICOM objects.

The files are the truth; a disc's DICOMDIR is only a hint (`appliance.dicom.directory`).
"""

from __future__ import annotations

import os
import stat
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path
from struct import error as StructError
from types import TracebackType
from typing import IO, List, Optional, Tuple, Type

from appliance.config import IngestSettings
from appliance.errors import ArchiveError, NoDicomError, UnreadablePathError

_PREAMBLE = 132


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
    """

    candidates: Tuple[str, ...]
    directories: Tuple[str, ...]


class Medium:
    """A folder, a disc, a zip archive or a single file, open for reading.

    A context manager: an archive is unpacked into a temporary folder that goes away on exit.

    Parameters
    ----------
    path : pathlib.Path
        What to read.
    limits : IngestSettings
        How much may be read.
    """

    def __init__(self, path: Path, limits: IngestSettings) -> None:
        self._path = path
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
            is_archive = self._path.is_file() and zipfile.is_zipfile(self._path)
            if not self._path.exists():
                raise UnreadablePathError(f"There is no file or folder {self._path}.")
        except OSError as error:
            raise UnreadablePathError(f"{self._path} cannot be read: {error.strerror}.") from error
        if is_archive:
            self._unpacked = tempfile.TemporaryDirectory(prefix="triage-")
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
        """List the files that look like DICOM.

        Raises
        ------
        NoDicomError
            When none does.
        UnreadablePathError
            When there are more files than the limit.
        """
        root = Path(self._unpacked.name) if self._unpacked else self._path
        candidates, directories = [], []
        for path in _regular_files(root, self._limits.max_files):
            if _looks_like_dicom(path):
                candidates.append(path)
                if os.path.basename(path).upper().startswith("DICOMDIR"):
                    directories.append(path)
        if not candidates:
            raise NoDicomError("No DICOM object was found there. Check that the right folder or disc was chosen.")
        return FoundFiles(tuple(candidates), tuple(directories))


def _regular_files(root: Path, limit: int) -> List[str]:
    """All regular files under a root, sorted; links are not followed, so that a disc cannot point outside itself."""
    if root.is_file():
        return [str(root)]
    found: List[str] = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            try:
                regular = stat.S_ISREG(os.lstat(path).st_mode)
            except OSError:
                continue
            if regular:
                found.append(path)
        if len(found) > limit:
            raise UnreadablePathError(f"{root} holds more than {limit} files; choose the folder of one study.")
    return sorted(found)


def _looks_like_dicom(path: str) -> bool:
    """Recognise the DICOM prefix (PS3.10 section 7.1), and files that lost their preamble or their prefix."""
    try:
        with open(path, "rb") as file:
            start = file.read(_PREAMBLE + 4)
    except OSError:
        return False
    if start[128:132] == b"DICM" or start[132:134] == b"\x02\x00":
        return True
    group = start[:2]
    return len(start) >= 8 and group in (b"\x02\x00", b"\x08\x00", b"\x00\x08") and b"\x00" in start[2:4]


def _unpack(archive: Path, folder: Path, limits: IngestSettings) -> None:
    """Unpack an archive's regular members under names of our own; their folders carry no meaning for us."""
    allowed = limits.max_mb * 1_000_000
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [item for item in opened.infolist() if not item.is_dir()]
            if len(members) > limits.max_files:
                raise ArchiveError(f"The archive holds more than {limits.max_files} files; send one study.")
            for number, member in enumerate(members):
                if member.file_size > 1_000_000 and member.file_size > limits.max_ratio * max(member.compress_size, 1):
                    raise ArchiveError("The archive unpacks to far more than its size; it cannot be a study.")
                # DICOMDIR keeps its name, which is how it is known
                base = os.path.basename(member.filename.replace("\\", "/")).upper()
                name = f"{number:06d}" if base != "DICOMDIR" else f"DICOMDIR-{number:06d}"
                with opened.open(member) as source, (folder / name).open("wb") as target:
                    allowed -= _copy(source, target, allowed)
    except UNPACK_ERRORS as error:
        raise ArchiveError("The zip archive is damaged or encrypted; pack it again without a password.") from error


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
