"""The SQLite file: opened, checked and brought to today's tables."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from appliance.errors import DiskFullError, DiskReadOnlyError, TriageError
from appliance.files import sync_folder

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_S = 10.0


class StoreError(TriageError):
    """The store cannot be opened or used."""

    code = "bad_store"
    passes = True


class NewerStoreError(StoreError):
    """The store was written by a newer release."""

    code = "newer_store"
    passes = False


class StoreBusyError(StoreError):
    """Another process has held the store for longer than anybody should."""

    code = "store_busy"


class DamagedStoreError(StoreError):
    """The file is no database any more, or parts of it contradict each other."""

    code = "damaged_store"


class BackupError(TriageError):
    """A copy of the store cannot be written there."""

    code = "bad_backup"


class Database:
    """One connection to the store's file, shared by the threads of a process, in turn.

    A file that takes the place of a damaged one (`appliance.store.aside`) is opened when it is next needed.

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
        self.path = path
        self._lock = threading.RLock()
        self._connection, self._identity = self._open()

    def close(self) -> None:
        """Close the connection, once no other thread works with it: SQLite would fall over."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock of the file; commit at the end, roll back on an exception.

        Raises
        ------
        StoreBusyError
            When another process does not let go of the lock.
        StoreError
            When the file is damaged or the disk is full.
        """
        with self._lock, in_words(self.path):
            self._follow()
            with _committed(self._connection):
                yield self._connection

    def rows(self, query: str, *values: object, **named: object) -> List[sqlite3.Row]:
        """Return the rows of one query, whose values are in order or named; raises as `transaction`."""
        with self._lock, in_words(self.path):
            self._follow()
            return self._connection.execute(query, named or values).fetchall()

    def check(self) -> None:
        """Read all of the file, and see whether its parts agree.

        Raises
        ------
        DamagedStoreError
            When they do not.
        """
        with self._lock, in_words(self.path):
            require_whole(self._connection, self.path)

    def rewrite(self) -> bool:
        """Write the file anew and empty its log (WAL), so that no page of either keeps what was deleted.

        Returns
        -------
        bool
            False where the log could not be emptied, since another program is reading it.
        """
        self.rows("VACUUM")
        return not self.rows("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]

    def backup(self, path: Path) -> None:
        """Write a copy, while others go on reading and writing; readable by its owner alone, and whole or not there.

        Raises
        ------
        BackupError
            When it cannot be written there.
        """
        try:
            descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        except OSError as error:
            raise BackupError(f"No copy can be written to {path}: {error.strerror}.") from error
        try:
            copy = sqlite3.connect(temporary)
            try:
                with self._lock, in_words(self.path):
                    self._connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
                found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            finally:
                copy.close()
            if found != "ok":
                raise BackupError(f"The copy at {path} came out damaged ({found}); choose another disk.")
            os.fsync(descriptor)
            os.replace(temporary, path)
            sync_folder(path.parent)
        except BaseException as error:
            if os.path.exists(temporary):
                os.unlink(temporary)
            if isinstance(error, (OSError, sqlite3.Error)):
                raise BackupError(f"No copy can be written to {path}: {error}.") from error
            raise
        finally:
            os.close(descriptor)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Close the file for a while: whoever reads it past SQLite takes SQLite's locks away when done (POSIX)."""
        with self._lock:
            self._connection.close()
            try:
                yield
            finally:
                self._connection, self._identity = self._open()

    def _open(self) -> Tuple[sqlite3.Connection, Optional[Tuple[int, int]]]:
        # a log (WAL) is found by its name, so the files must not be exchanged between the opening of both
        with hold_folder(self.path.parent, fcntl.LOCK_SH), in_words(self.path):
            # autocommit: every transaction is opened by `transaction`, none by the library
            connection = sqlite3.connect(
                str(self.path), timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            return connection, _identity(self.path)

    def _follow(self) -> None:
        """Open the file anew where another lies in its place: what is written into the old one is lost."""
        if not self._connection.in_transaction and _identity(self.path) != self._identity:
            old = self._connection
            self._connection, self._identity = self._open()  # where that fails, it is tried again the next time
            old.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        # a verdict that was shown survives a power cut
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # what was purged does not stay readable in the file's free pages
        connection.execute("PRAGMA secure_delete = ON")
        self._migrate(connection)
        require_whole(connection, self.path)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        migrations = numbered_migrations()
        # the lock comes first: two processes may start at the same time
        with _committed(connection):
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(migrations):
                raise NewerStoreError(f"The store {self.path} is of a newer release; install that, or move it away.")
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


@contextmanager
def _committed(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back when the disk fails
            connection.execute("ROLLBACK")
        raise


def _identity(path: Path) -> Optional[Tuple[int, int]]:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def require_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Raise a `DamagedStoreError` where the parts of a database do not agree."""
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found == "ok" and connection.execute("PRAGMA foreign_key_check").fetchone():
        found = "rows of no case"
    if found != "ok":
        raise DamagedStoreError(f"The store {path} is damaged ({found}); move it away or restore a copy.")


@contextmanager
def hold_folder(folder: Path, operation: int) -> Iterator[None]:
    """Hold a lock on a store's folder (``flock(2)``): shared to open its database, exclusive to exchange it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a file into an error with a sentence; a mistake in a query stays what it is."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        said = str(error)  # Python 3.8 does not tell SQLite's codes
        if "locked" in said:
            raise StoreBusyError(
                f"Another program holds the store {path}; end it, or try again when it has finished."
            ) from error
        if "is full" in said:
            raise DiskFullError from error
        if "readonly" in said:
            raise DiskReadOnlyError from error
        if "malformed" in said or "not a database" in said:
            raise DamagedStoreError(
                f"The store {path} is damaged ({error}); move it away or restore a copy."
            ) from error
        raise StoreError(f"The store {path} cannot be used ({error}); move it away or restore a copy.") from error
