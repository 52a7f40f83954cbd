"""The way in and out: setting up the first person, logging in, codes, logging out."""

from __future__ import annotations

from typing import Dict, Optional, Tuple, Union

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.errors import TriageError
from appliance.store import Act, Store
from appliance.store.attempts import TooManyAttemptsError
from appliance.store.audit import ACTING
from appliance.store.codes import Code
from appliance.store.people import Person, Role
from appliance.web import access
from appliance.web.words import error_sentence

blueprint = Blueprint("login", __name__)

Answer = Union[str, Tuple[str, int, Dict[str, str]], AnyResponse]
_A_CODE = "\0code"
"""In place of a name, where failed codes are counted; no person is called so."""


class DifferentPasswordsError(TriageError):
    """A new password was not typed twice alike."""

    code = "different_passwords"

    def __init__(self) -> None:
        super().__init__("The two passwords differ. Type the same one twice.")


class WrongLoginError(TriageError):
    """Name, password or second factor is wrong; which of them is not said."""

    code = "wrong_login"

    def __init__(self) -> None:
        super().__init__("Name, password or code is wrong.")


class WrongCodeError(TriageError):
    """A code is wrong, was used, or is too old."""

    code = "wrong_code"

    def __init__(self) -> None:
        super().__init__("This code is wrong, was used, or is too old. Ask for a new one.")


@blueprint.route("/setup", methods=["GET", "POST"])
def setup() -> Answer:
    """Set up the first person, an administrator: on an open page at once, elsewhere with the code that was printed."""
    store = _store()
    if store.people.anybody():
        return redirect(url_for("login.log_in"), 303)
    if request.method == "GET":
        return render_template("setup.html")
    try:
        code = None if g.open else _code()
        if code is not None and code.person is not None:
            raise WrongCodeError
        password = new_password()
        person = store.people.add(request.form.get("name", ""), Role.ADMINISTRATOR, password, first=True)
        if code is not None:
            store.codes.use(code)
    except TriageError as error:
        return again("setup.html", error)
    return _welcome(person, url_for("people.show"))


@blueprint.route("/login", methods=["GET", "POST"])
def log_in() -> Answer:
    """Log somebody in."""
    store = _store()
    if g.open:
        return redirect(url_for("wall.show"), 303)
    if not store.people.anybody():
        return redirect(url_for("login.setup"), 303)
    onward = access.own_path(request.args.get("next"))
    if request.method == "GET":
        return redirect(onward, 303) if g.person else render_template("login.html")
    try:
        person = checked(request.form.get("name", ""), request.form.get("password", ""), request.form.get("code", ""))
    except TriageError as error:
        return again("login.html", error)
    return _welcome(person, onward)


@blueprint.route("/code", methods=["GET", "POST"])
def take_code() -> Answer:
    """Take a code that an administrator gave: a wall screen is logged in, a person chooses a password."""
    if request.method == "GET":
        return render_template("code.html")
    try:
        code = _code()
        person = code.person
        if person is None:
            raise WrongCodeError
        if person.role is not Role.KIOSK:
            if "password" not in request.form:
                return render_template("code.html", code=request.form["code"], chooser=person)
            password = new_password()
            ACTING.set(f"{person.name}, {person.role.value}")
            _store().people.set_password(person, password)
        elif not _store().codes.use(code):
            raise WrongCodeError
    except WrongCodeError as error:
        return again("code.html", error)
    except TriageError as error:
        return again("code.html", error, code=request.form.get("code"), chooser=_person_of_code())
    _store().attempts.succeed(person.name, request.remote_addr or "")  # who came here with a code is known here
    return _welcome(person, url_for("wall.show"))


@blueprint.post("/logout")
def log_out() -> AnyResponse:
    """Log out here; other browsers of the person stay logged in."""
    store = _store()
    store.audit.record(Act.LOGOUT)
    store.sessions.end(g.session)
    return access.forget(redirect(url_for("login.log_in"), 303))


def new_password() -> str:
    """Return the password that a form holds twice.

    Raises
    ------
    DifferentPasswordsError
        When they differ.
    """
    if request.form.get("password", "") != request.form.get("again", ""):
        raise DifferentPasswordsError
    return request.form.get("password", "")


def again(template: str, error: TriageError, **values: object) -> Tuple[str, int, Dict[str, str]]:
    """Show a form again, with what was wrong."""
    headers = {"Retry-After": str(error.wait_s)} if isinstance(error, TooManyAttemptsError) else {}
    page = render_template(template, error=error_sentence(error.code, error.message), **values)
    return page, 429 if headers else 400, headers


def label() -> str:
    """Describe the browser that asks, for the list of sessions."""
    return f"{request.remote_addr}, {request.headers.get('User-Agent', '')}"


def checked(name: str, password: str, code: Optional[str]) -> Person:
    """Return who these belong to; failures are on record, and the next attempts wait for them.

    Parameters
    ----------
    name, password : str
        What was typed.
    code : str or None
        Of the second factor; None for somebody who is logged in, and has shown it.

    Raises
    ------
    WrongLoginError
        When one of them is wrong.
    TooManyAttemptsError
        When the attempt comes too early.
    """
    store, address = _store(), request.remote_addr or ""
    store.attempts.begin(name, address)
    person = store.people.check(name, password)
    # with a wrong password no recovery code is used up
    if person is None or not (code is None or store.people.check_factor(person, code)):
        known = store.people.named(name)
        # what was typed in place of a name may be a password
        store.audit.record(Act.LOGIN_FAILED, detail={"person": known.name if known else None, "address": address})
        raise WrongLoginError
    store.attempts.succeed(name, address)
    return person


def require_password() -> None:
    """Go on only where a form holds, as ``current``, the password of who is logged in; raises as `checked`.

    A session that somebody left open, or took, is not enough for what changes an account.
    """
    checked(access.person().name, request.form.get("current", ""), code=None)


def _code() -> Code:
    """Return the code that a form holds."""
    store, address = _store(), request.remote_addr or ""
    store.attempts.begin(None, address)
    code = store.codes.find(request.form.get("code", ""))
    if code is None:
        store.audit.record(Act.LOGIN_FAILED, detail={"person": None, "address": address})
        raise WrongCodeError
    store.attempts.succeed(None, address)
    return code


def _person_of_code() -> Optional[Person]:
    code = _store().codes.find(request.form.get("code", ""))
    return code.person if code else None


def _welcome(person: Person, onward: str) -> AnyResponse:
    """Log a person in and lead on."""
    ACTING.set(f"{person.name}, {person.role.value}")
    _store().audit.record(Act.LOGIN, detail={"address": request.remote_addr})
    return access.begin(redirect(onward, 303), person, label())


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store
