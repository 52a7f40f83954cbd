"""What a person changes of their own: password, second factor, sessions."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Dict, Optional, Tuple

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from flask_babel import format_timedelta
from werkzeug.wrappers import Response as AnyResponse

from appliance.errors import TriageError
from appliance.store import Store, totp
from appliance.store.sessions import Session
from appliance.web import access
from appliance.web.browsers import browser_and_system
from appliance.web.login import Answer, WrongLoginError, again, label, new_password, require_password
from appliance.web.qr import qr_code

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
def show() -> str:
    """Show it."""
    return render_template("account.html", **_shown(totp.new_secret()))


@blueprint.post("/password")
def password() -> Answer:
    """Change the password. All sessions end, and this one begins anew."""
    try:
        require_password()
        new = new_password()
        _store().people.set_password(access.person(), new)
    except TriageError as error:
        return again("account.html", error, **_shown(totp.new_secret()))
    return access.begin(redirect(url_for("account.show"), 303), access.person(), label())


@blueprint.post("/factor")
def factor() -> Answer:
    """Begin to ask for a second factor."""
    secret = request.form.get("secret", "")
    if not totp.is_secret(secret):
        abort(400)
    try:
        require_password()
        recovery = _store().people.set_factor(access.person(), secret, request.form.get("code", ""))
        if recovery is None:
            raise WrongLoginError
    except TriageError as error:
        return again("account.html", error, **_shown(secret))
    return render_template("account.html", recovery=recovery, **_shown(secret))


@blueprint.post("/no-factor")
def no_factor() -> Answer:
    """Ask for no second factor any more."""
    try:
        require_password()
    except TriageError as error:
        return again("account.html", error, **_shown(totp.new_secret()))
    _store().people.clear_factor(access.person())
    return redirect(url_for("account.show"), 303)


@blueprint.post("/sessions/<int:number>/end")
def end(number: int) -> AnyResponse:
    """End one of one's own sessions."""
    for session in _store().sessions.of(access.person()):
        if session.number == number:
            _store().sessions.end(session)
    return redirect(url_for("account.show"), 303)


@blueprint.post("/sessions/end")
def end_all() -> AnyResponse:
    """End all of one's own sessions, this one too."""
    _store().sessions.end_all(access.person())
    return access.forget(redirect(url_for("login.log_in"), 303))


@blueprint.app_template_filter()
def browser(session: Session) -> Tuple[Optional[str], Optional[str]]:
    """Name a session's browser and what that runs on, each None where the browser did not say."""
    return browser_and_system(session.label)


@blueprint.app_template_filter()
def ago(moment: datetime) -> str:
    """Say in the reader's language how long ago something was; nothing below a minute."""
    passed = max(datetime.now(timezone.utc) - moment, timedelta())
    if passed < timedelta(minutes=1):
        return ""
    return format_timedelta(-passed, granularity="minute", threshold=1, add_direction=True)


def _shown(secret: str) -> Dict[str, object]:
    person = _store().people.get(access.person().number)
    address = totp.address(secret, access.person().name)
    return {
        "sessions": _store().sessions.of(access.person()),
        "current": g.session,
        "has_factor": person is not None and person.has_factor,
        "secret": secret,
        "address": address,
        "qr": qr_code(address),
    }


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store
