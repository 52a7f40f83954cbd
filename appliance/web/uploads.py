"""Studies that a browser sends."""

from __future__ import annotations

from typing import Dict, Iterator, Mapping

from flask import Blueprint, Response, current_app, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.config import Settings
from appliance.errors import TriageError
from appliance.ingest.spool import take_in
from appliance.store import Source, Store
from appliance.web.access import FORM_TOKEN, require_form_token, wants_json
from appliance.web.multipart import files_of

blueprint = Blueprint("uploads", __name__)

_PIECE = 1 << 20


@blueprint.post("/cases")
def receive() -> AnyResponse:
    """Take in a form's files as one case, and lead to it."""
    settings: Settings = current_app.extensions["settings"]
    store: Store = current_app.extensions["store"]
    fields: Dict[str, str] = {}
    boundary = request.mimetype_params.get("boundary")
    files = files_of(request.stream, boundary, lambda name, content: fields.update({name: content.decode("latin-1")}))
    try:
        case = take_in(store, settings.ingest, _with_form_token(files, fields), Source.UPLOAD)
    except TriageError:
        # a browser that cannot send to the end does not read why
        while request.stream.read(_PIECE):
            pass
        raise
    address = url_for("cases.show", case_id=case.id)
    if wants_json():
        answer: Response = jsonify({"case": address})
        answer.status_code = 201
        answer.headers["Location"] = address
        return answer
    return redirect(address, 303)


def _with_form_token(files: Iterator[Iterator[bytes]], fields: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
    """Pass the files on, once the form's token has come before them; the page's script sent it in a header."""
    for file in files:
        require_form_token(fields.get(FORM_TOKEN, ""))
        yield file
