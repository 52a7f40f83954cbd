"""Whether a scan is as new as the case that it came with: an old study must not answer for today's unnoticed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Optional

from appliance.store import Case

_RECENT = timedelta(hours=24)
_CLOCKS_DIFFER = timedelta(hours=1)
"""How far a scanner's clock may be ahead of the appliance's before the page says so."""


class Doubt(str, Enum):
    """Why a scan may not be the one that is meant."""

    OLD = "old"
    AHEAD = "ahead"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ScanDoubt:
    """A doubt about a scan's date.

    Attributes
    ----------
    doubt : Doubt
        What is wrong with the date.
    days : int
        How many midnights lie between the scan and its arrival, where it is old; 0 elsewhere.
    """

    doubt: Doubt
    days: int = 0


def scan_doubt(case: Case) -> Optional[ScanDoubt]:
    """Say what is doubtful about the date of a case's scan; None where nothing is, or where no one study was found.

    A picture of a screen has no date, and needs none: it shows what stands on that screen now.
    """
    study = case.verdict["study"] if case.verdict else None
    return doubt_of(study["date"], study["time"], case.created_at) if study else None


def doubt_of(date: str, time: str, received: datetime) -> Optional[ScanDoubt]:
    """Compare Study Date and Study Time with when the study was received.

    Both are written in the hospital's own time, which is taken for that of this machine (DICOM PS3.3 section C.12.1.1:
    Timezone Offset From UTC is optional, and most scanners leave it out).

    Parameters
    ----------
    date : str
        ``YYYY-MM-DD``; anything else counts as unknown.
    time : str
        ``HH:MM``; anything else as any time of that day.
    received : datetime.datetime
        With its time zone.
    """
    try:
        earliest = latest = datetime.strptime(f"{date} {time}", "%Y-%m-%d %H:%M")
    except ValueError:
        try:
            earliest = datetime.strptime(date, "%Y-%m-%d")
        except ValueError:
            return ScanDoubt(Doubt.UNKNOWN)
        latest = earliest + timedelta(days=1)
    arrival = received.astimezone().replace(tzinfo=None)
    if earliest - arrival > _CLOCKS_DIFFER:
        return ScanDoubt(Doubt.AHEAD)
    if arrival - latest > _RECENT:
        return ScanDoubt(Doubt.OLD, (arrival.date() - earliest.date()).days)
    return None
