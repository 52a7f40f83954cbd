"""How a part of the appliance is asked to end, and how it says why it ends."""

from __future__ import annotations

import logging
import signal
from contextlib import contextmanager
from typing import Iterator

from appliance.errors import TriageError

CANNOT_START = 78
"""Exit status of a part that would not start a second time either (``EX_CONFIG`` of sysexits.h)."""

TRY_AGAIN = 75
"""Exit status of a part that is to be started again (``EX_TEMPFAIL``)."""


@contextmanager
def ends_in_words(log: logging.Logger) -> Iterator[None]:
    """Log the sentence of an error, and leave the process with the status that says whether to start it again.

    Raises
    ------
    SystemExit
        With `CANNOT_START` or `TRY_AGAIN`.
    """
    try:
        yield
    except TriageError as error:
        log.error("%s", error.message)
        raise SystemExit(TRY_AGAIN if error.passes else CANNOT_START) from error


class StopRequest:
    """Set by SIGTERM and SIGINT.

    A flag and no `threading.Event`, for whose lock a signal handler could wait forever.
    """

    def __init__(self) -> None:
        self.set = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request)

    def _request(self, number: int, frame: object) -> None:
        self.set = True
