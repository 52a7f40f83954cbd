"""A case, as the store keeps it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Dict, Optional, Sequence, Tuple

from appliance.study import PatientIdentity
from appliance.verdict import Reason, ReasonCode, Verdict


class Source(str, Enum):
    """Where a case came from."""

    UPLOAD = "upload"
    DEMO = "demo"


class State(str, Enum):
    """How far a case is. The last three are final."""

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
    state : State
        How far it is.
    progress : StepProgress or None
        While it is running.
    finished_at : datetime.datetime or None
        When its state became final, UTC.
    verdict : dict or None
        The published document, without identity.
    reasons : tuple of Reason
        Those of the verdict, with their values.
    rejected_reasons : tuple of tuple of Reason
        Those of each rejected series, in the document's order.
    patient : PatientIdentity or None
        Who the headers say this is.
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
    progress: Optional[StepProgress] = None
    finished_at: Optional[datetime] = None
    verdict: Optional[Dict[str, Any]] = None
    reasons: Tuple[Reason, ...] = ()
    rejected_reasons: Tuple[Tuple[Reason, ...], ...] = ()
    patient: Optional[PatientIdentity] = None
    error_code: Optional[str] = None
    error_message: Optional[str] = None

    def to_json(self) -> Dict[str, Any]:
        """Return what may be shown without identity: how far the case is, and its verdict as published."""
        return {
            "number": self.number,
            "state": self.state.value,
            "progress": asdict(self.progress) if self.progress else None,
            "error": {"code": self.error_code, "message": self.error_message} if self.error_code else None,
            "verdict": self.verdict,
        }


def now() -> str:
    """Return the time as the store writes it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def case_of(row: sqlite3.Row) -> Case:
    """Return the case that a row of the table holds."""
    reasons = json.loads(row["reasons"]) if row["reasons"] else {"verdict": [], "rejected": []}
    return Case(
        number=row["number"],
        id=row["id"],
        created_at=datetime.fromisoformat(row["created_at"]),
        source=Source(row["source"]),
        spool=row["spool"],
        study_uid=row["study_uid"],
        state=State(row["state"]),
        progress=StepProgress(row["step"], row["step_done"], row["step_total"]) if row["step"] else None,
        finished_at=datetime.fromisoformat(row["finished_at"]) if row["finished_at"] else None,
        verdict=json.loads(row["verdict"]) if row["verdict"] else None,
        reasons=_reasons(reasons["verdict"]),
        rejected_reasons=tuple(_reasons(series) for series in reasons["rejected"]),
        patient=PatientIdentity(**json.loads(row["patient"])) if row["patient"] else None,
        error_code=row["error_code"],
        error_message=row["error_message"],
    )


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
        "reasons": json.dumps(reasons, ensure_ascii=False),
        "patient": json.dumps(asdict(verdict.patient), ensure_ascii=False) if verdict.patient else None,
    }


def _reason_documents(reasons: Sequence[Reason]) -> Sequence[Dict[str, Any]]:
    # str: a count may be one of numpy's integers, which JSON does not know
    return json.loads(
        json.dumps([{"code": reason.code.value, "values": dict(reason.values)} for reason in reasons], default=str)
    )


def _reasons(documents: Sequence[Dict[str, Any]]) -> Tuple[Reason, ...]:
    return tuple(Reason(ReasonCode(document["code"]), document["values"]) for document in documents)
