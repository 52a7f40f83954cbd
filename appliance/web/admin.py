"""The administrator's page: what is configured and how it is, the audit trail, a copy of the records.

It changes no setting. Settings have one place, a file that is reviewed and kept with the installation, and the
environment over it; a page that could change them could open a network port, or let a stranger's page do so. So each is
shown with what sets it. Operating points are no settings at all: they were chosen with the network, and belong to it.
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from typing import List, Optional, Tuple

from flask import Blueprint, Response, current_app, render_template, send_file

from appliance import __version__
from appliance.config import Settings
from appliance.config_file import section_names, variable_name
from appliance.device.clock import clock
from appliance.device.health import health
from appliance.errors import ModelError
from appliance.manifest import ReleaseFacts, read_facts
from appliance.store import Act, Case, State, Store
from appliance.store.audit import Examination
from appliance.store.figures import audit_entries, cases_by_state, database_bytes, folder_bytes, parts
from appliance.store.troubles import troubles
from appliance.web.paging import before

blueprint = Blueprint("admin", __name__)

_ENTRIES = 50


@dataclass(frozen=True)
class Shown:
    """A setting as the page shows it.

    Attributes
    ----------
    section, key : str
        Its place in the file.
    value : str
        What it is.
    variable : str
        The environment variable that sets it.
    origin : str
        ``default``, ``file`` or ``environment``.
    """

    section: str
    key: str
    value: str
    variable: str
    origin: str


@blueprint.get("/admin")
def show() -> str:
    """Show what is configured and how it is."""
    return _page(None)


@blueprint.post("/admin/verify")
def verify() -> str:
    """Walk the audit trail, all of it, and say whether it holds."""
    return _page(_store().audit.verify())


@blueprint.post("/admin/backup")
def backup() -> Response:
    """Send a copy of the database, as it is now. It names patients."""
    store = _store()
    name = f"triage-{datetime.now(timezone.utc):%Y-%m-%dT%H-%M-%SZ}.sqlite"
    with store.scratch("backup") as folder:
        store.database.backup(folder / name)
        copy = (folder / name).open("rb")  # it can be read to its end although its folder goes away now
    try:
        store.audit.record(Act.BACKUP)
        size = os.fstat(copy.fileno()).st_size
        response = send_file(copy, "application/vnd.sqlite3", as_attachment=True, download_name=name)
    except BaseException:
        copy.close()
        raise
    response.content_length = size
    return response


@blueprint.app_template_filter()
def moment(text: str) -> datetime:
    """Read a time as the store writes it."""
    return datetime.fromisoformat(text)


def _page(examination: Optional[Examination]) -> str:
    store, settings = _store(), _settings()
    entries = store.audit.newest(_ENTRIES + 1, before())
    release, fault = _release(settings)
    return render_template(
        "admin.html",
        troubles=troubles(store, settings),
        release=release,
        release_fault=fault,
        newest=_newest_judged(store),
        settings=settings,
        parts={part.value: runs for part, runs in parts(store, settings).items()},
        states=cases_by_state(store),
        disk=shutil.disk_usage(store.spool),
        sizes={
            "spool": folder_bytes(store.spool) + folder_bytes(store.network),
            "rendered": folder_bytes(store.rendered),
            "database": database_bytes(store),
        },
        versions=_versions(),
        machine=health(),
        seen=store.board.seen(),
        clock=clock(settings.hospital),
        shown=_shown(settings),
        entries=entries[:_ENTRIES],
        older=entries[_ENTRIES - 1]["number"] if len(entries) > _ENTRIES else None,
        count=audit_entries(store),
        examination=examination,
    )


def _release(settings: Settings) -> Tuple[Optional[ReleaseFacts], Optional[str]]:
    try:
        return read_facts(settings.engine.manifest), None
    except ModelError as error:
        return None, error.code


def _newest_judged(store: Store) -> Optional[Case]:
    """Return the newest case on which an engine worked."""
    query = "SELECT MAX(number) FROM cases WHERE state = ? AND same_as IS NULL"
    number = store.database.rows(query, State.DONE.value)[0][0]
    return store.numbered(number) if number else None


def _versions() -> List[Tuple[str, str]]:
    found = [("headct-triage", __version__), ("Python", platform.python_version()), ("SQLite", sqlite3.sqlite_version)]
    for package in ("onnxruntime", "Flask", "gunicorn"):
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue  # the engine may be another
    return found


def _shown(settings: Settings) -> List[Shown]:
    defaults, found = Settings(), []
    for section in section_names():
        usual = asdict(getattr(defaults, section))
        for key, value in asdict(getattr(settings, section)).items():
            variable = variable_name(section, key)
            origin = "environment" if variable in os.environ else "default" if value == usual[key] else "file"
            shown = settings.camera.shown if (section, key) == ("camera", "source") else value
            found.append(Shown(section, key, _text(shown), variable, origin))
    return found


def _text(value: object) -> str:
    if value is None or value in ("", ()):
        return "–"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
