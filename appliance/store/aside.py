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
from typing import List

from appliance.files import sync_folder
from appliance.store.database import BUSY_TIMEOUT_S, DamagedStoreError, hold_folder, in_words, require_whole

DATABASE = "cases.sqlite"
HEAD = "audit.head"

_ASIDE = "damaged-"
_TIME = "%Y-%m-%dT%H-%M-%SZ"

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
    path = folder / DATABASE
    if not path.exists() or _is_whole(path):
        return
    with hold_folder(folder, fcntl.LOCK_EX):
        if not path.exists() or _is_whole(path):
            return  # another process did it meanwhile
        aside = folder / (_ASIDE + datetime.now(timezone.utc).strftime(_TIME))
        aside.mkdir(mode=0o700, exist_ok=True)
        for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", HEAD):
            if (folder / name).exists():
                os.replace(folder / name, aside / name)
        sync_folder(aside)
        sync_folder(folder)
        log.critical("the database was damaged and lies in %s now; an empty one takes its place", aside)


def set_aside(folder: Path) -> List[datetime]:
    """Return when databases of a store were set aside, UTC, oldest first."""
    return sorted(_time(path) for path in folder.glob(_ASIDE + "*"))


def forget_set_aside(folder: Path, after: timedelta) -> int:
    """Remove the databases that were set aside so long ago: they name patients. Return how many."""
    old = [path for path in folder.glob(_ASIDE + "*") if datetime.now(timezone.utc) - _time(path) >= after]
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


def _time(path: Path) -> datetime:
    return datetime.strptime(path.name[len(_ASIDE) :], _TIME).replace(tzinfo=timezone.utc)
