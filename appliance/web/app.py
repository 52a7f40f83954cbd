"""The application factory."""

from __future__ import annotations

from flask import Flask, Response, current_app
from werkzeug.middleware.proxy_fix import ProxyFix

from appliance.config import Settings
from appliance.store import Store
from appliance.store.tally import Tally
from appliance.web import (
    access,
    account,
    admin,
    camera,
    cases,
    errors,
    feedback,
    formats,
    guard,
    identity,
    language,
    login,
    metrics,
    next_step,
    openapi,
    patients,
    people,
    series,
    uploads,
    wall,
)


def create_app(settings: Settings) -> Flask:
    """Make the application.

    It keeps the store open, so it is made in the process that serves it, once.

    Parameters
    ----------
    settings : Settings
        The store, the limits of an upload, the language, who needs a login.

    Raises
    ------
    StoreError
        When the store cannot be used.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.ingest.max_mb * 1_000_000
    app.extensions["settings"] = settings
    app.extensions["store"] = Store(settings.store.folder, "web")
    if settings.server.tls == "proxy":
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    language.init_app(app)  # first, for whatever is refused is refused in the reader's language
    formats.init_app(app)
    patients.init_app(app)
    guard.init_app(app)
    errors.init_app(app)
    access.init_app(app)
    app.extensions["changes"] = wall.changes_of(app.extensions["store"], settings)
    app.extensions["tally"] = Tally(app.extensions["store"].database)
    of_studies = (wall, cases, series, next_step, feedback, identity, uploads, camera)
    for room in (*of_studies, login, account, people, admin, metrics, openapi):
        app.register_blueprint(room.blueprint)
    app.add_url_rule("/healthz", view_func=_health)
    return app


def _health() -> Response:
    """Answer once the store can be read."""
    store: Store = current_app.extensions["store"]
    store.recent(1)
    return Response("ok\n", mimetype="text/plain")
