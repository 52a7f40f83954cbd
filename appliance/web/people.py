"""What an administrator sees and changes: people, wall screens, programs, and who did what."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for

from appliance.config import Settings
from appliance.errors import TriageError
from appliance.store import Act, Store
from appliance.store.people import Person, Role
from appliance.web import certificate
from appliance.web.login import Answer, again

blueprint = Blueprint("people", __name__)


@blueprint.get("/people")
def show() -> str:
    """Show who may use the page."""
    return render_template("people.html", **_shown())


@blueprint.post("/people")
def add() -> Answer:
    """Set up a person or a wall screen, and show the code with which it begins."""
    try:
        person = _store().people.add(request.form.get("name", ""), _role())
    except TriageError as error:
        return again("people.html", error, **_shown())
    return _with_code(person)


@blueprint.post("/people/<int:number>")
def change(number: int) -> Answer:
    """Change a person: role, code, second factor, sessions, a program's token; or remove the person."""
    store, person = _store(), _store().people.get(number)
    if person is None:
        abort(404)
    action = request.form.get("action", "")
    try:
        if action == "role":
            store.people.set_role(person, _role())
        elif action == "code":
            return _with_code(person)
        elif action == "factor":
            store.people.clear_factor(person)
        elif action == "end":
            store.sessions.end_all(person)
        elif action == "token":
            return _with_token(person)
        elif action == "remove":
            store.people.remove(person)
        else:
            abort(400)
    except TriageError as error:
        return again("people.html", error, **_shown())
    # an administrator who changed their own role has no session any more
    return redirect(url_for("people.show"), 303)


def _with_code(person: Person) -> str:
    return render_template("people.html", code=_store().codes.make(person), of=person, **_shown())


def _with_token(person: Person) -> str:
    store, label = _store(), request.form.get("label", "").strip()
    if not label or person.role is Role.KIOSK:
        abort(400)
    store.audit.record(Act.PEOPLE, detail={"person": person.name, "was": "given a token", "program": label})
    token = store.sessions.begin(person, label, program=True)
    return render_template("people.html", token=token, of=person, **_shown())


def _shown() -> Dict[str, Any]:
    store = _store()
    people: List[Tuple[Person, int]] = [(person, len(store.sessions.of(person))) for person in store.people.all()]
    settings: Settings = current_app.extensions["settings"]
    fingerprint: Optional[str] = certificate.fingerprint(settings)
    return {"people": people, "roles": list(Role), "fingerprint": fingerprint, "me": g.person}


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        abort(400)


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store
