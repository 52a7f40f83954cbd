"""The work on cases: taken by one worker, given back, finished."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Optional

from appliance.store.cases import State, StepProgress, columns_of, now
from appliance.store.database import Database
from appliance.verdict import Colour, Verdict

MAX_ATTEMPTS = 2
"""A case that was begun so often and never ended has brought the worker down each time."""


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
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self) -> Optional[Job]:
        """Take the oldest queued case, or None where none waits. No two workers get the same one."""
        if not self._database.rows("SELECT 1 FROM cases WHERE state = 'queued' LIMIT 1"):
            return None  # without the write lock, which an idle worker would otherwise take several times a second
        token = secrets.token_hex(16)
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE cases SET state = 'running', claim = ?, attempts = attempts + 1 "
                "WHERE number = (SELECT MIN(number) FROM cases WHERE state = 'queued')",
                (token,),
            )
            # RETURNING would say it in one, but needs a newer SQLite than Ubuntu 20.04 has
            row = connection.execute("SELECT * FROM cases WHERE claim = ?", (token,)).fetchone()
        return Job(row["id"], row["number"], row["spool"], row["study_uid"], token) if row else None

    def progress(self, job: Job, progress: StepProgress) -> None:
        """Note how far a job is."""
        self._write(job, "step = ?, step_done = ?, step_total = ?", progress.step, progress.done, progress.total)

    def finish(self, job: Job, verdict: Verdict) -> bool:
        """Keep the verdict; False where the job is no longer this worker's and nothing was kept."""
        state = State.REFUSED if verdict.colour is Colour.REFER else State.DONE
        columns = columns_of(verdict)
        return self._end(
            job,
            state,
            "verdict = ?, reasons = ?, patient = ?",
            columns["verdict"],
            columns["reasons"],
            columns["patient"],
        )

    def fail(self, job: Job, code: str, message: str) -> bool:
        """Keep why there is no verdict; False where the job is no longer this worker's."""
        return self._end(job, State.FAILED, "error_code = ?, error_message = ?", code, message)

    def give_back(self, job: Job) -> None:
        """Queue a job again that was stopped on purpose."""
        self._write(job, "state = 'queued', claim = NULL, step = NULL, attempts = attempts - 1")

    def recover(self) -> int:
        """Queue again what a worker left running when it died, unless it died of it repeatedly.

        To be called at the start of the only worker.

        Returns
        -------
        int
            How many cases were given up.
        """
        with self._database.transaction() as connection:
            given_up = connection.execute(
                "UPDATE cases SET state = 'failed', claim = NULL, finished_at = ?, "
                "error_code = 'interrupted', error_message = ? WHERE state = 'running' AND attempts >= ?",
                (now(), "The appliance stopped while judging these files. Read the study now.", MAX_ATTEMPTS),
            )
            connection.execute("UPDATE cases SET state = 'queued', claim = NULL, step = NULL WHERE state = 'running'")
            return given_up.rowcount

    def _end(self, job: Job, state: State, assignments: str, *values: Optional[str]) -> bool:
        assignments += ", state = ?, finished_at = ?, claim = NULL, step = NULL"
        return self._write(job, assignments, *values, state.value, now())

    def _write(self, job: Job, assignments: str, *values: object) -> bool:
        with self._database.transaction() as connection:
            # the assignments are this module's own words, never a user's
            query = f"UPDATE cases SET {assignments} WHERE id = ? AND claim = ?"  # noqa: S608
            return connection.execute(query, (*values, job.case_id, job.claim)).rowcount == 1
