"""``/openapi.json``: the addresses that programs may use, as OpenAPI 3.1 describes them.

``openapi.json`` beside this module is written by hand. The schema of a verdict is not repeated there but put in from
``verdict.schema.json``, which the verdicts themselves are tested against.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

from flask import Blueprint, Response, current_app, jsonify

import appliance

blueprint = Blueprint("openapi", __name__)

_DESCRIPTION = Path(__file__).with_name("openapi.json")
_VERDICT = Path(appliance.__file__).with_name("verdict.schema.json")


@blueprint.get("/openapi.json")
def show() -> Response:
    """Describe the addresses for programs."""
    if "openapi" not in current_app.extensions:
        current_app.extensions["openapi"] = description()
    return jsonify(current_app.extensions["openapi"])


def description() -> Dict[str, Any]:
    """Return the description, complete with version and the schema of a verdict."""
    document: Dict[str, Any] = json.loads(_DESCRIPTION.read_text("utf-8"))
    # in a description, a reference starts at its root
    text = _VERDICT.read_text("utf-8").replace("#/$defs/", "#/components/schemas/Verdict/$defs/")
    document["info"]["version"] = appliance.__version__
    document["components"]["schemas"]["Verdict"] = json.loads(text)
    return document
