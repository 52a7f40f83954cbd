"""What an administrator sees and changes of people, wall screens and programs.

Each change asks for the administrator's own password: a session that somebody left open, or took, gives no account
away.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Dict, List, Optional, Tuple

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for

from appliance.config import Settings
from appliance.errors import TriageError
from appliance.store import Act, Store
from appliance.store.people import Person, Role
from appliance.web import certificate
from appliance.web.login import Answer, again, require_password

blueprint = Blueprint("people", __name__)


class Action(str, Enum):
    """What an administrator may do with a person; the end of the address."""

    ROLE = "role"
    CODE = "code"
    FACTOR = "factor"
    END = "end"
    TOKEN = "token"  # noqa: S105
    REMOVE = "remove"


@blueprint.get("/people")
def show() -> str:
    """Show who may use the page."""
    return render_template("people.html", **_shown())


@blueprint.post("/people")
def add() -> Answer:
    """Set up a person or a wall screen, and show the code with which it begins."""
    try:
        role = _role()
        require_password()
        person = _store().people.add(request.form.get("name", ""), role)
    except TriageError as error:
        return again("people.html", error, **_shown())
    return _with_code(person)


@blueprint.get("/people/<int:number>/<action>")
def ask(number: int, action: str) -> str:
    """Say what a change would do, and ask for the administrator's password."""
    person, chosen = _meant(number, action)
    return render_template("person.html", **_asked(person, chosen))


@blueprint.post("/people/<int:number>/<action>")
def change(number: int, action: str) -> Answer:
    """Change a person: role, code, second factor, sessions, a program's token; or remove the person."""
    store, (person, chosen) = _store(), _meant(number, action)
    role = _role() if chosen is Action.ROLE else person.role
    label = request.form.get("label", "").strip()
    if chosen is Action.TOKEN and not label:
        abort(400)
    try:
        require_password()
        if chosen is Action.ROLE:
            store.people.set_role(person, role)
        elif chosen is Action.CODE:
            return _with_code(person)
        elif chosen is Action.FACTOR:
            store.people.clear_factor(person)
        elif chosen is Action.END:
            store.sessions.end_all(person)
        elif chosen is Action.TOKEN:
            return _with_token(person, label)
        elif chosen is Action.REMOVE:
            store.people.remove(person)
    except TriageError as error:
        return again("person.html", error, **_asked(person, chosen))
    # an administrator who changed their own role has no session any more
    return redirect(url_for("people.show"), 303)


def _meant(number: int, action: str) -> Tuple[Person, Action]:
    """Return the person and the action of an address; where there is none, the request ends."""
    person = _store().people.get(number)
    if person is None or action not in [offered.value for offered in _offered(person)]:
        abort(404)
    return person, Action(action)


@blueprint.app_template_filter("actions")
def _offered(person: Person) -> List[Action]:
    """List what can be done with a person."""
    without = set()
    if not person.has_factor:
        without.add(Action.FACTOR)
    if person.role is Role.KIOSK:
        without.add(Action.TOKEN)
    return [action for action in Action if action not in without]


def _with_code(person: Person) -> str:
    return render_template("people.html", code=_store().codes.make(person), of=person, **_shown())


def _with_token(person: Person, label: str) -> str:
    store = _store()
    store.audit.record(Act.PEOPLE, detail={"person": person.name, "was": "given a token", "program": label})
    token = store.sessions.begin(person, label, program=True)
    return render_template("people.html", token=token, of=person, **_shown())


def _shown() -> Dict[str, Any]:
    store = _store()
    people: List[Tuple[Person, int]] = [(person, len(store.sessions.of(person))) for person in store.people.all()]
    settings: Settings = current_app.extensions["settings"]
    fingerprint: Optional[str] = certificate.fingerprint(settings)
    return {"people": people, "roles": list(Role), "fingerprint": fingerprint, "me": g.person}


def _asked(person: Person, action: Action) -> Dict[str, Any]:
    chosen = request.form.get("role", person.role.value)
    return {"of": person, "action": action.value, "roles": list(Role), "chosen": chosen}


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        abort(400)


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store
