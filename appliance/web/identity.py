"""Whose a photographed case is: the strip of the screen that says so, and the form in which a person confirms it."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, redirect, request, send_from_directory, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.store import Case, Store
from appliance.store.identities import PATIENT_MAX
from appliance.store.pictures import HEADER
from appliance.web import access
from appliance.web.cases import case_or_404

blueprint = Blueprint("identity", __name__)
blueprint.app_context_processor(lambda: {"patient_max": PATIENT_MAX})


@blueprint.post("/cases/<case_id>/identity")
def confirm(case_id: str) -> AnyResponse:
    """Keep whose a case is."""
    case = case_or_404(case_id)
    try:
        _store().identities.confirm(case, request.form.get("patient", ""), access.signature())
    except ValueError:
        abort(400)
    return redirect(url_for("cases.show", case_id=case.id, _anchor="details"), 303)


@blueprint.get("/cases/<case_id>/header.png")
def header(case_id: str) -> Response:
    """Return the strip of the photographed screen that names the patient."""
    case = case_or_404(case_id)
    return send_from_directory(_store().rendered / case.id, HEADER)


@blueprint.app_template_global()
def header_is_kept(case: Case) -> bool:
    """Tell whether there is such a strip."""
    return (_store().rendered / case.id / HEADER).is_file()


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store
