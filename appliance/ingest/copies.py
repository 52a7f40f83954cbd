"""Files of a medium, copied one by one. What fails to be read is told apart from what fails to be written."""

from __future__ import annotations

from pathlib import Path
from typing import IO, List, Optional

from appliance import notify
from appliance.config import IngestSettings
from appliance.dicom.find import START_BYTES, looks_like_dicom, starts_as_archive
from appliance.dicom.tree import open_regular
from appliance.ingest.spool import ARCHIVE, UploadTooLargeError, require_room
from appliance.store import Store

_PIECE = 1 << 20


class Unreadable(Exception):
    """A file of the medium cannot be read."""


class Copies:
    """The files taken so far, flat and under names of ours.

    Parameters
    ----------
    store : Store
        Has the disk.
    folder : pathlib.Path
        Where to write.
    limits : IngestSettings
        How much may be written.

    Attributes
    ----------
    archives : list of str
        The zip archives among the files; they are not copied.
    """

    def __init__(self, store: Store, folder: Path, limits: IngestSettings) -> None:
        self._store = store
        self._folder = folder
        self._limits = limits
        self._allowed = limits.max_mb * 1_000_000
        self._written = 0
        self.archives: List[str] = []

    def take(self, path: str) -> Optional[Path]:
        """Copy a file if it is a DICOM object and return the copy; remember it if it is an archive.

        Raises
        ------
        Unreadable
            When it cannot be read to its end. Nothing of it is kept.
        UploadTooLargeError
            When it is more than may come in.
        """
        with _opened(path) as source:
            start = _read(source, START_BYTES)
            if looks_like_dicom(start):
                self._written += 1
                return self._write(f"{self._written:06d}", start, source)
        if starts_as_archive(start):
            self.archives.append(path)
        return None

    def take_archive(self, path: str) -> Path:
        """Copy an archive as the only file; raises as `take`."""
        with _opened(path) as source:
            return self._write(ARCHIVE, b"", source)

    def _write(self, name: str, start: bytes, source: IO[bytes]) -> Path:
        copy = self._folder / name
        try:
            with copy.open("wb") as target:
                piece = start or _read(source, _PIECE)
                while piece:
                    notify.alive()  # a file may be as large as the medium, and a scratched disc slow
                    self._allowed -= len(piece)
                    if self._allowed < 0:
                        raise UploadTooLargeError(f"This is more than {self._limits.max_mb} MB; copy one study.")
                    require_room(self._store, self._limits)
                    target.write(piece)
                    piece = _read(source, _PIECE)
        except BaseException:
            copy.unlink()
            raise
        return copy


def _opened(path: str) -> IO[bytes]:
    try:
        return open_regular(path)
    except OSError as error:
        raise Unreadable from error


def _read(source: IO[bytes], size: int) -> bytes:
    # told apart from what fails while the copy is written
    try:
        return source.read(size)
    except OSError as error:
        raise Unreadable from error
