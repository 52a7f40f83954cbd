"""Frames on their way from a page to the camera process: one folder a capture, one file a frame.

A file is there whole or not at all, for it is renamed when it is written. Nothing waits long: when the camera process
is behind, the oldest frames go. What a camera saw names patients, so all of it goes when the capture is over.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional

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


@dataclass(frozen=True)
class WaitingFrame:
    """A frame that was sent.

    Attributes
    ----------
    number : int
        Counts the capture's frames.
    taken_s : float
        When it was taken, on the clock of the device that did.
    jpeg : bytes
        The file.
    """

    number: int
    taken_s: float
    jpeg: bytes


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

    def put(self, number: int, taken_ms: int, pieces: Iterator[bytes], max_bytes: int) -> None:
        """Write a frame, and let the oldest go where too many wait.

        Parameters
        ----------
        number : int
            Counts the capture's frames.
        taken_ms : int
            When it was taken: milliseconds on the clock of the device that did.
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
        unfinished = self._folder / f"{number:09d}-{taken_ms:012d}{_UNFINISHED}"
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
            unfinished.rename(unfinished.with_suffix(_ENDING))
        except BaseException:
            if unfinished.exists():
                unfinished.unlink()
            raise
        for old in self._waiting()[:-WAITING_MAX]:
            _unlink(old)

    def take(self) -> Optional[WaitingFrame]:
        """Return the oldest frame that waits, and remove it; None where none does."""
        for path in self._waiting():
            try:
                jpeg = path.read_bytes()
            except FileNotFoundError:
                continue  # it had to go meanwhile
            _unlink(path)
            number, taken_ms = path.stem.split("-")
            return WaitingFrame(int(number), int(taken_ms) / 1000, jpeg)
        return None

    def newest(self) -> int:
        """Return the number of the newest frame that waits; -1 where none does."""
        waiting = self._waiting()
        return int(waiting[-1].stem.split("-")[0]) if waiting else -1

    def show(self, jpeg: bytes) -> None:
        """Put a picture where the page finds it."""
        unfinished = self.preview.with_suffix(_UNFINISHED)
        unfinished.write_bytes(jpeg)
        unfinished.rename(self.preview)

    def remove(self) -> None:
        """Remove all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _waiting(self) -> List[Path]:
        return sorted(self._folder.glob(f"[0-9]*{_ENDING}"))


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        pass  # the other side was quicker
