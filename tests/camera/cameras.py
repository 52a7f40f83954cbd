"""A camera in the network that does what a test asks of it."""

from __future__ import annotations

import http.server
import threading
import time
from contextlib import contextmanager
from typing import Iterator, Tuple

import cv2
import numpy as np


class NetworkCamera:
    """Serves MJPEG on a port of this machine: counted pictures with noise, until told otherwise.

    Attributes
    ----------
    size : tuple of int
        Columns and rows.
    state : str
        ``on``, ``stalled`` (open, and nothing comes), ``frozen`` (the same picture), ``off`` (connections are closed).
    says_length : bool
        Whether each part has a Content-Length.
    """

    def __init__(self) -> None:
        self.size: Tuple[int, int] = (640, 360)
        self.state = "on"
        self.says_length = True
        self.given = 0
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments: object) -> None:
                pass

            def do_GET(self) -> None:  # noqa: N802
                if camera.state == "off":
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
                self.end_headers()
                try:
                    while camera.state != "off":
                        if camera.state != "stalled":
                            self.wfile.write(camera.part())
                        time.sleep(0.02)
                except OSError:
                    pass  # the reader went away

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/video"

    def part(self) -> bytes:
        """One part of the stream."""
        if self.state != "frozen":
            self.given += 1
        data = jpeg(self.given, self.size)
        length = f"Content-Length: {len(data)}\r\n".encode() if self.says_length else b""
        return b"--picture\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n" + data + b"\r\n"

    @contextmanager
    def serving(self) -> Iterator[NetworkCamera]:
        """Answer until left."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.state = "off"
            self._server.shutdown()
            self._server.server_close()


def numbered(number: int, size: Tuple[int, int]) -> np.ndarray:
    """A picture that carries a number as 16 black or white fields, on grey with noise."""
    columns, rows = size
    picture = np.random.default_rng(number).integers(100, 150, (rows, columns, 3), dtype=np.uint8)
    width = columns // 16
    for bit in range(16):
        picture[: rows // 2, bit * width : (bit + 1) * width] = 255 * (number >> bit & 1)
    return picture


def number_of(picture: np.ndarray) -> int:
    """Read the number back."""
    rows, columns = picture.shape[:2]
    width = columns // 16
    levels = [picture[rows // 8 : rows // 3, bit * width + 4 : (bit + 1) * width - 4].mean() for bit in range(16)]
    return sum(1 << bit for bit, level in enumerate(levels) if level > 127)


def jpeg(number: int, size: Tuple[int, int]) -> bytes:
    """The same as JPEG."""
    return cv2.imencode(".jpg", numbered(number, size))[1].tobytes()
