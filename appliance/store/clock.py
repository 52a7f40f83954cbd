"""Time that nobody can set: the boot of the machine, and the seconds since then.

A wall clock jumps, forward by years where a board without a battery finds a time server after its start. Linux's
monotonic clock does not, and all processes of the machine read the same one, but it begins anew with each boot. So a
moment that another process shall understand is a pair: the boot, and the seconds on the monotonic clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Optional

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""No moment of this program's life was earlier: a wall clock that says so was not set when it was asked."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Moment:
    """A moment on the monotonic clock of one boot.

    Attributes
    ----------
    boot : str
        Random name of the boot (``boot_id`` of the kernel's ``random(4)``).
    seconds : float
        The monotonic clock.
    """

    boot: str
    seconds: float

    def age_s(self, boot: Optional[str], seconds: Optional[float]) -> Optional[float]:
        """Return how long ago another moment was, in seconds; None where it belongs to another boot."""
        return None if boot != self.boot or seconds is None else self.seconds - seconds


def moment() -> Moment:
    """Return this moment."""
    # CLOCK_BOOTTIME, since CLOCK_MONOTONIC stands still while the machine sleeps
    return Moment(_BOOT_ID.read_text("ascii").strip(), time.clock_gettime(time.CLOCK_BOOTTIME))
