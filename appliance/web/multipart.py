"""The files of a browser's form (RFC 7578), as they arrive.

Werkzeug's own form parser keeps a file open for each part until all have come, and a study has more parts than a process may have
open files; so its decoder is driven directly here.
"""

from __future__ import annotations

from typing import IO, Iterator, Optional

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import NEED_DATA, Data, Epilogue, Event, File, MultipartDecoder

from appliance.errors import UploadError

_PIECE = 1 << 18
_BUFFER = 4 * _PIECE
"""More is only buffered for a part whose headers never end."""


class BrokenFormError(UploadError):
    """The form ended early or is not what a browser sends."""

    code = "broken_form"


def files_of(stream: IO[bytes], boundary: Optional[str]) -> Iterator[Iterator[bytes]]:
    """Yield the content of each file of a form, in pieces.

    Parameters
    ----------
    stream : file
        Body of the request.
    boundary : str or None
        The parameter of its content type.

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
        raise BrokenFormError("These files did not come as a browser's form sends them; use the start page.")
    events = _events(stream, boundary.encode("latin-1", "replace"))
    for event in events:
        if isinstance(event, File):
            pieces = _content(events)
            yield pieces
            for _ in pieces:
                pass


def _content(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        if not isinstance(event, Data):
            return
        yield event.data
        if not event.more_data:
            return


def _events(stream: IO[bytes], boundary: bytes) -> Iterator[Event]:
    decoder = MultipartDecoder(boundary, max_form_memory_size=_BUFFER)
    held = b""
    try:
        while True:
            event = decoder.next_event()
            if event is NEED_DATA:
                piece = stream.read(_PIECE)
                # A piece must not end between CR and LF: releases before 3.1.4 would take the CR before a boundary for content
                data = held + piece
                held = b"\r" if piece and data.endswith(b"\r") else b""
                decoder.receive_data(data[: len(data) - len(held)] if data else None)
            else:
                yield event
                if isinstance(event, Epilogue):
                    return
    except (ValueError, RequestEntityTooLarge) as error:
        raise BrokenFormError("The files did not arrive completely; send them again.") from error
