"""Where frames come from: a camera at a port, one in the network, a video file, pictures. All give the same `Frame`.

A live source never ends and never raises: what is wrong with it comes between the frames as `Trouble`, within a second
and again every second, while it is opened again.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Iterator, Optional, Sequence, Type, Union

import cv2
import numpy as np

from appliance.camera.pictures import ENDINGS, find_pictures
from appliance.errors import TriageError

_PICTURE_S = 1.0
"""Time from one picture of a folder to the next."""

_USUAL_RATE = 30.0
"""Frames a second of a video that does not say."""


class SourceError(TriageError):
    """A source is named that is none, or a file cannot be read as one."""

    code = "bad_source"
    exit_status = 2


class TroubleKind(str, Enum):
    """What can be wrong with a live source. `appliance.guidance` holds the words."""

    NOT_THERE = "not_there"
    NO_PICTURES = "no_pictures"
    FROZEN = "frozen"
    RESIZED = "resized"


@dataclass(frozen=True)
class Frame:
    """One picture of a camera.

    Attributes
    ----------
    picture : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, blue, green, red.
    taken_s : float
        When it was taken: monotonic seconds of this machine, or a file's own time from its beginning.
    number : int
        Counts from 0; a gap tells of frames that a live source gave while nobody asked.
    """

    picture: np.ndarray
    taken_s: float
    number: int


@dataclass(frozen=True)
class Trouble:
    """Why there is no frame, or none that belongs with those before.

    Attributes
    ----------
    kind : TroubleKind
        What is wrong.
    """

    kind: TroubleKind


class FrameSource(ABC):
    """Gives frames while it is open: a context manager to be iterated once."""

    def __enter__(self) -> FrameSource:
        """Open it.

        Raises
        ------
        SourceError
            When a file cannot be read. A live source is opened in the background.
        """
        return self

    def __exit__(  # noqa: B027 - pictures have nothing to close
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """Close it."""

    def darken(self) -> None:  # noqa: B027 - what is recorded stays as it is
        """Expose less, where that can be told to the camera."""

    @abstractmethod
    def __iter__(self) -> Iterator[Union[Frame, Trouble]]:
        """Yield what it gives, the newest frame of a live source and every frame of a file."""


class VideoFile(FrameSource):
    """Every frame of a video file, in the file's own time.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._capture = cv2.VideoCapture()

    def __enter__(self) -> VideoFile:
        """Open the file."""
        if not self._capture.open(str(self._path), cv2.CAP_FFMPEG):
            raise SourceError(f"{self._path} cannot be read as a video.")
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """Close the file."""
        self._capture.release()

    def __iter__(self) -> Iterator[Union[Frame, Trouble]]:
        """Yield every frame."""
        said = float(self._capture.get(cv2.CAP_PROP_FPS))
        rate = said if 1.0 <= said <= 1000.0 else _USUAL_RATE
        number = 0
        found, picture = self._capture.read()
        while found:
            yield Frame(picture, number / rate, number)
            number += 1
            found, picture = self._capture.read()


class PictureFiles(FrameSource):
    """Each of some pictures once, one a second.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The files.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __iter__(self) -> Iterator[Union[Frame, Trouble]]:
        """Yield each picture.

        Raises
        ------
        SourceError
            When one cannot be read.
        """
        for number, path in enumerate(self._paths):
            data = np.fromfile(path, dtype=np.uint8)
            picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
            if picture is None:
                raise SourceError(f"{path} cannot be read as a picture.")
            yield Frame(picture, number * _PICTURE_S, number)


def now_s() -> float:
    """Return monotonic seconds."""
    return time.monotonic()


def file_source(path: Path) -> FrameSource:
    """Return the source that a file or a folder of pictures is.

    Raises
    ------
    SourceError
        When there is nothing there.
    NoPictureError
        When a folder holds no picture.
    """
    if path.is_dir():
        return PictureFiles(find_pictures(path))
    if not path.is_file():
        raise SourceError(
            f"There is no {path}. Name a camera (/dev/v4l/by-id/...), an address (rtsp://, http://) or a file."
        )
    return PictureFiles([path]) if path.suffix.lower() in ENDINGS else VideoFile(path)
