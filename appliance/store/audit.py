"""The audit trail: who did what with which study, in rows that are only ever added, each sealing the one before it.

A row's hash is the SHA-256 of the hash before it and of its own canonical JSON, so a changed, removed or inserted row
breaks the chain from there on. Rows cut off at the end break nothing within it, so the newest hash also lies in a file
beside the database. All this shows damage, mistakes and hasty tampering; whoever may write both the database and that
file can forge both. Only a copy of the newest hash kept elsewhere shows that.

No row names a patient. A study is the SHA-256 of its Study Instance UID: who knows the UID finds what was done with
the study, even after it was purged, and who does not learns nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional

from appliance.errors import TriageError
from appliance.files import replace_file
from appliance.store.cases import now
from appliance.store.database import Database

_FIRST = "0" * 64
_AT_ONCE = 1000

ACTING: ContextVar[Optional[str]] = ContextVar("acting", default=None)
"""Who acts through a component, while it serves that person; None for the component itself."""

log = logging.getLogger("appliance.store.audit")


class Act(str, Enum):
    """What is done."""

    RECEIVED = "received"
    JUDGED = "judged"
    SUPERSEDED = "superseded"
    VIEWED = "viewed"
    EXPORTED = "exported"
    PURGED = "purged"
    BACKUP = "backup"
    SETTINGS = "settings"
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    PEOPLE = "people"
    """Who may do what was changed."""
    ACKNOWLEDGED = "acknowledged"
    FEEDBACK = "feedback"
    IDENTIFIED = "identified"
    """Somebody said whose a photographed case is."""


@dataclass(frozen=True)
class Examination:
    """What became of walking the chain.

    Attributes
    ----------
    entries : int
        How many rows hold.
    fault : str or None
        Where and how it breaks; None where it does not.
    """

    entries: int
    fault: Optional[str] = None


class Audit:
    """The audit trail of a store.

    Parameters
    ----------
    database : Database
        Holds the rows.
    head : pathlib.Path
        File that keeps number and hash of the newest row.
    who : str
        Component or user that acts through this object, where `ACTING` names nobody.
    """

    def __init__(self, database: Database, head: Path, who: str) -> None:
        self._database = database
        self._head = head
        self._who = who

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction of the database for something that is done and its entry, both or neither."""
        with self._database.transaction() as connection:
            yield connection
        try:
            self._publish()
        except (TriageError, OSError) as error:
            # what was done is done and on record; the file is written with the next entry
            log.error("the newest hash of the audit trail was not written to %s: %s", self._head, error)

    def append(
        self,
        connection: sqlite3.Connection,
        what: Act,
        case_number: Optional[int] = None,
        study_uid: Optional[str] = None,
        detail: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """Add an entry.

        Parameters
        ----------
        connection : sqlite3.Connection
            Of `transaction`.
        what : Act
            What is done.
        case_number : int, optional
            The case with which it is done.
        study_uid : str, optional
            Study Instance UID; its hash is kept.
        detail : mapping, optional
            What else there is to know, as JSON knows it. No patient's name.
        """
        last = connection.execute("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1").fetchone()
        entry = {
            "number": last["number"] + 1 if last else 1,
            "at": now(),
            "who": ACTING.get() or self._who,
            "what": what.value,
            "case_number": case_number,
            "study_sha256": hashlib.sha256(study_uid.encode("utf-8")).hexdigest() if study_uid else None,
            "detail": _canonical(detail or {}),
        }
        seal = _seal(last["hash"] if last else _FIRST, entry)
        connection.execute(
            "INSERT INTO audit (number, at, who, what, case_number, study_sha256, detail, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*entry.values(), seal),
        )

    def record(
        self,
        what: Act,
        case_number: Optional[int] = None,
        study_uid: Optional[str] = None,
        detail: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """Add an entry on something that changes nothing in the database."""
        with self.transaction() as connection:
            self.append(connection, what, case_number, study_uid, detail)

    def recorded(self, what: Act, case_number: int) -> bool:
        """Tell whether who acts now has done this with a case before."""
        query = "SELECT 1 FROM audit WHERE case_number = ? AND what = ? AND who = ? LIMIT 1"
        return bool(self._database.rows(query, case_number, what.value, ACTING.get() or self._who))

    def record_settings(self, settings: Mapping[str, Any]) -> None:
        """Add an entry with the settings, unless the newest such entry holds the same."""
        with self.transaction() as connection:
            query = "SELECT detail FROM audit WHERE what = 'settings' ORDER BY number DESC LIMIT 1"
            last = connection.execute(query).fetchone()
            if last is None or last["detail"] != _canonical(settings):
                self.append(connection, Act.SETTINGS, detail=settings)

    def newest(self, limit: int, before: Optional[int] = None) -> List[sqlite3.Row]:
        """Return the newest entries, newest first; those before a number, if given."""
        query = "SELECT * FROM audit WHERE number < COALESCE(?, number + 1) ORDER BY number DESC LIMIT ?"
        return self._database.rows(query, before, limit)

    def verify(self) -> Examination:
        """Walk the chain from its first row to its last, and compare the last with the file beside the database."""
        head = self._read_head()  # before the rows: others go on adding some
        number, previous, at_head = 0, _FIRST, None
        for row in self._rows():
            if row["number"] != number + 1:
                return Examination(number, f"Entry {number + 1} of the audit trail is missing.")
            entry = {name: row[name] for name in row.keys() if name != "hash"}  # noqa: SIM118
            if _seal(previous, entry) != row["hash"]:
                return Examination(number, f"Entry {number + 1} of the audit trail or its hash was changed.")
            number, previous = row["number"], row["hash"]
            if head and head["number"] == number:
                at_head = previous
        if head is None and number:
            return Examination(number, f"{self._head} is absent or unreadable: entries after {number} may be missing.")
        if head and head["number"] > number:
            return Examination(number, f"Entries {number + 1} to {head['number']} at the end are missing.")
        if head and head["number"] and head["hash"] != at_head:
            return Examination(number, f"{self._head} names another hash for entry {head['number']}.")
        return Examination(number)

    def _rows(self) -> Iterator[sqlite3.Row]:
        number = 0
        while True:
            rows = self._database.rows(
                f"SELECT * FROM audit WHERE number > ? ORDER BY number LIMIT {_AT_ONCE}",  # noqa: S608
                number,
            )
            if not rows:
                return
            yield from rows
            number = rows[-1]["number"]

    def _publish(self) -> None:
        # under the write lock, so that no other process puts an older hash in place of a newer one
        with self._database.transaction() as connection:
            newest = connection.execute("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1").fetchone()
            head = self._read_head()
            if newest is None or (head and head["number"] == newest["number"] and head["hash"] == newest["hash"]):
                return
            if head:
                known = connection.execute("SELECT hash FROM audit WHERE number = ?", (head["number"],)).fetchone()
                if known is None or known["hash"] != head["hash"]:
                    log.error("the audit trail does not go on from %s; run `triage audit verify`", self._head)
                    return
            with replace_file(self._head) as file:
                file.write(_canonical(dict(newest)).encode("ascii"))

    def _read_head(self) -> Optional[Dict[str, Any]]:
        try:
            document = json.loads(self._head.read_bytes())
            return {"number": int(document["number"]), "hash": str(document["hash"])}
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _canonical(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _seal(previous: str, entry: Mapping[str, Any]) -> str:
    return hashlib.sha256((previous + _canonical(entry)).encode("ascii")).hexdigest()
