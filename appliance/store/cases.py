"""A case, as the store keeps it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Dict, Optional, Sequence, Tuple

from appliance.reasons import Reason, ReasonCode
from appliance.study import PatientIdentity
from appliance.verdict import Colour, Verdict


class Source(str, Enum):
    """Where a case came from."""

    UPLOAD = "upload"
    DEMO = "demo"
    MEDIA = "media"
    """A disc or stick that was put into the appliance."""
    NETWORK = "network"
    """DICOM network storage."""
    CAMERA = "camera"


class State(str, Enum):
    """How far a case is. The last three are final."""

    RECEIVED = "received"
    """Some of its images are on the disk, and more may come."""
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    """There is a colour."""
    REFUSED = "refused"
    """There is a verdict, and it is `refer`."""
    FAILED = "failed"
    """There is no verdict, for a reason that `Case.error_code` names."""

    @property
    def final(self) -> bool:
        """Whether no more will happen."""
        return self in (State.DONE, State.REFUSED, State.FAILED)


@dataclass(frozen=True)
class StepProgress:
    """What the worker is doing: the pipeline's step, and how much of it is done."""

    step: str
    done: int
    total: int


@dataclass(frozen=True)
class Link:
    """Another case: what people call it, and its id."""

    number: int
    id: str


@dataclass(frozen=True)
class Acknowledgement:
    """Who took notice of a case, and when, UTC."""

    at: datetime
    who: str


@dataclass(frozen=True)
class Identity:
    """Whose a photographed case is: ID or name as typed, by whom, and when, UTC."""

    at: datetime
    who: str
    patient: str


@dataclass(frozen=True)
class Case:
    """One request for a verdict.

    Attributes
    ----------
    number : int
        What people call it.
    id : str
        Random, URL-safe: who does not know it cannot ask for it.
    created_at : datetime.datetime
        When it was received, UTC.
    source : Source
        Where it came from.
    spool : str
        Name of the spool's folder that holds its files.
    study_uid : str or None
        The study that was chosen among several.
    judged_study_uid : str or None
        The study that is judged, known once the headers were read.
    same_as : Link or None
        The case that had judged these images, and perhaps more, before; its verdict is this one's.
    superseded_by : Link or None
        A later case that judged these images too, and perhaps more.
    repeats : bool
        Whether it brought only images that were judged before; still known when `same_as` was removed.
    acknowledged : Acknowledgement or None
        Who took notice of it first, or of the case that it is the same as.
    state : State
        How far it is.
    progress : StepProgress or None
        While it is running; for a received one, how many images there are.
    finished_at : datetime.datetime or None
        When its state became final, UTC.
    pixels_removed_at : datetime.datetime or None
        Since when neither its files nor its rendered slices are kept, UTC.
    verdict : dict or None
        The published document, without identity.
    reasons : tuple of Reason
        Those of the verdict, with their values.
    rejected_reasons : tuple of tuple of Reason
        Those of each rejected series, in the document's order.
    patient : PatientIdentity or None
        Who the headers say this is.
    photographed : bool
        Whether it was photographed off a screen: then no header says anything.
    identity : Identity or None
        Whose a photographed case is, as a person confirmed.
    error_code, error_message : str or None
        Why there is no verdict.
    """

    number: int
    id: str
    created_at: datetime
    source: Source
    spool: str
    study_uid: Optional[str]
    state: State
    judged_study_uid: Optional[str] = None
    same_as: Optional[Link] = None
    superseded_by: Optional[Link] = None
    repeats: bool = False
    acknowledged: Optional[Acknowledgement] = None
    progress: Optional[StepProgress] = None
    finished_at: Optional[datetime] = None
    pixels_removed_at: Optional[datetime] = None
    verdict: Optional[Dict[str, Any]] = None
    reasons: Tuple[Reason, ...] = ()
    rejected_reasons: Tuple[Tuple[Reason, ...], ...] = ()
    patient: Optional[PatientIdentity] = None
    photographed: bool = False
    identity: Optional[Identity] = None
    error_code: Optional[str] = None
    error_message: Optional[str] = None

    @property
    def calls(self) -> bool:
        """Whether it needs somebody now: it is red, or could not be judged."""
        return self.verdict is not None and self.verdict["verdict"] != Colour.GREEN_YELLOW.value

    @property
    def unidentified(self) -> bool:
        """Whether nobody has said yet whose it is, and nothing in it does."""
        return self.photographed and self.identity is None

    @property
    def awaited(self) -> bool:
        """Whether the pages remind of it: it is red and real, nobody acknowledged it, and no other took its place."""
        red = self.verdict is not None and self.verdict["verdict"] == Colour.RED_BLACK.value
        return red and not (self.acknowledged or self.superseded_by or self.repeats or self.source is Source.DEMO)

    def to_json(self) -> Dict[str, Any]:
        """Return what may be shown without identity: how far the case is, and its verdict as published."""
        return {
            "number": self.number,
            "state": self.state.value,
            "progress": asdict(self.progress) if self.progress else None,
            "error": {"code": self.error_code, "message": self.error_message} if self.error_code else None,
            "same_as": self.same_as.number if self.same_as else None,
            "superseded_by": self.superseded_by.number if self.superseded_by else None,
            "photographed": self.photographed,
            "identified": self.identity is not None if self.photographed else None,
            "verdict": self.verdict,
        }


CASES = (
    "SELECT cases.*, same.id AS same_id, newer.id AS newer_id, seen.at AS seen_at, seen.who AS seen_by, "
    "whose.at AS whose_at, whose.who AS whose_by, whose.patient AS whose_patient FROM cases "
    "LEFT JOIN cases AS same ON same.number = cases.same_as "
    "LEFT JOIN cases AS newer ON newer.number = cases.superseded_by "
    "LEFT JOIN acknowledgements AS seen ON seen.case_number = COALESCE(cases.same_as, cases.number) "
    "LEFT JOIN identities AS whose ON whose.number = "
    "(SELECT MAX(number) FROM identities WHERE case_number = cases.number)"
)
"""Query of the rows that `case_of` takes."""


def now() -> str:
    """Return the time as the store writes it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def case_of(row: sqlite3.Row) -> Case:
    """Return the case that a row of `CASES` holds."""
    reasons = json.loads(row["reasons"]) if row["reasons"] else {"verdict": [], "rejected": []}
    return Case(
        number=row["number"],
        id=row["id"],
        created_at=datetime.fromisoformat(row["created_at"]),
        source=Source(row["source"]),
        spool=row["spool"],
        study_uid=row["study_uid"],
        judged_study_uid=row["judged_study_uid"],
        same_as=Link(row["same_as"], row["same_id"]) if row["same_as"] else None,
        superseded_by=Link(row["superseded_by"], row["newer_id"]) if row["superseded_by"] else None,
        repeats=bool(row["repeats"]),
        acknowledged=(
            Acknowledgement(datetime.fromisoformat(row["seen_at"]), row["seen_by"]) if row["seen_at"] else None
        ),
        state=State(row["state"]),
        progress=StepProgress(row["step"], row["step_done"], row["step_total"]) if row["step"] else None,
        finished_at=_time(row["finished_at"]),
        pixels_removed_at=_time(row["pixels_removed_at"]),
        verdict=json.loads(row["verdict"]) if row["verdict"] else None,
        reasons=_reasons(reasons["verdict"]),
        rejected_reasons=tuple(_reasons(series) for series in reasons["rejected"]),
        patient=PatientIdentity(**json.loads(row["patient"])) if row["patient"] else None,
        photographed=bool(row["photographed"]),
        identity=(
            Identity(datetime.fromisoformat(row["whose_at"]), row["whose_by"], row["whose_patient"])
            if row["whose_at"]
            else None
        ),
        error_code=row["error_code"],
        error_message=row["error_message"],
    )


def patient_id_of(row: sqlite3.Row) -> Optional[str]:
    """Return the Patient ID of a case's row; None where no patient is known."""
    return json.loads(row["patient"])["patient_id"] if row["patient"] else None


def columns_of(verdict: Verdict) -> Dict[str, Optional[str]]:
    """Return the columns that hold a verdict.

    Identity has a column of its own, so that the published document can be passed on as it is.
    """
    reasons = {
        "verdict": _reason_documents(verdict.reasons),
        "rejected": [_reason_documents(item.reasons) for item in verdict.rejected],
    }
    return {
        "verdict": json.dumps(verdict.to_json(), ensure_ascii=False),
        "colour": verdict.colour.value,
        "reasons": json.dumps(reasons, ensure_ascii=False),
        "patient": json.dumps(asdict(verdict.patient), ensure_ascii=False) if verdict.patient else None,
    }


def _time(text: Optional[str]) -> Optional[datetime]:
    return datetime.fromisoformat(text) if text else None


def _reason_documents(reasons: Sequence[Reason]) -> Sequence[Dict[str, Any]]:
    # str: a count may be one of numpy's integers, which JSON does not know
    return json.loads(
        json.dumps([{"code": reason.code.value, "values": dict(reason.values)} for reason in reasons], default=str)
    )


def _reasons(documents: Sequence[Dict[str, Any]]) -> Tuple[Reason, ...]:
    return tuple(Reason(ReasonCode(document["code"]), document["values"]) for document in documents)
