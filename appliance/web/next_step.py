"""What comes after a verdict: whom to call, who took notice of it, and the sheet that goes with the patient."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Dict, Union

from flask import Blueprint, abort, current_app, redirect, render_template, url_for
from werkzeug.wrappers import Response

from appliance.config import HospitalSettings, Settings
from appliance.store import Case, Store
from appliance.web import access
from appliance.web.cases import case_or_404, note_view, strongest_zone

blueprint = Blueprint("next_step", __name__)


@blueprint.post("/cases/<case_id>/acknowledgement")
def acknowledge(case_id: str) -> Response:
    """Keep who took notice of a case."""
    store: Store = current_app.extensions["store"]
    case = case_or_404(case_id)
    try:
        store.acknowledgements.acknowledge(case, access.signature())
    except ValueError:
        abort(400)
    return redirect(url_for("cases.show", case_id=case.id, _anchor="next-step"), 303)


@blueprint.get("/cases/<case_id>/handover")
def handover(case_id: str) -> Union[str, Response]:
    """Show the sheet that is printed and goes with the patient."""
    case = case_or_404(case_id)
    if case.verdict is None:
        abort(404)
    note_view(case)
    if case.same_as:
        return redirect(url_for("next_step.handover", case_id=case.same_as.id))
    return render_template("handover.html", case=case, strongest=strongest_zone(case), now=datetime.now(timezone.utc))


@blueprint.app_context_processor
def _hospital() -> Dict[str, HospitalSettings]:
    settings: Settings = current_app.extensions["settings"]
    return {"hospital": settings.hospital}


@blueprint.app_template_filter()
def waited_s(case: Case) -> int:
    """Return the seconds since a case's verdict."""
    if case.finished_at is None:
        return 0
    return max(0, round((datetime.now(timezone.utc) - case.finished_at).total_seconds()))
