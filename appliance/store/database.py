"""The SQLite file: opened, checked and brought to today's tables."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Tuple

from appliance.errors import TriageError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_S = 10.0


class StoreError(TriageError):
    """The store cannot be opened, is damaged, or was written by a newer release."""

    code = "bad_store"


class Database:
    """One connection to the store's file, shared by the threads of a process, in turn.

    Parameters
    ----------
    path : pathlib.Path
        The file; made if absent.

    Raises
    ------
    StoreError
        When the file cannot be opened, is damaged, or was written by a newer release.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            # autocommit: every transaction is opened by `transaction`, none by the library
            self._connection = sqlite3.connect(
                str(path), timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise StoreError(f"The store {path} cannot be opened: {error}.") from error
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock of the file; commit at the end, roll back on an exception."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, *values: object) -> List[sqlite3.Row]:
        """Return the rows of one query."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            # a verdict that was shown survives a power cut
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            found = self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreError(f"The store {self._path} is damaged ({found}); move it away or restore a copy.")
            self._migrate()
        except sqlite3.Error as error:
            raise StoreError(
                f"The store {self._path} cannot be used ({error}); move it away or restore a copy."
            ) from error

    def _migrate(self) -> None:
        migrations = numbered_migrations()
        # the lock comes first: two processes may start at the same time
        with self.transaction() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(migrations):
                raise StoreError(f"The store {self._path} is of a newer release; install that, or move it away.")
            for number, script in migrations[version:]:
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")


def numbered_migrations() -> List[Tuple[int, str]]:
    """Return number and text of each migration, in order; the numbers run from 1 without gaps."""
    return [(int(path.name[:4]), path.read_text("utf-8")) for path in sorted(MIGRATIONS.glob("[0-9]*.sql"))]


def _statements(script: str) -> Iterator[str]:
    """Split a script, since `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
