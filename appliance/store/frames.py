"""Frames on their way from a page to the camera process: one folder a capture, one file a frame.

A file is there whole or not at all, for it is renamed when it is written. Nothing waits long: when the camera process
is behind, the oldest frames go. What a camera saw names patients, so all of it goes when the capture is over.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from appliance.errors import UploadError

WAITING_MAX = 20
"""Frames that wait at most: a second or two."""

_PREVIEW = "preview.jpg"
_ENDING = ".jpg"
_UNFINISHED = ".part"
_START = b"\xff\xd8\xff"


class NoFrameError(UploadError):
    """What came is no JPEG picture, or larger than a frame may be."""

    code = "no_frame"

    def __init__(self) -> None:
        super().__init__("This is no picture of a camera, or it is too large. Begin the capture again.")


class Frames:
    """The folder of one capture.

    Parameters
    ----------
    folder : pathlib.Path
        Made by `open`, removed by `remove`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def preview(self) -> Path:
        """Where the newest picture of the appliance's own camera is."""
        return self._folder / _PREVIEW

    def open(self) -> None:
        """Make the folder; what an earlier capture left in it goes."""
        self.remove()
        self._folder.mkdir(mode=0o700, parents=True)

    def put(self, number: int, pieces: Iterator[bytes], max_bytes: int) -> None:
        """Write a frame, and let the oldest go where too many wait.

        Parameters
        ----------
        number : int
            Counts the capture's frames.
        pieces : iterator of bytes
            The JPEG file.
        max_bytes : int
            How large it may be.

        Raises
        ------
        NoFrameError
            When it is no JPEG file or larger than that. Nothing of it is kept.
        FileNotFoundError
            When the capture is over.
        """
        unfinished = self._folder / f"{number:09d}{_UNFINISHED}"
        written = 0
        try:
            with unfinished.open("wb") as file:
                for piece in pieces:
                    if written == 0 and not piece.startswith(_START):
                        raise NoFrameError
                    written += len(piece)
                    if written > max_bytes:
                        raise NoFrameError
                    file.write(piece)
            if not written:
                raise NoFrameError
            unfinished.rename(self._path(number))
        except BaseException:
            if unfinished.exists():
                unfinished.unlink()
            raise
        for old in self._waiting()[:-WAITING_MAX]:
            self._unlink(old)

    def take(self) -> Optional[Tuple[int, bytes]]:
        """Return number and content of the oldest frame that waits, and remove it; None where none does."""
        for number in self._waiting():
            path = self._path(number)
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue  # it had to go meanwhile
            self._unlink(number)
            return number, content
        return None

    def show(self, jpeg: bytes) -> None:
        """Put a picture where the page finds it."""
        unfinished = self.preview.with_suffix(_UNFINISHED)
        unfinished.write_bytes(jpeg)
        unfinished.rename(self.preview)

    def remove(self) -> None:
        """Remove all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _waiting(self) -> List[int]:
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(int(name[: -len(_ENDING)]) for name in names if name.endswith(_ENDING) and name[0].isdigit())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:09d}{_ENDING}"

    def _unlink(self, number: int) -> None:
        try:
            self._path(number).unlink()
        except FileNotFoundError:
            pass  # the other side was quicker
