"""The application factory."""

from __future__ import annotations

from flask import Flask, Response, current_app

from appliance.config import Settings
from appliance.store import Store
from appliance.store.tally import Tally
from appliance.web import admin, cases, errors, guard, language, metrics, openapi, uploads, wall


def create_app(settings: Settings) -> Flask:
    """Make the application.

    It keeps the store open, so it is made in the process that serves it, once.

    Parameters
    ----------
    settings : Settings
        The store, the limits of an upload, the language.

    Raises
    ------
    StoreError
        When the store cannot be used.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.ingest.max_mb * 1_000_000
    app.extensions["settings"] = settings
    app.extensions["store"] = Store(settings.store.folder, "web")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    language.init_app(app)  # first, for whatever is refused is refused in the reader's language
    guard.init_app(app)
    errors.init_app(app)
    app.extensions["changes"] = wall.changes_of(app.extensions["store"], settings)
    app.extensions["tally"] = Tally(app.extensions["store"].database)
    app.register_blueprint(wall.blueprint)
    app.register_blueprint(cases.blueprint)
    app.register_blueprint(uploads.blueprint)
    app.register_blueprint(admin.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(openapi.blueprint)
    app.add_url_rule("/healthz", view_func=_health)
    return app


def _health() -> Response:
    """Answer once the store can be read."""
    store: Store = current_app.extensions["store"]
    store.recent(1)
    return Response("ok\n", mimetype="text/plain")
