"""The series of a verdict for the viewer: what there is of it, and each of its slices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence

from flask import Blueprint, Response, abort, current_app

from appliance.store import Case, Store
from appliance.store.volumes import SeriesState, read_document, read_slice, series_state
from appliance.web.cases import case_or_404

blueprint = Blueprint("series", __name__)


@dataclass(frozen=True)
class Window:
    """A window of the viewer: its name in English, width and level in Hounsfield units."""

    name: str
    width: int
    level: int


WINDOWS: Sequence[Window] = (
    Window("Brain", 80, 40),
    Window("Subdural", 200, 75),
    Window("Stroke", 40, 40),
    Window("Bone", 2800, 600),
)
"""The usual ones of a head CT (Radiopaedia, Windowing (CT): brain W 80 L 40; subdural W 130 to 300, L 50 to 100, of
which this is the middle; stroke W 40 L 40; temporal bone W 2800 L 600).
"""


@blueprint.get("/cases/<case_id>/series.json")
def about(case_id: str) -> Response:
    """Return what there is to show; 202 while it is being prepared, 404 where there is nothing and will not be."""
    case = case_or_404(case_id)
    document = read_document(_store().rendered, case.id)
    if document is not None:
        return Response(document, mimetype="application/json")
    if series_state(_store().rendered, case.id) is not SeriesState.NONE:
        return Response("{}\n", 202, mimetype="application/json")
    abort(404)


@blueprint.get("/cases/<case_id>/series/<int:number>")
def picture(case_id: str, number: int) -> Response:
    """Return a slice, counted from 1: one byte a pixel, row by row, each the number of a level.

    It is sent as it is stored, packed; every browser unpacks it.
    """
    case = case_or_404(case_id)
    content = read_slice(_store().rendered, case.id, number)
    if content is None:
        abort(404)
    return Response(content, mimetype="application/octet-stream", headers={"Content-Encoding": "gzip"})


@blueprint.app_template_global()
def series_of(case: Case) -> str:
    """Say whether a case's slices are ``ready``, ``preparing`` or ``none``."""
    return series_state(_store().rendered, case.id).value


@blueprint.app_template_global()
def series_document(case: Case) -> Optional[Dict[str, Any]]:
    """Return what there is to show, for the page to carry: the viewer has less to ask for before its first slice."""
    document = read_document(_store().rendered, case.id)
    return dict(json.loads(document)) if document else None


@blueprint.app_template_global()
def windows() -> Sequence[Window]:
    """Return the windows of the viewer."""
    return WINDOWS


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store
