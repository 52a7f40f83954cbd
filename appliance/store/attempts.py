"""How often somebody may try to log in: the waits between failures grow, and never keep a person out for good.

Counted are a name at an address, an address, and a name. Who has logged in from an address before does not wait there
for what others do with the name elsewhere: nobody on the network can keep a doctor out by typing wrong passwords.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import sqlite3
from dataclasses import dataclass
from typing import List, Optional, Tuple

from appliance.errors import TriageError
from appliance.store.clock import Moment, moment
from appliance.store.database import Database

_FORGOTTEN_S = 3600.0


@dataclass(frozen=True)
class _Patience:
    """How failures of one kind are answered: some are free, then the wait doubles from 1 s up to a limit."""

    free: int
    longest_s: float

    def wait_s(self, failures: int) -> float:
        return 0.0 if failures <= self.free else min(2.0 ** min(failures - self.free - 1, 30), self.longest_s)


_BOTH = _Patience(free=4, longest_s=900.0)
_ADDRESS = _Patience(free=20, longest_s=60.0)
_NAME = _Patience(free=20, longest_s=60.0)
"""At most 100 failures of a name in an hour: 20 that are free, 6 while the wait doubles, one a minute."""


class TooManyAttemptsError(TriageError):
    """Logins failed too often; the next one has to wait.

    Attributes
    ----------
    wait_s : int
        How long.
    """

    code = "too_many_attempts"

    def __init__(self, wait_s: float) -> None:
        super().__init__("Too many attempts failed. Wait, at most 15 minutes, and try again.")
        self.wait_s = math.ceil(wait_s)


class Attempts:
    """The failed logins of a store.

    Parameters
    ----------
    database : Database
        Holds the rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, name: Optional[str], address: str) -> None:
        """Count an attempt as failed before it is looked at, so that many at once are as slow as one after another.

        Parameters
        ----------
        name : str or None
            What was typed; None for a code, which nobody guesses, so that others' failures need not slow it down.
        address : str
            Where it came from.

        Raises
        ------
        TooManyAttemptsError
            When it comes too early. It is not counted then.
        """
        clock = moment()
        with self._database.transaction() as connection:
            for row in connection.execute("SELECT * FROM attempts WHERE known = 0").fetchall():
                if _age_s(row, clock) > _FORGOTTEN_S:
                    connection.execute("DELETE FROM attempts WHERE sha256 = ?", (row["sha256"],))
            counters = _counters(name, address)
            rows = [_row(connection, key) for key, _ in counters]
            known = rows[0] is not None and bool(rows[0]["known"])
            if known:
                counters, rows = counters[:1], rows[:1]
            waits = [
                patience.wait_s(row["failures"]) - _age_s(row, clock)
                for (_, patience), row in zip(counters, rows)
                if row is not None
            ]
            if max(waits, default=0.0) > 0:
                raise TooManyAttemptsError(max(waits))
            for key, _ in counters:
                connection.execute(
                    "INSERT INTO attempts (sha256, failures, boot, uptime) VALUES (?, 1, ?, ?) ON CONFLICT (sha256) "
                    "DO UPDATE SET failures = failures + 1, boot = excluded.boot, uptime = excluded.uptime",
                    (key, clock.boot, clock.seconds),
                )

    def succeed(self, name: Optional[str], address: str) -> None:
        """Take back what `begin` counted: it was no failure, and the name is known at this address from now on."""
        with self._database.transaction() as connection:
            both, *others = [key for key, _ in _counters(name, address)]
            row = _row(connection, both)
            connection.execute("UPDATE attempts SET failures = 0, known = 1 WHERE sha256 = ?", (both,))
            for key in others if row is not None and not row["known"] else ():
                connection.execute("UPDATE attempts SET failures = MAX(failures - 1, 0) WHERE sha256 = ?", (key,))


def _counters(name: Optional[str], address: str) -> List[Tuple[str, _Patience]]:
    address = _network(address)
    if name is None:
        return [(_key("code", address), _ADDRESS)]
    name = name.strip().casefold()
    return [
        (_key("both", name, address), _BOTH),
        (_key("address", address), _ADDRESS),
        (_key("name", name), _NAME),
    ]


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def _network(address: str) -> str:
    """Return the address, or the network of an IPv6 address, within which a machine may choose its own."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(found if found.version == 4 else ipaddress.IPv6Network((int(found), 64), strict=False))


def _row(connection: sqlite3.Connection, key: str) -> Optional[sqlite3.Row]:
    row: Optional[sqlite3.Row] = connection.execute("SELECT * FROM attempts WHERE sha256 = ?", (key,)).fetchone()
    return row


def _age_s(row: sqlite3.Row, clock: Moment) -> float:
    """Return how long ago the newest failure was; since the machine's start, where it was before that."""
    age_s = clock.age_s(row["boot"], row["uptime"])
    return clock.seconds if age_s is None else age_s
