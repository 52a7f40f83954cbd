"""Who is logged in. The browser has a random token, the store its hash."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import List, Mapping, Optional

from appliance.store.cases import now
from appliance.store.clock import Moment, moment
from appliance.store.database import Database
from appliance.store.people import Person, Role, person_of

_TOKEN_BYTES = 32
_MINUTE_S = 60.0
_HOUR_S = 60 * _MINUTE_S
_LABEL = 300
_NOTED = 1 / 60
"""A session is not noted as seen again before this part of its idle time is over: each note is a write to the disk."""


@dataclass(frozen=True)
class Limits:
    """When a session ends by itself.

    Attributes
    ----------
    idle_s : float
        So long after it was last used.
    whole_s : float or None
        So long after its beginning; None for never.
    outlives_boot : bool
        Whether it goes on after the machine was started anew. The time in which the machine was off does not count.
    """

    idle_s: float
    whole_s: Optional[float]
    outlives_boot: bool = False


LIMITS: Mapping[Role, Limits] = {
    Role.KIOSK: Limits(30 * 24 * _HOUR_S, None, outlives_boot=True),
    Role.DOCTOR: Limits(30 * _MINUTE_S, 12 * _HOUR_S),
    Role.ADMINISTRATOR: Limits(15 * _MINUTE_S, 12 * _HOUR_S),
}
"""Of a browser's session, by role. A wall screen, where nobody logs in, stays as long as it is on."""


@dataclass(frozen=True)
class Session:
    """Somebody who is logged in.

    Attributes
    ----------
    number : int
        Of the session.
    person : Person
        Who.
    program : bool
        Whether it is a program's, which ends when it is taken away.
    label : str
        Which browser on which address, or what the program is called.
    began_at, seen_at : datetime.datetime
        Its beginning and about its last use, UTC.
    """

    number: int
    person: Person
    program: bool
    label: str
    began_at: datetime
    seen_at: datetime


class Sessions:
    """The sessions of a store.

    Parameters
    ----------
    database : Database
        Holds the rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, person: Person, label: str, program: bool = False) -> str:
        """Begin a session, and return its token, which is nowhere else."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        at, clock = now(), moment()
        with self._database.transaction() as connection:
            for row in connection.execute(_SESSIONS).fetchall():
                if _is_over(row, clock):
                    connection.execute("DELETE FROM sessions WHERE number = ?", (row["session"],))
            connection.execute(
                "INSERT INTO sessions (sha256, person, kind, label, began_at, began_boot, began_uptime, "
                "seen_at, seen_boot, seen_uptime) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    _sha256(token),
                    person.number,
                    "program" if program else "browser",
                    label[:_LABEL],
                    *(at, clock.boot, clock.seconds) * 2,
                ),
            )
        return token

    def find(self, token: str, program: bool = False, used: bool = True) -> Optional[Session]:
        """Return the session of a token; None where there is none any more.

        Parameters
        ----------
        token : str
            From the browser's cookie, or the program's header.
        program : bool
            Which of both.
        used : bool
            Whether somebody uses it; a page that asks by itself for what is new does not prolong a session.
        """
        kind = "program" if program else "browser"
        rows = self._database.rows(f"{_SESSIONS} WHERE sessions.sha256 = ? AND kind = ?", _sha256(token), kind)
        clock = moment()
        if not rows or _is_over(rows[0], clock):
            return None
        session = _session_of(rows[0])
        seen_s = clock.age_s(rows[0]["seen_boot"], rows[0]["seen_uptime"])
        keeps = session.person.role is Role.KIOSK  # nobody touches a wall screen
        if (used or keeps) and (seen_s is None or seen_s > LIMITS[session.person.role].idle_s * _NOTED):
            with self._database.transaction() as connection:
                connection.execute(
                    "UPDATE sessions SET seen_at = ?, seen_boot = ?, seen_uptime = ? WHERE number = ?",
                    (now(), clock.boot, clock.seconds, session.number),
                )
        return session

    def of(self, person: Person) -> List[Session]:
        """Return a person's sessions that are not over, the newest first."""
        query = f"{_SESSIONS} WHERE person = ? ORDER BY sessions.number DESC"
        clock = moment()
        return [_session_of(row) for row in self._database.rows(query, person.number) if not _is_over(row, clock)]

    def end(self, session: Session) -> None:
        """End a session."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM sessions WHERE number = ?", (session.number,))

    def end_all(self, person: Person) -> None:
        """End all sessions of a person, those of programs too."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM sessions WHERE person = ?", (person.number,))


_SESSIONS = (
    "SELECT people.*, sessions.number AS session, sessions.kind, sessions.label, sessions.began_at, "
    "sessions.began_boot, sessions.began_uptime, sessions.seen_at, sessions.seen_boot, sessions.seen_uptime "
    "FROM sessions JOIN people ON people.number = sessions.person"
)


def _session_of(row: sqlite3.Row) -> Session:
    return Session(
        number=row["session"],
        person=person_of(row),
        program=row["kind"] == "program",
        label=row["label"],
        began_at=datetime.fromisoformat(row["began_at"]),
        seen_at=datetime.fromisoformat(row["seen_at"]),
    )


def _is_over(row: sqlite3.Row, clock: Moment) -> bool:
    if row["kind"] == "program":
        return False
    limits = LIMITS[Role(row["role"])]
    seen_s = clock.age_s(row["seen_boot"], row["seen_uptime"])
    if seen_s is None:
        return not limits.outlives_boot
    began_s = clock.age_s(row["began_boot"], row["began_uptime"])
    too_long = limits.whole_s is not None and (began_s is None or began_s > limits.whole_s)
    return seen_s > limits.idle_s or too_long


def _sha256(token: str) -> str:
    # a random token of 256 bits needs no slow hash
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
