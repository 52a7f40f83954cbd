"""`Store`: the folder that holds the database, the spool and the slices shown."""

from __future__ import annotations

import secrets
from pathlib import Path
from types import TracebackType
from typing import List, Optional, Type

from appliance.store.cases import Case, Source, State, case_of, now
from appliance.store.database import Database, StoreError
from appliance.store.jobs import Jobs


class Store:
    """What the appliance remembers; a context manager, to be opened once in a process.

    Parameters
    ----------
    folder : pathlib.Path
        Made if absent, readable by its owner alone.

    Attributes
    ----------
    jobs : Jobs
        The work on the cases.
    spool : pathlib.Path
        Holds what came in, one folder a medium.
    rendered : pathlib.Path
        Holds the slices that pages show, one folder a case.

    Raises
    ------
    StoreError
        When the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self.rendered = folder / "rendered"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.spool.mkdir(mode=0o700, exist_ok=True)
            self.rendered.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The store {folder} cannot be made ({error.strerror}); name another with [store] folder."
            ) from error
        self._database = Database(folder / "cases.sqlite")
        self.jobs = Jobs(self._database)

    def __enter__(self) -> Store:
        """Return itself."""
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Close the database."""
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def add(self, source: Source, spool: str) -> Case:
        """Queue what lies in the spool.

        Parameters
        ----------
        source : Source
            Where it came from.
        spool : str
            Name of its folder in the spool, complete.
        """
        return self._insert(source, spool, None)

    def choose(self, case: Case, study_uid: str) -> Case:
        """Queue one study of a case's files; the same case again where that study was chosen before.

        Parameters
        ----------
        case : Case
            A case that was refused because its files hold several studies.
        study_uid : str
            One of the studies that its verdict lists.

        Raises
        ------
        ValueError
            When it lists no such study.
        """
        choices = case.verdict["choices"] if case.verdict else []
        if study_uid not in {choice["uid"] for choice in choices}:
            raise ValueError(f"case {case.number} offers no study {study_uid}")
        return self._insert(case.source, case.spool, study_uid)

    def case(self, case_id: str) -> Optional[Case]:
        """Return a case by its id."""
        rows = self._database.rows("SELECT * FROM cases WHERE id = ?", case_id)
        return case_of(rows[0]) if rows else None

    def recent(self, limit: int) -> List[Case]:
        """Return the newest cases, newest first."""
        return [case_of(row) for row in self._database.rows("SELECT * FROM cases ORDER BY number DESC LIMIT ?", limit)]

    def waiting_before(self, case: Case) -> int:
        """Count the unfinished cases that come before a queued one."""
        query = "SELECT COUNT(*) FROM cases WHERE number < ? AND state IN (?, ?)"
        return int(self._database.rows(query, case.number, State.QUEUED.value, State.RUNNING.value)[0][0])

    def _insert(self, source: Source, spool: str, study_uid: Optional[str]) -> Case:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO cases (id, created_at, source, spool, study_uid) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (secrets.token_urlsafe(12), now(), source.value, spool, study_uid),
            )
            query = "SELECT * FROM cases WHERE spool = ? AND study_uid IS ? ORDER BY number DESC"
            return case_of(connection.execute(query, (spool, study_uid)).fetchone())
