"""The wall: one large card a study, newest first, arriving by itself; and the list of all cases."""

from __future__ import annotations

from datetime import date
from typing import Dict

from flask import Blueprint, Response, abort, current_app, g, render_template, request

from appliance.config import Settings
from appliance.errors import TriageError
from appliance.store import Store
from appliance.store.people import Role
from appliance.store.troubles import troubles
from appliance.web import language
from appliance.web.live import Changes
from appliance.web.paging import before

blueprint = Blueprint("wall", __name__)

_CARDS = 12
_PAGE = 50


@blueprint.get("/")
def show() -> str:
    """Show what is wrong, what is inserted, where to drop a study, and the newest cases."""
    settings: Settings = current_app.extensions["settings"]
    return render_template("wall.html", limits=settings.ingest, **_content())


@blueprint.get("/events")
def events() -> Response:
    """Send the wall's parts as HTML at each change; 503 where too many pages are told already."""
    changes: Changes = current_app.extensions["changes"]
    if not changes.take_place():
        abort(503)
    app, environ = current_app._get_current_object(), request.environ  # type: ignore[attr-defined]

    def render() -> str:
        # a context of its own, for the stream outlives the request by hours
        with app.request_context(environ):
            app.preprocess_request()
            g.person, g.role = None, Role.KIOSK  # one rendering serves all who listen
            return render_template("news.html", **_content())

    def allowed() -> bool:
        with app.request_context(environ):
            try:
                return app.preprocess_request() is None
            except TriageError:
                return False  # the session is over

    response = Response(changes.events(language.current(), render, allowed), mimetype="text/event-stream")
    response.call_on_close(changes.give_place_back)
    return response


@blueprint.get("/cases")
def all_cases() -> str:
    """List all cases, newest first, a page at a time."""
    cases = _store().recent(_PAGE + 1, before())
    older = cases[_PAGE - 1].number if len(cases) > _PAGE else None
    awaited = _store().acknowledgements.awaited()
    return render_template("list.html", cases=cases[:_PAGE], older=older, awaited=awaited)


def changes_of(store: Store, settings: Settings) -> Changes:
    """Watch what the wall shows. At midnight its times get their dates."""
    return Changes(
        lambda: (date.today(), *store.version(), *(trouble.message for trouble in troubles(store, settings)))
    )


def _content() -> Dict[str, object]:
    settings: Settings = current_app.extensions["settings"]
    store = _store()
    return {
        "cases": store.recent(_CARDS),
        "awaited": store.acknowledgements.awaited(),
        "media": store.media.shown(),
        "troubles": troubles(store, settings),
    }


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store
