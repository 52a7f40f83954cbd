"""The machine's clock: the time of day that pages show, and whether its zone can be the hospital's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.config import HospitalSettings


@dataclass(frozen=True)
class Clock:
    """What the machine takes for the time of day.

    Attributes
    ----------
    now : datetime.datetime
        With the machine's time zone.
    zone : str
        How far it is from UTC, as ``UTC+09:00``.
    believable : bool
        Whether scans can be told by it from those of another day. UTC is what a board has whose zone nobody has set;
        it is believed only where no hospital is set either.
    """

    now: datetime
    zone: str
    believable: bool


def clock(hospital: HospitalSettings) -> Clock:
    """Look at the clock of a machine that stands in a hospital."""
    now = datetime.now().astimezone()
    believable = hospital == HospitalSettings() or now.utcoffset() != timedelta(0)
    return Clock(now, f"UTC{now.isoformat(timespec='minutes')[-6:]}", believable)
