"""Frames written as a video file, for programs that read files and for a browser's pretended camera."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from appliance.files import replace_file
from training.documents import TrainingError

RATE = 30
"""Frames a second."""


def write_video(frames: Iterable[np.ndarray], path: Path) -> None:
    """Write frames as a file that its ending names.

    ``.mp4`` (MPEG-4) and ``.avi`` (motion JPEG) are for programs that read files; ``.y4m`` and ``.mjpeg`` for
    Chromium's
    ``--use-file-for-fake-video-capture``, which plays them in a loop.

    Parameters
    ----------
    frames : iterable of numpy.ndarray
        uint8 BGR, all of one shape with even sides.
    path : pathlib.Path
        The file.

    Raises
    ------
    TrainingError
        For another ending, or when this OpenCV cannot write the format.
    """
    if path.suffix in (".mp4", ".avi"):
        _write_container(frames, path)
    elif path.suffix in (".y4m", ".mjpeg"):
        with replace_file(path) as file:
            for number, frame in enumerate(frames):
                if path.suffix == ".mjpeg":
                    file.write(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
                    continue
                if number == 0:
                    height, width = frame.shape[:2]
                    file.write(f"YUV4MPEG2 W{width} H{height} F{RATE}:1 Ip A1:1 C420\n".encode())
                file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())
    else:
        raise TrainingError(f"{path.name} names no video format; end it with .mp4, .avi, .y4m or .mjpeg.")


def _write_container(frames: Iterable[np.ndarray], path: Path) -> None:
    code = "mp4v" if path.suffix == ".mp4" else "MJPG"
    part = path.with_name("." + path.name)
    writer = None
    for frame in frames:
        if writer is None:
            writer = cv2.VideoWriter(str(part), cv2.VideoWriter.fourcc(*code), RATE, frame.shape[1::-1])
            if not writer.isOpened():
                raise TrainingError(f"This OpenCV cannot write {path.suffix} files; choose .y4m or .mjpeg.")
        writer.write(frame)
    if writer is not None:
        writer.release()
        os.replace(part, path)
