"""What people themselves saw in a study, beside what the appliance said of it.

Feedback outlives its case. Results are removed after some weeks, for they name a patient; but figures are wanted of
months, and a label is worth most when the study is long in the archive. So when a case is removed by age, an `Outcome`
is left of it: verdict, time, source, network, and the SHA-256 of the Study Instance UID, by which who has the archive
finds the study again, and who has not finds nothing. It names no patient, and a note that names the case's patient is
refused. When a study is purged because somebody asked for that, its feedback and outcomes go with it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Dict, List, Optional, Sequence

from appliance.errors import TriageError
from appliance.store.acknowledgements import person
from appliance.store.audit import Act, Audit
from appliance.store.cases import Case, Source, now
from appliance.store.database import Database
from appliance.study import PatientIdentity
from appliance.verdict import Colour

NOTE_MAX = 2000
"""Characters of a note."""


class FeedbackError(TriageError):
    """Feedback without a colour, or with a note that is too long."""

    code = "bad_feedback"
    exit_status = 2

    def __init__(self) -> None:
        super().__init__(f"Choose one of the four colours; a note has {NOTE_MAX} characters at most. Send it again.")


class PatientNamedError(TriageError):
    """A note names the patient."""

    code = "patient_named"
    exit_status = 2

    def __init__(self) -> None:
        super().__init__("The note names the patient. Notes are kept longer than the case: leave name and ID out.")


class OwnColour(str, Enum):
    """What a person says of a study."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    BLACK = "black"

    @property
    def urgent(self) -> bool:
        """Whether it answers to the appliance's red / black."""
        return self in (OwnColour.RED, OwnColour.BLACK)


@dataclass(frozen=True)
class Feedback:
    """One submission.

    Attributes
    ----------
    at : datetime.datetime
        When, UTC.
    who : str
        The person's name, as typed.
    colour : OwnColour
        The person's own colour.
    note : str
        What else there was to say; may be empty.
    """

    at: datetime
    who: str
    colour: OwnColour
    note: str


@dataclass(frozen=True)
class Outcome:
    """What a report counts of a case.

    Attributes
    ----------
    case_number : int
        The case, which may have been removed.
    finished_at : datetime.datetime
        When its verdict was there, UTC.
    source : Source
        Where it came from.
    verdict : Colour
        What the appliance said.
    urgent_probability : float or None
        Calibrated probability of haemorrhage; None on `refer`.
    study_sha256 : str or None
        Of the Study Instance UID; None where no single study was found.
    model : dict
        Name, version and SHA-256 of the network.
    own_colour : OwnColour or None
        The newest feedback; None where there is none.
    """

    case_number: int
    finished_at: datetime
    source: Source
    verdict: Colour
    urgent_probability: Optional[float]
    study_sha256: Optional[str]
    model: Dict[str, str]
    own_colour: Optional[OwnColour]


class Feedbacks:
    """The feedback of people.

    Parameters
    ----------
    database : Database
        Holds it.
    audit : Audit
        Notes it.
    """

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def give(self, case: Case, colour: str, note: str, who: str) -> None:
        """Keep what a person says of a case; what was said before is kept too.

        Parameters
        ----------
        case : Case
            A case that has a verdict. One that brought the same images as another counts as that one.
        colour, note, who : str
            As typed.

        Raises
        ------
        NoNameError
            When there is no name.
        FeedbackError
            When there is no such colour, or the note is too long.
        PatientNamedError
            When the note names the case's patient.
        ValueError
            When the case has no verdict.
        """
        name = person(who)
        kept = note.replace("\r\n", "\n").strip()
        if colour not in {own.value for own in OwnColour} or len(kept) > NOTE_MAX:
            raise FeedbackError
        if case.patient and _names(kept, case.patient):
            raise PatientNamedError
        if case.identity and case.identity.patient.casefold() in kept.casefold():
            raise PatientNamedError
        if case.verdict is None:
            raise ValueError(f"case {case.number} has no verdict")
        number = case.same_as.number if case.same_as else case.number
        with self._audit.transaction() as connection:
            connection.execute(
                "INSERT INTO feedback (case_number, at, who, colour, note) VALUES (?, ?, ?, ?, ?)",
                (number, now(), name, colour, kept),
            )
            detail = {"by": name, "colour": colour}
            self._audit.append(connection, Act.FEEDBACK, number, case.judged_study_uid, detail)

    def of(self, case: Case) -> List[Feedback]:
        """Return what was said of a case, newest first."""
        number = case.same_as.number if case.same_as else case.number
        rows = self._database.rows("SELECT * FROM feedback WHERE case_number = ? ORDER BY number DESC", number)
        return [
            Feedback(datetime.fromisoformat(row["at"]), row["who"], OwnColour(row["colour"]), row["note"])
            for row in rows
        ]

    def outcomes(self, start: datetime, end: datetime) -> List[Outcome]:
        """Return what became of the cases that were finished in a time, removed ones included, in their order.

        Cases that others took the place of, and those that brought nothing new, are left out.

        Parameters
        ----------
        start, end : datetime.datetime
            With time zone; the end is not included.
        """
        times = [moment.astimezone(timezone.utc).isoformat(timespec="milliseconds") for moment in (start, end)]
        newest = (
            "SELECT colour FROM feedback WHERE feedback.case_number = found.case_number ORDER BY number DESC LIMIT 1"
        )
        removed = self._database.rows(
            f"SELECT found.*, ({newest}) AS own_colour FROM outcomes AS found "  # noqa: S608
            "WHERE finished_at >= ? AND finished_at < ?",
            *times,
        )
        kept = self._database.rows(
            f"SELECT *, ({newest}) AS own_colour FROM (SELECT *, number AS case_number FROM cases) AS found "  # noqa: S608
            f"WHERE {_CURRENT} AND finished_at >= ? AND finished_at < ?",
            *times,
        )
        documents = [dict(row) for row in removed]
        documents += [{**_outcome(row), "own_colour": row["own_colour"]} for row in kept]
        return [_outcome_of(document) for document in sorted(documents, key=lambda each: int(each["case_number"]))]


_CURRENT = "colour IS NOT NULL AND superseded_by IS NULL AND NOT repeats"


def leave_outcome(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Keep of a case that is about to be removed by age what a report counts; of what it does not count, nothing."""
    if row["colour"] is None or row["superseded_by"] is not None or row["repeats"]:
        connection.execute("DELETE FROM feedback WHERE case_number = ?", (row["number"],))
        return
    outcome = _outcome(row)
    connection.execute(
        f"INSERT INTO outcomes ({', '.join(outcome)}) VALUES ({', '.join('?' * len(outcome))})",  # noqa: S608
        tuple(outcome.values()),
    )


def forget(connection: sqlite3.Connection, numbers: Sequence[int], study_uid: Optional[str]) -> None:
    """Remove the feedback on some cases, and on those of a study that were removed by age."""
    digest = _digest(study_uid)
    old = connection.execute("SELECT case_number FROM outcomes WHERE study_sha256 = ?", (digest,)).fetchall()
    for number in (*numbers, *(row["case_number"] for row in old)):
        connection.execute("DELETE FROM feedback WHERE case_number = ?", (number,))
        connection.execute("DELETE FROM outcomes WHERE case_number = ?", (number,))


def _outcome(row: sqlite3.Row) -> Dict[str, Any]:
    """Return the columns of `outcomes` that a row of `cases` gives."""
    verdict = json.loads(row["verdict"])
    return {
        "case_number": row["number"],
        "finished_at": row["finished_at"],
        "source": row["source"],
        "colour": row["colour"],
        "urgent_probability": verdict["urgent_probability"],
        "study_sha256": _digest(row["judged_study_uid"]),
        "model": json.dumps(verdict["model"]),
    }


def _outcome_of(document: Dict[str, Any]) -> Outcome:
    own = document["own_colour"]
    return Outcome(
        case_number=document["case_number"],
        finished_at=datetime.fromisoformat(document["finished_at"]),
        source=Source(document["source"]),
        verdict=Colour(document["colour"]),
        urgent_probability=document["urgent_probability"],
        study_sha256=document["study_sha256"],
        model=json.loads(document["model"]),
        own_colour=OwnColour(own) if own else None,
    )


def _digest(study_uid: Optional[str]) -> Optional[str]:
    return hashlib.sha256(study_uid.encode("utf-8")).hexdigest() if study_uid else None


def _names(note: str, patient: PatientIdentity) -> bool:
    """Tell whether a note holds the patient's ID or a part of the patient's name.

    Latin parts of one or two letters are left out, for they are words too.
    """
    latin = "A-Za-z0-9"
    parts = [part for part in re.split(r"[\^=\s]+", patient.name) if len(part) > (2 if part.isascii() else 1)]
    if len(patient.patient_id) > 3:
        parts.append(patient.patient_id)
    return any(re.search(f"(?<![{latin}]){re.escape(part)}(?![{latin}])", note, re.IGNORECASE) for part in parts)
