"""What the store forgets: by age, or because somebody asks for it."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Dict, List, Sequence, Set, Tuple

from appliance.config import StoreSettings
from appliance.errors import TriageError
from appliance.store.aside import forget_set_aside, set_aside
from appliance.store.audit import Act
from appliance.store.cases import Case, State, now
from appliance.store.clock import NOT_BEFORE, moment
from appliance.store.feedback import forget, leave_outcome
from appliance.store.store import Store

log = logging.getLogger("appliance.store.retention")


class CaseRunningError(TriageError):
    """A case that is coming in or being judged cannot be purged."""

    code = "case_running"


class PurgeError(TriageError):
    """Something of a purged study is still there."""

    code = "purge_incomplete"


@dataclass(frozen=True)
class Purged:
    """What a purge removed. Nothing of it was found afterwards.

    Attributes
    ----------
    cases : tuple of int
        Numbers of the cases whose rows and pictures are gone.
    media : int
        How many folders of the spool are gone.
    """

    cases: Tuple[int, ...]
    media: int


def expire(store: Store, settings: StoreSettings) -> Tuple[int, int]:
    """Remove the pixel data and then the cases that are old enough. What was not judged yet is kept.

    Of a case, what a report counts stays, with the feedback on it and without the patient
    (`appliance.store.feedback`).

    Age counts from the end of the judgement. It is the smaller of what the wall clock and, within one boot, the
    monotonic clock say: a wall clock that is set forward makes nothing old. A time that cannot be true, of a boot whose
    clock was not set, becomes the present one. What cannot be removed is logged and does not keep the rest.

    Parameters
    ----------
    store : Store
        The store.
    settings : StoreSettings
        How long what is kept.

    Returns
    -------
    tuple of int
        How many media, and how many cases, were removed.
    """
    if datetime.now(timezone.utc) < NOT_BEFORE:
        return 0, 0  # the clock is not set
    pixels, results = timedelta(hours=settings.pixels_hours), timedelta(days=settings.results_days)
    _mend_times(store)
    by_spool: Dict[str, List[sqlite3.Row]] = {}
    for row in store.database.rows("SELECT * FROM cases WHERE pixels_removed_at IS NULL"):
        by_spool.setdefault(row["spool"], []).append(row)
    old = [spool for spool, users in by_spool.items() if all(_older(row, min(pixels, results)) for row in users)]
    media = sum(_expire_medium(store, spool, by_spool[spool]) for spool in old)
    cases = 0
    with store.audit.transaction() as connection:
        for row in connection.execute("SELECT * FROM cases WHERE pixels_removed_at IS NOT NULL").fetchall():
            if _older(row, results):
                leave_outcome(connection, row)
                _delete(connection, row)
                detail = {"what": "case", "why": "age"}
                store.audit.append(connection, Act.PURGED, row["number"], row["judged_study_uid"], detail)
                cases += 1
        forgotten = (datetime.now(timezone.utc) - results).isoformat()
        connection.execute("DELETE FROM media WHERE NOT present AND inserted_at < ?", (forgotten,))
        connection.execute("DELETE FROM captures WHERE ended_at < ?", (forgotten,))
    forget_set_aside(store.folder, results)
    return media, cases


def _expire_medium(store: Store, spool: str, users: Sequence[sqlite3.Row]) -> bool:
    """Remove the files of one medium, in a transaction of its own: nobody shall wait for all of them."""
    try:
        _remove(_folders(store, [spool], [row["id"] for row in users]))
    except OSError as error:
        log.error("the files of cases %s cannot be removed: %s", [row["number"] for row in users], error)
        return False
    with store.audit.transaction() as connection:
        for row in users:
            connection.execute("UPDATE cases SET pixels_removed_at = ? WHERE number = ?", (now(), row["number"]))
            detail = {"what": "pixels", "why": "age"}
            store.audit.append(connection, Act.PURGED, row["number"], row["judged_study_uid"], detail)
    return True


def _mend_times(store: Store) -> None:
    """Let what an earlier boot finished at an impossible time have been finished now."""
    at, present = moment(), datetime.now(timezone.utc)
    impossible = "finished_boot IS NOT ? AND (finished_at < ? OR finished_at > ?)"
    limits = (at.boot, NOT_BEFORE.isoformat(), (present + timedelta(days=1)).isoformat())
    if store.database.rows(f"SELECT 1 FROM cases WHERE {impossible} LIMIT 1", *limits):  # noqa: S608
        with store.database.transaction() as connection:
            connection.execute(
                f"UPDATE cases SET finished_at = ?, finished_boot = ?, finished_uptime = ? WHERE {impossible}",  # noqa: S608
                (now(), at.boot, at.seconds, *limits),
            )


def purge(store: Store, case: Case) -> Purged:
    """Remove all that the store has of a case's study, or of its whole medium where no study was judged, and check it.

    The files of a medium lie together, so with the study go those of the other studies on its media; their verdicts
    stay. Feedback on the study goes too. The audit trail stays, which names no patient.

    Parameters
    ----------
    store : Store
        The store.
    case : Case
        One of the study's cases.

    Raises
    ------
    CaseRunningError
        When one of the cases is coming in or being judged. Nothing is removed then.
    PurgeError
        When something is still there afterwards; the message says what.
    """
    with store.audit.transaction() as connection:
        rows = _concerned(connection, case)
        spools = sorted({row["spool"] for row in rows})
        marks = ", ".join("?" * len(spools))
        users = connection.execute(f"SELECT * FROM cases WHERE spool IN ({marks})", spools).fetchall()  # noqa: S608
        busy = [row["number"] for row in users if row["state"] in (State.RECEIVED.value, State.RUNNING.value)]
        if busy:
            raise CaseRunningError(f"Case {busy[0]} is coming in or being judged; wait for its end, then purge again.")
        gone = [row["id"] for row in rows]
        folders = _folders(store, spools, [row["id"] for row in users])
        try:
            _remove(folders)
        except OSError as error:
            raise PurgeError(f"The files of case {case.number} cannot be removed ({error}); nothing was.") from error
        stays = [str(folder) for folder in folders if folder.exists()]
        if stays:
            raise PurgeError(f"These are still there, so no case was removed: {', '.join(stays)}.")
        for row in rows:
            _delete(connection, row)
            detail = {"what": "case", "why": "asked"}
            store.audit.append(connection, Act.PURGED, row["number"], row["judged_study_uid"], detail)
        forget(connection, [row["number"] for row in rows], case.judged_study_uid)
        connection.execute(
            f"UPDATE cases SET pixels_removed_at = ? WHERE spool IN ({marks}) AND pixels_removed_at IS NULL",  # noqa: S608
            (now(), *spools),
        )
    left = _left(store, case, gone)
    if left:
        raise PurgeError(f"The files and cases are gone, but there is still {'; '.join(left)}.")
    return Purged(tuple(row["number"] for row in rows), len(spools))


def _delete(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    connection.execute("DELETE FROM media WHERE case_id = ?", (row["id"],))
    connection.execute("DELETE FROM captures WHERE case_id = ?", (row["id"],))
    connection.execute("DELETE FROM cases WHERE number = ?", (row["number"],))


def _older(row: sqlite3.Row, limit: timedelta) -> bool:
    if row["finished_at"] is None:
        return False
    age = datetime.now(timezone.utc) - datetime.fromisoformat(row["finished_at"])
    awake_s = moment().age_s(row["finished_boot"], row["finished_uptime"])
    return age >= limit and (awake_s is None or awake_s >= limit.total_seconds())


def _concerned(connection: sqlite3.Connection, case: Case) -> List[sqlite3.Row]:
    """List the rows of a case's study, and of what is on its media without being known as a study."""
    rows: Dict[int, sqlite3.Row] = {}
    spools: Set[str] = {case.spool}
    if case.judged_study_uid is None:
        of_study = connection.execute("SELECT * FROM cases WHERE spool = ?", (case.spool,)).fetchall()
    else:
        query = "SELECT * FROM cases WHERE judged_study_uid = ?"
        of_study = connection.execute(query, (case.judged_study_uid,)).fetchall()
    for row in of_study:
        rows[row["number"]] = row
        spools.add(row["spool"])
    for spool in spools:
        query = "SELECT * FROM cases WHERE spool = ? AND judged_study_uid IS NULL"
        rows.update({row["number"]: row for row in connection.execute(query, (spool,))})
    return [rows[number] for number in sorted(rows)]


def _folders(store: Store, spools: Sequence[str], case_ids: Sequence[str]) -> List[Path]:
    return [store.spool / spool for spool in spools] + [store.rendered / case_id for case_id in case_ids]


def _remove(folders: Sequence[Path]) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def _left(store: Store, case: Case, case_ids: Sequence[str]) -> List[str]:
    """Look for what should be gone: rows, and the rows' bytes in the database's file and its log."""
    left = [f"the row of case {case_id}" for case_id in case_ids if store.case(case_id)]
    if case.judged_study_uid:
        query = "SELECT COUNT(*) FROM cases WHERE judged_study_uid = ?"
        if store.database.rows(query, case.judged_study_uid)[0][0]:
            left.append("a case of the study, which came in meanwhile; purge that one too")
    if not store.database.rewrite():
        left.append("the database's log, which another program is reading; it goes with the next purge")
    else:
        with store.database.closed():
            # a row begins with its id, and is in the file as a whole or not at all
            content = store.database.path.read_bytes()
        left += [f"the row of case {case_id} in the file" for case_id in case_ids if case_id.encode() in content]
    if set_aside(store.folder):
        left.append(f"a damaged database in {store.folder} that may name the patient; remove its folder damaged-…")
    return left
