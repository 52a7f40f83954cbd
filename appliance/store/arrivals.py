"""How studies get into the spool and the queue. What lies in the spool is complete, and is queued sooner or later."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import List, Optional

from appliance.files import sync_folder
from appliance.store.audit import Act, Audit
from appliance.store.cases import CASES, Case, Source, State, case_of, now


class Arrivals:
    """Cases from their first file to the queue.

    Parameters
    ----------
    spool : pathlib.Path
        Holds what came in, one folder a medium.
    audit : Audit
        Opens transactions, and notes what is received.
    """

    def __init__(self, spool: Path, audit: Audit) -> None:
        self._spool = spool
        self._audit = audit

    def announce(self, source: Source, name: str) -> Case:
        """Make a case of a study whose first image is about to come; it is queued by `admit`.

        Parameters
        ----------
        source : Source
            Where it comes from.
        name : str
            What its folder in the spool will be called.
        """
        return self._insert(source, name, None, State.RECEIVED)

    def count(self, name: str, images: int) -> None:
        """Note how many images of an announced study are on the disk."""
        with self._audit.transaction() as connection:
            connection.execute(
                "UPDATE cases SET step = 'receive', step_done = ?, step_total = ? WHERE spool = ? AND state = ?",
                (images, images, name, State.RECEIVED.value),
            )

    def withdraw(self, name: str) -> None:
        """Forget an announced study of which nothing was kept."""
        with self._audit.transaction() as connection:
            query = "SELECT number FROM cases WHERE spool = ? AND state = ?"
            for row in connection.execute(query, (name, State.RECEIVED.value)).fetchall():
                connection.execute("DELETE FROM cases WHERE number = ?", (row["number"],))
                self._audit.append(connection, Act.PURGED, row["number"], None, {"what": "case", "why": "empty"})

    def announced(self, source: Source) -> List[str]:
        """Return the folders' names of the studies that were announced and are not queued."""
        with self._audit.transaction() as connection:
            query = "SELECT spool FROM cases WHERE source = ? AND state = ? ORDER BY number"
            return [row["spool"] for row in connection.execute(query, (source.value, State.RECEIVED.value))]

    def receive(self, source: Source, folder: Path) -> Case:
        """Take a complete folder into the spool and queue it. The medium and its case are on the disk at the return.

        Parameters
        ----------
        source : Source
            Where it came from.
        folder : pathlib.Path
            From `Store.scratch`; gone afterwards.

        Raises
        ------
        StoreError
            When the case cannot be written down; `Store.recover` does so later.
        """
        # all at once: an fsync costs milliseconds, and a study has hundreds of files
        os.sync()
        return self.admit(source, folder, f"{source.value}-{secrets.token_urlsafe(12)}")

    def admit(self, source: Source, folder: Path, name: str) -> Case:
        """Take a complete folder whose files are on the disk into the spool, and queue it.

        A process that is killed in the middle loses nothing: either the folder is still where it was, or it is in the
        spool, whence `Store.recover` queues it.

        Parameters
        ----------
        source : Source
            Where it came from.
        folder : pathlib.Path
            Below the store's folder; gone afterwards.
        name : str
            What it is called in the spool.

        Raises
        ------
        StoreError
            When the case cannot be written down; `Store.recover` does so later.
        """
        os.rename(folder, self._spool / name)
        sync_folder(self._spool)
        sync_folder(folder.parent)
        return self.queue(source, name)

    def queue(self, source: Source, name: str, study_uid: Optional[str] = None) -> Case:
        """Queue what lies in the spool, unless it is queued already.

        Parameters
        ----------
        source : Source
            Where it came from.
        name : str
            Of its folder in the spool, complete.
        study_uid : str, optional
            The study to judge, where somebody chose among several.
        """
        return self._insert(source, name, study_uid, State.QUEUED)

    def _insert(self, source: Source, name: str, study_uid: Optional[str], state: State) -> Case:
        with self._audit.transaction() as connection:
            query = f"{CASES} WHERE cases.spool = ? AND cases.study_uid IS ?"
            row = connection.execute(query, (name, study_uid)).fetchone()
            if row is None:
                added = connection.execute(
                    "INSERT INTO cases (id, created_at, source, spool, study_uid, state, photographed) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        secrets.token_urlsafe(12),
                        now(),
                        source.value,
                        name,
                        study_uid,
                        state.value,
                        source is Source.CAMERA,
                    ),
                )
                self._audit.append(connection, Act.RECEIVED, added.lastrowid, study_uid, {"source": source.value})
            elif row["state"] == State.RECEIVED.value and state is State.QUEUED:
                connection.execute("UPDATE cases SET state = 'queued', step = NULL WHERE number = ?", (row["number"],))
            return case_of(connection.execute(query, (name, study_uid)).fetchone())
