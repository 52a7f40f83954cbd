"""The work on cases: taken by one worker, given back, finished.

A worker holds a case by a lease that it renews as long as it lives. A lease that ran out belongs to a worker that died,
and the case is taken up again. Leases are counted on the monotonic clock of a boot (`appliance.store.clock`), never on
the wall clock: a clock that is set forward would end the lease of a living worker, and one set back would keep a dead
worker's case for hours. A lease of another boot has ended, since no process outlives its boot.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple

from appliance.store.audit import Act, Audit
from appliance.store.cases import State, StepProgress, columns_of, now, patient_id_of
from appliance.store.clock import moment
from appliance.store.database import Database
from appliance.study import PatientIdentity
from appliance.verdict import Colour, Verdict

MAX_ATTEMPTS = 3
"""A case that was begun so often and never ended has brought the worker down each time."""

LEASE_S = 10.0
"""A worker that did not renew for so long is dead. Short, for nobody judges its case until then."""

HEARTBEAT_S = 2.0
"""How often a worker renews."""

# a lease that ends later than any can was written before a boot that has the same name, or by a broken clock
_ENDED = "state = 'running' AND (lease_boot IS NOT :boot OR NOT lease_until BETWEEN :now AND :now + :lease)"


@dataclass(frozen=True)
class Job:
    """A case in the hands of one worker.

    Attributes
    ----------
    case_id : str
        The case.
    number : int
        Its number.
    spool : str
        Name of the spool's folder that holds its files.
    study_uid : str or None
        The study to judge, where somebody chose.
    claim : str
        Proof that this worker has it; whoever lost it can no longer write.
    """

    case_id: str
    number: int
    spool: str
    study_uid: Optional[str]
    claim: str


class Jobs:
    """The queue, oldest case first.

    Parameters
    ----------
    database : Database
        Holds the cases.
    audit : Audit
        Notes what is done.
    """

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def claim(self) -> Optional[Job]:
        """Take the oldest case that is queued or whose worker died; None where there is none.

        No two workers get the same one. What was begun `MAX_ATTEMPTS` times fails, with its reason.
        """
        if not self.waiting():
            return None  # without the write lock, which an idle worker would otherwise take several times a second
        token = secrets.token_hex(16)
        with self._audit.transaction() as connection:
            # the moment is taken under the lock: one from before it would make a lease that another process has just
            # taken look as if it ended too late
            lease = _lease_from_now()
            self._give_up(connection, lease)
            connection.execute(
                f"UPDATE cases SET state = 'queued', claim = NULL, step = NULL WHERE {_ENDED}",  # noqa: S608
                lease,
            )
            connection.execute(
                "UPDATE cases SET state = 'running', claim = :token, attempts = attempts + 1, "
                "lease_boot = :boot, lease_until = :now + :lease "
                "WHERE number = (SELECT MIN(number) FROM cases WHERE state = 'queued')",
                {**lease, "token": token},
            )
            # RETURNING would say it in one, but needs a newer SQLite than Ubuntu 20.04 has
            row = connection.execute("SELECT * FROM cases WHERE claim = ?", (token,)).fetchone()
        return Job(row["id"], row["number"], row["spool"], row["study_uid"], token) if row else None

    def waiting(self) -> bool:
        """Tell whether `claim` would find a case."""
        query = f"SELECT 1 FROM cases WHERE state = 'queued' OR {_ENDED} LIMIT 1"  # noqa: S608
        return bool(self._database.rows(query, **_lease_from_now()))

    def renew(self, job: Job) -> bool:
        """Renew the lease; False where the job is no longer this worker's."""
        at = moment()
        return self._write(job, "lease_boot = ?, lease_until = ?", at.boot, at.seconds + LEASE_S)

    def progress(self, job: Job, progress: StepProgress) -> None:
        """Note how far a job is."""
        self._write(job, "step = ?, step_done = ?, step_total = ?", progress.step, progress.done, progress.total)

    def finish(self, job: Job, verdict: Verdict, photographed: bool = False) -> bool:
        """Keep the verdict, and mark what it supersedes: the cases of the study whose images it judged too.

        Parameters
        ----------
        job : Job
            The work.
        verdict : Verdict
            The answer.
        photographed : bool
            Whether what was judged is photographs of a screen.

        Returns
        -------
        bool
            False where the job is no longer this worker's and nothing was kept.
        """
        state = State.REFUSED if verdict.colour is Colour.REFER else State.DONE
        columns = {**columns_of(verdict), "photographed": photographed}
        with self._audit.transaction() as connection:
            if not self._end(connection, job, state, columns):
                return False
            study = _judged_study(connection, job.number)
            self._audit.append(connection, Act.JUDGED, job.number, study, _outcome(verdict))
            for number in _superseded(connection, job.number, study, verdict.patient):
                connection.execute("UPDATE cases SET superseded_by = ? WHERE number = ?", (job.number, number))
                self._audit.append(connection, Act.SUPERSEDED, number, study, {"by": job.number})
        return True

    def finish_same(self, job: Job, first: int) -> bool:
        """Keep the verdict of a case that had brought the same images, and point to it.

        The verdict is copied, so that this case keeps it when the first is removed.
        """
        with self._audit.transaction() as connection:
            row = connection.execute("SELECT * FROM cases WHERE number = ?", (first,)).fetchone()
            columns = {name: row[name] for name in ("verdict", "colour", "reasons", "patient")}
            if not self._end(connection, job, State(row["state"]), {**columns, "same_as": first, "repeats": 1}):
                return False
            study = _judged_study(connection, job.number)
            self._audit.append(connection, Act.JUDGED, job.number, study, {"same_as": first})
        return True

    def fail(self, job: Job, code: str, message: str) -> bool:
        """Keep why there is no verdict; False where the job is no longer this worker's."""
        with self._audit.transaction() as connection:
            if not self._end(connection, job, State.FAILED, {"error_code": code, "error_message": message}):
                return False
            study = _judged_study(connection, job.number)
            self._audit.append(connection, Act.JUDGED, job.number, study, {"failed": code})
        return True

    def give_back(self, job: Job) -> None:
        """Queue a job again that was stopped on purpose."""
        self._write(job, "state = 'queued', claim = NULL, step = NULL, attempts = attempts - 1")

    def _give_up(self, connection: sqlite3.Connection, lease: Dict[str, object]) -> None:
        query = f"SELECT * FROM cases WHERE {_ENDED} AND attempts >= {MAX_ATTEMPTS}"  # noqa: S608
        for row in connection.execute(query, lease).fetchall():
            job = Job(row["id"], row["number"], row["spool"], row["study_uid"], row["claim"])
            message = f"The appliance stopped {row['attempts']} times while judging these files. Read the study now."
            self._end(connection, job, State.FAILED, {"error_code": "interrupted", "error_message": message})
            study = row["judged_study_uid"]
            self._audit.append(connection, Act.JUDGED, job.number, study, {"failed": "interrupted"})

    def _end(self, connection: sqlite3.Connection, job: Job, state: State, columns: Mapping[str, object]) -> bool:
        at = moment()
        columns = {
            **columns,
            "state": state.value,
            "finished_at": now(),
            "finished_boot": at.boot,
            "finished_uptime": at.seconds,
            "claim": None,
            "step": None,
        }
        return _update(connection, job, ", ".join(f"{name} = ?" for name in columns), tuple(columns.values()))

    def _write(self, job: Job, assignments: str, *values: object) -> bool:
        with self._database.transaction() as connection:
            return _update(connection, job, assignments, values)


def _outcome(verdict: Verdict) -> Dict[str, object]:
    """Return what stays known of a verdict when its case is removed: the colour, and how long it took (`Tally`)."""
    total = verdict.timings.total
    return {"verdict": verdict.colour.value, **({} if total is None else {"ms": round(total)})}


def _lease_from_now() -> Dict[str, object]:
    at = moment()
    return {"boot": at.boot, "now": at.seconds, "lease": LEASE_S}


def _update(connection: sqlite3.Connection, job: Job, assignments: str, values: Tuple[object, ...]) -> bool:
    # the assignments are this module's own words, never a user's
    query = f"UPDATE cases SET {assignments} WHERE id = ? AND claim = ?"  # noqa: S608
    return connection.execute(query, (*values, job.case_id, job.claim)).rowcount == 1


def _judged_study(connection: sqlite3.Connection, number: int) -> Optional[str]:
    row = connection.execute("SELECT judged_study_uid FROM cases WHERE number = ?", (number,)).fetchone()
    return row["judged_study_uid"]


def _superseded(
    connection: sqlite3.Connection, number: int, study: Optional[str], patient: Optional[PatientIdentity]
) -> List[int]:
    """List the judged cases of a study and patient whose images are all among those of one case.

    A device that gives two patients the same UIDs must not have one patient's answer take the place of the other's.
    """
    query = (
        "SELECT number, patient FROM cases WHERE judged_study_uid = :study AND number <> :number "
        "AND state IN ('done', 'refused') AND superseded_by IS NULL AND same_as IS NULL AND NOT EXISTS ("
        "SELECT 1 FROM instances WHERE case_number = cases.number AND sop_instance_uid NOT IN ("
        "SELECT sop_instance_uid FROM instances WHERE case_number = :number))"
    )
    patient_id = patient.patient_id if patient else None
    rows = connection.execute(query, {"study": study, "number": number}).fetchall()
    return [row["number"] for row in rows if patient_id_of(row) == patient_id]
