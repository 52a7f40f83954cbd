"""JPEG pictures over HTTP, ``multipart/x-mixed-replace`` (RFC 2046), as most cameras in a network give them.

Read here and not by OpenCV, which scales pictures that change their size to the size of the first.
"""

from __future__ import annotations

import base64
import http.client
from typing import Dict, Union
from urllib.parse import unquote, urlsplit

import cv2
import numpy as np

from appliance.camera.stream import StreamEnded

_TIMEOUT_S = 1.5
_MAX_BYTES = 20_000_000


class MjpegStream:
    """Pictures of one HTTP response that does not end.

    Parameters
    ----------
    address : str
        ``http://`` or ``https://``, with ``user:password@`` where the camera asks for them (basic authentication).

    Raises
    ------
    StreamEnded
        When nothing answers, or no stream of pictures.
    """

    def __init__(self, address: str) -> None:
        try:
            parts = urlsplit(address)
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            self._connection: Union[http.client.HTTPConnection, http.client.HTTPSConnection] = kind(
                parts.hostname or "", parts.port, timeout=_TIMEOUT_S
            )
        except ValueError as error:
            raise StreamEnded from error
        headers: Dict[str, str] = {}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            self._connection.request("GET", path, headers=headers)
            self._response = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise StreamEnded from error
        boundary = self._response.headers.get_param("boundary")
        if self._response.status != 200 or not isinstance(boundary, str):
            self.close()
            raise StreamEnded
        self._boundary = boundary.encode().strip(b"-")
        self._within = False

    def read(self) -> np.ndarray:
        """Wait for the next picture: uint8, shape ``(rows, columns, 3)``.

        Raises
        ------
        StreamEnded
            When none comes in time, or what comes is none.
        """
        try:
            data = self._part()
            picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR) if data else None
        except (OSError, http.client.HTTPException, ValueError, cv2.error) as error:
            raise StreamEnded from error
        if picture is None:
            raise StreamEnded
        return picture

    def darken(self) -> bool:
        """Do nothing: such a camera has no common way to be told."""
        return False

    def close(self) -> None:
        """Close the connection."""
        self._response.close()
        self._connection.close()

    def _part(self) -> bytes:
        """Read one part's headers and its content."""
        while not self._within:
            self._within = self._is_boundary(self._line())
        length = 0
        line = self._line()
        while line.strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":", 1)[1])
            line = self._line()
        if not 0 <= length <= _MAX_BYTES:
            raise ValueError("a part is too large")
        if length:
            self._within = False
            return self._response.read(length)
        data = b""
        line = self._line()
        while not self._is_boundary(line):
            data += line
            if len(data) > _MAX_BYTES:
                raise ValueError("a part is too large")
            line = self._line()
        return data

    def _is_boundary(self, line: bytes) -> bool:
        # cameras disagree whether the dashes belong to its name
        return line.strip().strip(b"-") == self._boundary

    def _line(self) -> bytes:
        line = self._response.readline(_MAX_BYTES)
        if not line:
            raise StreamEnded
        return line
