"""The form in which a person says what they themselves saw in a study."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from appliance.store import OwnColour, Store
from appliance.store.acknowledgements import NAME_MAX
from appliance.store.feedback import NOTE_MAX
from appliance.web import access
from appliance.web.cases import case_or_404

blueprint = Blueprint("feedback", __name__)
blueprint.app_context_processor(lambda: {"own_colours": list(OwnColour), "name_max": NAME_MAX, "note_max": NOTE_MAX})


@blueprint.post("/cases/<case_id>/feedback")
def give(case_id: str) -> Response:
    """Keep a person's own colour for a case."""
    store: Store = current_app.extensions["store"]
    case = case_or_404(case_id)
    form = request.form
    try:
        store.feedback.give(case, form.get("colour", ""), form.get("note", ""), access.signature())
    except ValueError:
        abort(400)
    return redirect(url_for("cases.show", case_id=case.id, _anchor="feedback"), 303)
