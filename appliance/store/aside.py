"""A damaged database is set aside, so that the appliance goes on with the next study.

What lies in the spool is not lost with it: `Store.recover` queues again all that no case names, so each study whose
files are still kept gets a verdict once more. Verdicts on others, and the audit trail so far, are in the file that was
set aside, which the page and ``triage doctor`` name until somebody removes it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import List, Tuple

from appliance.files import disk_in_words, sync_folder
from appliance.store.clock import NOT_BEFORE
from appliance.store.database import BUSY_TIMEOUT_S, DamagedStoreError, Database, hold_folder, in_words, require_whole

DATABASE = "cases.sqlite"
HEAD = "audit.head"

_ASIDE = "damaged-"
_TIME = "%Y-%m-%dT%H-%M-%SZ"
_BEYOND = 100_000

log = logging.getLogger("appliance.store.aside")


def set_aside_if_damaged(folder: Path) -> None:
    """Examine the database of a store, and move it into a folder of its own beside if it is damaged.

    Parameters
    ----------
    folder : pathlib.Path
        The store's. Other processes may have it open: they notice that the file is another (`Database`).

    Raises
    ------
    StoreError
        When it cannot be opened for another reason.
    """
    with disk_in_words():
        _set_aside_if_damaged(folder)


def _set_aside_if_damaged(folder: Path) -> None:
    path = folder / DATABASE
    if not path.exists() or _is_whole(path):
        return
    with hold_folder(folder, fcntl.LOCK_EX):
        if not path.exists() or _is_whole(path):
            return  # another process did it meanwhile
        aside = folder / (_ASIDE + datetime.now(timezone.utc).strftime(_TIME))
        aside.mkdir(mode=0o700, exist_ok=True)
        # the database goes last: whoever is killed before that begins again
        for name in (HEAD, f"{DATABASE}-wal", f"{DATABASE}-shm", DATABASE):
            if (folder / name).exists():
                os.replace(folder / name, aside / name)
        sync_folder(aside)
        sync_folder(folder)
        log.critical("the database was damaged and lies in %s now; an empty one takes its place", aside)
    _count_on(path, _last_number(aside / DATABASE, len(_folders(folder))))


def set_aside(folder: Path) -> List[datetime]:
    """Return when databases of a store were set aside, UTC, oldest first."""
    return sorted(time for _, time in _folders(folder))


def forget_set_aside(folder: Path, after: timedelta) -> int:
    """Remove the databases that were set aside so long ago: they name patients. Return how many.

    One from a time before this program was made is not removed: the clock was wrong, and nothing says how old it is.
    """
    now = datetime.now(timezone.utc)
    old = [path for path, time in _folders(folder) if time >= NOT_BEFORE and now - time >= after]
    for path in old:
        shutil.rmtree(path)
    return len(old)


def _is_whole(path: Path) -> bool:
    try:
        with in_words(path), closing(sqlite3.connect(str(path), timeout=BUSY_TIMEOUT_S)) as connection:
            require_whole(connection, path)
    except DamagedStoreError as error:
        log.error("%s", error.message)
        return False
    return True


def _folders(folder: Path) -> List[Tuple[Path, datetime]]:
    """List our own folders with their times; what else somebody keeps under such a name is not ours."""
    found = []
    for path in folder.glob(_ASIDE + "*"):
        try:
            time = datetime.strptime(path.name[len(_ASIDE) :], _TIME).replace(tzinfo=timezone.utc)
        except ValueError:
            continue
        found.append((path, time))
    return found


def _last_number(path: Path, times: int) -> int:
    """Return the number of the last case in a damaged database, or at least one beyond what any is likely to have."""
    try:
        with closing(sqlite3.connect(str(path))) as connection:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'cases'").fetchone()
        return int(row[0]) if row else 0
    except sqlite3.DatabaseError:
        return times * _BEYOND


def _count_on(path: Path, number: int) -> None:
    """Let a new database's cases be numbered from there on: a number on a note must not become another patient's."""
    with closing(Database(path)) as database, database.transaction() as connection:
        row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'cases'").fetchone()
        if row is None:
            connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('cases', ?)", (number,))
        elif row["seq"] < number:
            connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'cases'", (number,))
