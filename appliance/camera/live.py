"""Live sources: a thread reads, and only the newest frame is kept."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Callable, Iterator, Optional, Type, Union

import cv2
import numpy as np

from appliance.camera.mjpeg import MjpegStream
from appliance.camera.sources import Frame, FrameSource, SourceError, Trouble, TroubleKind, file_source, now_s
from appliance.camera.stream import Stream, StreamEnded

SIZE = (1280, 720)
"""Columns and rows that a camera at a port is asked for; it may give others."""

_STALE_S = 0.8
"""Without a new frame for so long, something is wrong. A camera in a dark room gives several a second."""

_REOPEN_S = 3.0
"""A camera that gives nothing new for so long is opened again."""

_WAITS_S = (0.5, 1.0, 2.0)
"""Waits between attempts to open; the last one repeats."""

_DARKER = 0.75
"""Share of the exposure's time that is left with each step."""

_MANUAL, _AUTOMATIC = 1, 3
"""V4L2_EXPOSURE_MANUAL, and V4L2_EXPOSURE_APERTURE_PRIORITY, which cameras at a port call automatic (videodev2.h)."""

_DARKEN_S = 1.5
"""Until a step is seen in the frames and looked at."""

_OPEN_MS, _READ_MS = 3000, 1500


class CaptureStream:
    """A camera at a port (V4L2) or one in the network (RTSP over TCP), read by OpenCV.

    Parameters
    ----------
    address : str
        Path of the device, or the URL.

    Raises
    ------
    StreamEnded
        When it cannot be opened.
    """

    def __init__(self, address: str) -> None:
        if "://" in address:
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]
            self._capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)
        else:
            if not os.path.exists(address):
                raise StreamEnded
            os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")
            self._capture = cv2.VideoCapture(address, cv2.CAP_V4L2)
            # uncompressed, a port of USB 2 carries this size only a few times a second
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, SIZE[0])
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, SIZE[1])
            # a camera keeps what it was told last, also after it was closed
            self._capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _AUTOMATIC)
        if not self._capture.isOpened():
            raise StreamEnded

    def read(self) -> np.ndarray:
        """Wait for the next picture: uint8, shape ``(rows, columns, 3)``.

        Raises
        ------
        StreamEnded
            When there is none any more.
        """
        found, picture = self._capture.read()
        if not found or picture is None or picture.ndim != 3:
            raise StreamEnded
        return picture

    def darken(self) -> bool:
        """Set the exposure by hand, a step shorter than it is; only cameras at a port can be told."""
        now = float(self._capture.get(cv2.CAP_PROP_EXPOSURE))
        if self._capture.getBackendName() != "V4L2" or now <= 1:
            return False
        self._capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL)
        return bool(self._capture.set(cv2.CAP_PROP_EXPOSURE, max(_DARKER * now, 1.0)))

    def close(self) -> None:
        """Close it."""
        self._capture.release()


class LiveSource(FrameSource):
    """The newest frame of a camera, or what is wrong with it.

    A frame that equals the one before in every pixel is none: no camera's noise repeats.

    Parameters
    ----------
    connect : callable
        Opens the stream; raises `StreamEnded` where that fails.
    """

    def __init__(self, connect: Callable[[], Stream]) -> None:
        self._connect = connect
        self._changed = threading.Condition()
        self._newest: Optional[Frame] = None
        self._resized = False
        self._kind = TroubleKind.NOT_THERE
        self._ended = threading.Event()
        self._darker = threading.Event()
        self._darkened_s = -np.inf
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def __enter__(self) -> LiveSource:
        """Start reading."""
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """End the thread; one that waits for a driver that hangs is left to end by itself."""
        self._ended.set()
        self._thread.join(2 * _STALE_S)

    def darken(self) -> None:
        """Have the thread that reads tell the camera; what is said while a step is under way counts once."""
        if now_s() - self._darkened_s > _DARKEN_S:
            self._darkened_s = now_s()
            self._darker.set()

    def __iter__(self) -> Iterator[Union[Frame, Trouble]]:
        """Yield the newest frame each time, and a `Trouble` for every `_STALE_S` without a new one."""
        while not self._ended.is_set():
            with self._changed:
                came = self._changed.wait_for(lambda: self._newest is not None, _STALE_S)
                frame, resized, kind = self._newest, self._resized, self._kind
                self._newest, self._resized = None, False
            if resized:
                yield Trouble(TroubleKind.RESIZED)
            if came and frame is not None:
                yield frame
            elif not resized:
                yield Trouble(kind)

    def _run(self) -> None:
        attempts, number = 0, 0
        before: Optional[np.ndarray] = None
        while not self._ended.is_set():
            try:
                stream = self._connect()
            except StreamEnded:
                self._say(TroubleKind.NOT_THERE)
                self._ended.wait(_WAITS_S[min(attempts, len(_WAITS_S) - 1)])
                attempts += 1
                continue
            self._say(TroubleKind.NO_PICTURES)
            try:
                new_at = now_s()
                while not self._ended.is_set() and now_s() - new_at < _REOPEN_S:
                    if self._darker.is_set():
                        self._darker.clear()
                        stream.darken()
                    picture = stream.read()
                    if before is not None and _same(picture, before):
                        self._say(TroubleKind.FROZEN)
                        continue
                    new_at = now_s()
                    self._give(Frame(picture, new_at, number), before is not None and picture.shape != before.shape)
                    before, number, attempts = picture, number + 1, 0
            except StreamEnded:
                self._say(TroubleKind.NO_PICTURES)
            finally:
                stream.close()
            self._ended.wait(_WAITS_S[0])

    def _give(self, frame: Frame, resized: bool) -> None:
        with self._changed:
            self._newest = frame
            self._resized = self._resized or resized
            self._kind = TroubleKind.NO_PICTURES
            self._changed.notify()

    def _say(self, kind: TroubleKind) -> None:
        with self._changed:
            self._kind = kind


def _same(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two pictures are the same to the bit; a coarse look settles nearly all."""
    return (
        first.shape == second.shape
        and np.array_equal(first[::16, ::16], second[::16, ::16])
        and np.array_equal(first, second)
    )


def open_source(address: str) -> FrameSource:
    """Return the source of an address; it is opened when it is entered.

    Parameters
    ----------
    address : str
        ``/dev/v4l/by-id/...`` (which stays the same when other cameras come and go), ``rtsp://...``, ``http://...`` or
        ``https://...`` (MJPEG), or the path of a video, a picture or a folder of pictures.

    Returns
    -------
    FrameSource
        Live for a camera, whether it is there or not.

    Raises
    ------
    SourceError
        When it is none of these.
    NoPictureError
        When it is a folder without a picture.
    """
    scheme, separator, _ = address.partition("://")
    if separator and scheme == "rtsp":
        return LiveSource(lambda: CaptureStream(address))
    if separator and scheme in ("http", "https"):
        return LiveSource(lambda: MjpegStream(address))
    if separator:
        raise SourceError(f"An address that begins with {scheme}:// is no camera; use rtsp:// or http://.")
    if address.startswith("/dev/"):
        return LiveSource(lambda: CaptureStream(address))
    return file_source(Path(address))
