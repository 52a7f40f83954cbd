"""The files of a browser's form (RFC 7578), as they arrive.

Werkzeug's own parser keeps a file open for each part until all have come, and a study has more parts than a process may
have open files. Its decoder below that adds a byte to a file where a piece of the body ends inside a boundary.
"""

from __future__ import annotations

import re
from typing import IO, Callable, Iterator, Optional

from appliance.errors import UploadError

_PIECE = 1 << 18
_HEADERS = 1 << 14
_FIELD = 1 << 10
_NAME = re.compile(rb'name="([^"]*)"')


class BrokenFormError(UploadError):
    """The form ended early or is not what a browser sends."""

    code = "broken_form"

    def __init__(self) -> None:
        super().__init__("The files did not arrive completely; send them again.")


class _Body:
    """The body of a request, taken apart at delimiters."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._buffer = bytearray(b"\r\n")  # the first boundary then looks like the others

    def until(self, delimiter: bytes) -> Iterator[bytes]:
        """Yield all before a delimiter, in pieces, and skip it."""
        while True:
            found = self._buffer.find(delimiter)
            if found >= 0:
                if found:
                    yield bytes(self._buffer[:found])
                del self._buffer[: found + len(delimiter)]
                return
            # the end may be the delimiter's beginning
            certain = len(self._buffer) - len(delimiter) + 1
            if certain > 0:
                yield bytes(self._buffer[:certain])
                del self._buffer[:certain]
            self._fill()

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        while len(self._buffer) < size:
            self._fill()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _fill(self) -> None:
        piece = self._stream.read(_PIECE)
        if not piece:
            raise BrokenFormError
        self._buffer += piece


def files_of(
    stream: IO[bytes], boundary: Optional[str], on_field: Optional[Callable[[str, bytes], None]] = None
) -> Iterator[Iterator[bytes]]:
    """Yield the content of each file of a form, in pieces.

    Parameters
    ----------
    stream : file
        Body of the request.
    boundary : str or None
        The parameter of its content type.
    on_field : callable, optional
        Called with name and content of each field that is no file, when it comes.

    Yields
    ------
    iterator of bytes
        One file's pieces. What is left of them is skipped when the next file is asked for.

    Raises
    ------
    BrokenFormError
        While iterating, when the body is not a whole form.
    """
    if not boundary:
        raise BrokenFormError
    body = _Body(stream)
    delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
    for _ in body.until(delimiter):
        pass
    while True:
        mark = body.take(2)
        if mark == b"--":
            return
        if mark != b"\r\n":
            raise BrokenFormError
        pieces = _headers_and_content(body, delimiter)
        headers = next(pieces)
        if b"filename=" in headers:
            yield pieces
        elif on_field:
            name = _NAME.search(headers)
            content = bytearray()
            for piece in pieces:
                content += piece[: _FIELD - len(content)]
            on_field(name.group(1).decode("utf-8", "replace") if name else "", bytes(content))
        for _ in pieces:
            pass


def _headers_and_content(body: _Body, delimiter: bytes) -> Iterator[bytes]:
    headers = bytearray()
    for piece in body.until(b"\r\n\r\n"):
        headers += piece
        if len(headers) > _HEADERS:
            raise BrokenFormError
    yield bytes(headers)
    yield from body.until(delimiter)
