"""The page of a case."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import Any, Dict, List, Tuple, Union

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from appliance.config import Settings
from appliance.errors import TriageError
from appliance.store import Act, Case, State, Store
from appliance.store.troubles import troubles
from appliance.web import access, words
from appliance.web.scan_date import scan_doubt

blueprint = Blueprint("cases", __name__)
blueprint.add_app_template_filter(words.reason_sentence, "reason_sentence")
blueprint.add_app_template_filter(words.error_sentence, "error_sentence")
blueprint.add_app_template_filter(words.trouble_sentence, "trouble_sentence")
blueprint.add_app_template_filter(scan_doubt, "scan_doubt")

log = logging.getLogger(__name__)


@blueprint.get("/cases/<case_id>")
def show(case_id: str) -> Union[str, AnyResponse]:
    """Show how far a case is, and then its verdict."""
    case = case_or_404(case_id)
    if case.state.final and not ("X-Shown" in request.headers and _store().audit.recorded(Act.VIEWED, case.number)):
        note_view(case)
    if case.same_as:
        return redirect(url_for("cases.show", case_id=case.same_as.id))
    return render_template(
        "case.html",
        case=case,
        superseded=_store().superseded(case),
        waiting=_store().waiting_before(case) if case.state is State.QUEUED else 0,
        error=words.error_sentence(case.error_code, case.error_message or "") if case.error_code else "",
        rejected=_rejected(case),
        feedback=_store().feedback.of(case),
        strongest=strongest_zone(case),
        troubles=troubles(_store(), _settings()),
        names=access.sees_names(),
        awaited=[other for other in _store().acknowledgements.awaited() if other.number != case.number],
    )


@blueprint.get("/cases/<case_id>.json")
def document(case_id: str) -> Response:
    """Return the case for programs, without identity."""
    return jsonify(case_or_404(case_id).to_json())


@blueprint.get("/cases/<case_id>/zone-<int:zone>.png")
def picture(case_id: str, zone: int) -> Response:
    """Return the slice that represents a zone."""
    case = case_or_404(case_id)
    return send_from_directory(_store().rendered / case.id, f"zone-{zone}.png")


@blueprint.post("/cases/<case_id>/choice")
def choose(case_id: str) -> AnyResponse:
    """Queue the study that was chosen among several."""
    case = case_or_404(case_id)
    try:
        chosen = _store().choose(case, request.form.get("study_uid", ""))
    except ValueError:
        abort(400)
    return redirect(url_for("cases.show", case_id=chosen.id), 303)


@blueprint.app_template_filter()
def elapsed_s(case: Case) -> int:
    """Return the seconds since a case came in."""
    return max(0, round((datetime.now(timezone.utc) - case.created_at).total_seconds()))


@blueprint.app_template_filter()
def look(case: Case) -> str:
    """Name how a case is shown: ``red``, ``green``, ``refer``, ``failed``, ``working``, ``coming`` or ``waiting``."""
    if case.state is State.DONE and case.verdict:
        return {"red_black": "red", "green_yellow": "green"}[case.verdict["verdict"]]
    names = {State.REFUSED: "refer", State.FAILED: "failed", State.RUNNING: "working", State.RECEIVED: "coming"}
    return names.get(case.state, "waiting")


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def note_view(case: Case) -> None:
    """Put on record that a case with its patient is shown."""
    try:
        detail = {"identity": access.sees_names() and case.patient is not None}
        _store().audit.record(Act.VIEWED, case.number, case.judged_study_uid, detail)
    except TriageError as error:
        # the verdict is shown all the same
        log.error("a view of case %d is not on record: %s", case.number, error.message)


def case_or_404(case_id: str) -> Case:
    """Return a case; where there is none, the request ends."""
    case = _store().case(case_id)
    if case is None:
        abort(404)
    return case


def _rejected(case: Case) -> List[Tuple[Dict[str, Any], List[str]]]:
    """Each rejected series with its reasons in the reader's language."""
    if case.verdict is None:
        return []
    sentences = [[words.series_sentence(reason) for reason in reasons] for reasons in case.rejected_reasons]
    return list(zip(case.verdict["series"]["rejected"], sentences))


def strongest_zone(case: Case) -> int:
    """Return the zone, counted from 1, whose slice scored highest; 0 where there are none."""
    zones = case.verdict["zones"] if case.verdict else []
    return max(range(1, len(zones) + 1), key=lambda zone: float(zones[zone - 1]["probability"]), default=0)
