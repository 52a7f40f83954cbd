"""Which study a case is, and what is known of it: the same study sent twice is judged once, and more of it anew."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from appliance.store.audit import Audit
from appliance.store.cases import Case, State, patient_id_of
from appliance.store.jobs import Job


@dataclass(frozen=True)
class Known:
    """What earlier cases say of a study that came in.

    Attributes
    ----------
    same_as : int or None
        Number of the case that judged these images, and perhaps more, gave them a colour, and still has its slices to
        show: a part of a study must not get another answer than the whole.
    earlier : tuple of str
        Folders of the spool with images of the study that did not come in this time, where some came in that are new:
        what arrives in parts is judged as a whole.
    """

    same_as: Optional[int] = None
    earlier: Tuple[str, ...] = ()


class Studies:
    """The instances that each case judged.

    Parameters
    ----------
    audit : Audit
        Opens transactions.
    """

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def identify(
        self, job: Job, study_uid: str, patient_id: str, instances: Mapping[str, str], model_sha256: str
    ) -> Known:
        """Keep which images a job judges, and compare them with those of earlier cases of the study.

        A refusal is no reason to refuse again: whoever was told to send the study again has done so. Nor is a verdict
        of another network, or on images whose headers said something else.

        Parameters
        ----------
        job : Job
            The job.
        study_uid, patient_id : str
            Study Instance UID and Patient ID. Another patient's images are never judged together with these, even under
            one Study Instance UID.
        instances : mapping of str to str
            Digest of the header by SOP Instance UID, of all images of the study that came in.
        model_sha256 : str
            Of the network that would judge.
        """
        with self._audit.transaction() as connection:
            changed = connection.execute(
                "UPDATE cases SET judged_study_uid = ? WHERE id = ? AND claim = ?", (study_uid, job.case_id, job.claim)
            )
            if not changed.rowcount:
                return Known()  # the job is no longer this worker's, and what it finds will not be kept
            connection.execute("DELETE FROM instances WHERE case_number = ?", (job.number,))
            connection.executemany(
                "INSERT INTO instances (case_number, sop_instance_uid, header_sha256) VALUES (?, ?, ?)",
                [(job.number, uid, digest) for uid, digest in instances.items()],
            )
            rows = connection.execute(
                "SELECT number, spool, state, superseded_by, pixels_removed_at, verdict, patient FROM cases "
                "WHERE judged_study_uid = ? AND number <> ? AND state IN ('done', 'refused') AND same_as IS NULL "
                "ORDER BY number",
                (study_uid, job.number),
            ).fetchall()
            rows = [row for row in rows if patient_id_of(row) == patient_id]
            known = {row["number"]: _instances(connection, row["number"]) for row in rows}
            return _compare(dict(instances), known, rows, model_sha256)

    def instances(self, case: Case) -> List[str]:
        """Return the SOP Instance UIDs of what a case judged, sorted."""
        with self._audit.transaction() as connection:
            return sorted(_instances(connection, case.number))


def _instances(connection: sqlite3.Connection, number: int) -> Dict[str, str]:
    query = "SELECT sop_instance_uid, header_sha256 FROM instances WHERE case_number = ?"
    return {row["sop_instance_uid"]: row["header_sha256"] for row in connection.execute(query, (number,))}


def _compare(
    mine: Dict[str, str], known: Dict[int, Dict[str, str]], rows: Sequence[sqlite3.Row], model_sha256: str
) -> Known:
    kept = [row for row in rows if row["pixels_removed_at"] is None]
    current = (row for row in kept if row["state"] == State.DONE.value and row["superseded_by"] is None)
    for row in current:
        same_model = json.loads(row["verdict"])["model"]["sha256"] == model_sha256
        if same_model and mine.items() <= known[row["number"]].items():
            return Known(same_as=row["number"])
    if any(mine.keys() <= theirs.keys() for theirs in known.values()):
        return Known()
    missing = [row["spool"] for row in kept if not known[row["number"]].keys() <= mine.keys()]
    return Known(earlier=tuple(dict.fromkeys(missing)))
