"""The discs and sticks that were inserted: how far they are read, and which case came of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import List, Optional

from appliance.store.cases import now
from appliance.store.database import Database


class MediumState(str, Enum):
    """How far a medium is. After all but the first it is not needed any more."""

    READING = "reading"
    READ = "read"
    KNOWN = "known"
    """It was read before and has not changed since."""
    GONE = "gone"
    """It went away before all of it was read."""
    REFUSED = "refused"
    """Nothing of it can be judged, for a reason that `MediumRow.error_code` names."""


@dataclass(frozen=True)
class MediumRow:
    """A medium, as the store keeps it.

    Attributes
    ----------
    number : int
        Of this insertion.
    name : str
        Of its device or folder, made printable.
    state : MediumState
        How far it is.
    done, total : int
        Files looked at, and files on it.
    present : bool
        Whether it is still inserted.
    case_id : str or None
        The case that came of it.
    error_code, error_message : str or None
        Why there is no case.
    """

    number: int
    name: str
    state: MediumState
    done: int
    total: int
    present: bool
    case_id: Optional[str]
    error_code: Optional[str]
    error_message: Optional[str]


class Media:
    """What one watcher writes and the pages read.

    Parameters
    ----------
    database : Database
        Holds the media.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self) -> None:
        """Forget what an earlier watcher saw inserted; what is inserted still is found again."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM media WHERE state = 'reading'")
            connection.execute("UPDATE media SET present = 0")

    def insert(self, name: str) -> int:
        """Note a new medium and return its number."""
        with self._database.transaction() as connection:
            connection.execute("INSERT INTO media (name, inserted_at) VALUES (?, ?)", (name, now()))
            return int(connection.execute("SELECT last_insert_rowid()").fetchone()[0])

    def progress(self, number: int, done: int, total: int) -> None:
        """Note how far a medium is read."""
        self._update(number, "done = ?, total = ?", done, total)

    def keep(self, number: int, case_id: Optional[str], fingerprint: Optional[str]) -> None:
        """Note which case came of a medium that may still be in use."""
        self._update(number, "case_id = ?, fingerprint = ?", case_id, fingerprint)

    def finish(
        self,
        number: int,
        state: MediumState,
        case_id: Optional[str] = None,
        error_code: Optional[str] = None,
        error_message: Optional[str] = None,
        fingerprint: Optional[str] = None,
    ) -> None:
        """Note what came of a medium; a fingerprint only where all of it was read."""
        assignments = "state = ?, case_id = ?, error_code = ?, error_message = ?, fingerprint = ?"
        self._update(number, assignments, state.value, case_id, error_code, error_message, fingerprint)

    def removed(self, number: int) -> None:
        """Note that a medium was taken out."""
        self._update(number, "present = 0")

    def known(self, fingerprint: str) -> Optional[str]:
        """Return the id of the case that came of a medium like this.

        None where none did, or where it cannot answer any more: it failed, a later case judged more of its study, or
        its files are no longer kept, so that nobody could choose among them.
        """
        rows = self._database.rows(
            "SELECT case_id FROM media JOIN cases ON cases.id = media.case_id "
            "WHERE media.fingerprint = ? AND cases.state <> 'failed' AND cases.superseded_by IS NULL "
            "AND cases.pixels_removed_at IS NULL ORDER BY media.number DESC LIMIT 1",
            fingerprint,
        )
        return str(rows[0]["case_id"]) if rows else None

    def shown(self) -> List[MediumRow]:
        """Return what a page shows, newest first: all that is inserted, and the last one if nothing came of it."""
        rows = self._database.rows(
            "SELECT * FROM media WHERE present OR (state IN ('gone', 'refused') "
            "AND number = (SELECT MAX(number) FROM media)) ORDER BY number DESC"
        )
        return [
            MediumRow(
                number=row["number"],
                name=row["name"],
                state=MediumState(row["state"]),
                done=row["done"],
                total=row["total"],
                present=bool(row["present"]),
                case_id=row["case_id"],
                error_code=row["error_code"],
                error_message=row["error_message"],
            )
            for row in rows
        ]

    def _update(self, number: int, assignments: str, *values: object) -> None:
        with self._database.transaction() as connection:
            # the assignments are this module's own words, never a user's
            connection.execute(f"UPDATE media SET {assignments} WHERE number = ?", (*values, number))  # noqa: S608
