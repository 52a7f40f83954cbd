"""How a part of the appliance is asked to end, and says that it cannot start."""

from __future__ import annotations

import signal

CANNOT_START = 78
"""Exit status of a part that would not start a second time either (``EX_CONFIG`` of sysexits.h)."""


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
