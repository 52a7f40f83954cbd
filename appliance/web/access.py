"""Who may ask for what: every request is checked against the table of roles (`appliance.web.roles`)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Optional

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.config import Settings
from appliance.errors import TriageError
from appliance.store import Store
from appliance.store.audit import ACTING
from appliance.store.people import Person, Role
from appliance.store.sessions import LIMITS, Session
from appliance.web.roles import NEWS, ROUTES, Rule

REFRESH = "X-Refresh"
"""Header of a page that asks by itself for what is new."""

FORM_TOKEN = "form_token"  # noqa: S105
_FORM_TOKEN_HEADER = "X-Form-Token"  # noqa: S105
_TOKEN_BYTES = 32
_FORM = 1 << 16
_LASTING_S = 400 * 24 * 3600
_AFTER_S = 5
_BACK_TO_THE_WALL_S = 60


class LoginNeededError(TriageError):
    """Nobody is logged in, or the session is over."""

    code = "login_needed"

    def __init__(self) -> None:
        super().__init__("Log in first.")


class RoleError(TriageError):
    """The role of who is logged in does not allow this."""

    code = "not_allowed"

    def __init__(self) -> None:
        super().__init__("Your role does not allow this. Ask an administrator.")


class FormTokenError(TriageError):
    """A form came without the token of its page."""

    code = "form_token"

    def __init__(self) -> None:
        super().__init__("This form is too old. Open its page again, and send it once more.")


def init_app(app: Flask) -> None:
    """Check every request against the table."""
    app.before_request(_admit)
    app.after_request(_dress)
    app.teardown_request(lambda error: _act_as(None))
    app.context_processor(
        lambda: {
            "person": g.get("person"),
            "page_is_open": g.get("open", False),
            "may": may,
            "form_token": form_token,
        }
    )


def wants_json() -> bool:
    """Tell whether a program asks; a browser's page load prefers HTML."""
    offered = ["text/html", "application/json"]
    return request.path.endswith(".json") or request.accept_mimetypes.best_match(offered) == "application/json"


def may(endpoint: str) -> bool:
    """Tell whether who asks may call a route."""
    least = ROUTES[endpoint].least
    role = g.get("role")
    return least is None or (role is not None and role.covers(least))


def sees_names() -> bool:
    """Tell whether who asks may see whole names of patients."""
    role = g.get("role")
    return role is not None and role.covers(Role.DOCTOR)


def person() -> Person:
    """Return who is logged in; there is somebody on every route that is personal."""
    if g.person is None:
        raise LoginNeededError
    found: Person = g.person
    return found


def signature() -> str:
    """Return who signs a form: the person who is logged in, or the name that somebody typed where nobody has to be."""
    return str(g.person.name) if g.person else request.form.get("who", "")


def form_token() -> str:
    """Return the token that a form of this page has to send back.

    It is bound to the cookie of the session, or, where nobody is logged in, to one made for this. An open page asks
    for none, but where it sets up the first person.
    """
    if g.get("open") and request.blueprint != "login":
        return ""
    if g.get("secret") is None:
        g.secret = g.new_secret = secrets.token_urlsafe(_TOKEN_BYTES)
    return _form_token_of(g.secret)


def require_form_token(given: str) -> None:
    """Raise a `FormTokenError` where this is not the token of the page."""
    if not (_excused() or hmac.compare_digest(_form_token_of(g.secret or "").encode(), given.encode())):
        raise FormTokenError


def begin(response: AnyResponse, who: Person, label: str) -> AnyResponse:
    """Log somebody in: a new session and its cookie, in place of the browser's old ones."""
    store: Store = current_app.extensions["store"]
    if g.session is not None:
        store.sessions.end(g.session)
    token = store.sessions.begin(who, label)
    lasting = _LASTING_S if who.role is Role.KIOSK else None
    _set_cookie(response, _cookie("session"), token, lasting)
    response.delete_cookie(_cookie("form"), secure=request.is_secure, httponly=True, samesite="Strict")
    return response


def forget(response: AnyResponse) -> AnyResponse:
    """Take the session's cookie from the browser, and what it keeps of the pages."""
    response.delete_cookie(_cookie("session"), secure=request.is_secure, httponly=True, samesite="Strict")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def own_path(path: Optional[str]) -> str:
    """Return a path to go on to after the login; the start page in place of what may lead elsewhere."""
    is_own = path is not None and re.fullmatch(r"/(?:[!-.0-\[\]-~][!-\[\]-~]*)?", path)
    return path if path and is_own else url_for("wall.show")


def _admit() -> Optional[AnyResponse]:
    g.session = g.person = g.role = g.secret = g.new_secret = None
    g.open = False
    rule = None if request.endpoint is None else ROUTES.get(request.endpoint, Rule(Role.ADMINISTRATOR))
    if request.endpoint in ("static", "_health"):
        return None  # also while the store cannot be read
    _identify()
    if rule is None:
        return None  # there is nothing at this address, which whoever asks may know
    if request.endpoint not in ROUTES:
        raise RoleError
    if rule.personal and g.person is None and g.open:
        return redirect(url_for("login.setup"), 303)
    if rule.least is not None and g.role is None:
        return _ask_for_login()
    if rule.least is not None and not g.role.covers(rule.least):
        raise RoleError
    if rule.personal and g.session.program:
        raise RoleError
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        if not rule.streams and ((request.content_length or 0) > _FORM or "Transfer-Encoding" in request.headers):
            abort(413)  # before a parser puts it on the disk
        given = request.headers.get(_FORM_TOKEN_HEADER)
        if given is not None or not rule.streams:
            require_form_token(given if given is not None else request.form.get(FORM_TOKEN, ""))
            g.excused = True
    return None


def _identify() -> None:
    """Find out who asks."""
    settings: Settings = current_app.extensions["settings"]
    store: Store = current_app.extensions["store"]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found: Optional[Session] = None
    if scheme.lower() == "bearer":
        found = store.sessions.find(token.strip(), program=True)
    elif _cookie("session") in request.cookies:
        token = request.cookies[_cookie("session")]
        found = store.sessions.find(token, used=REFRESH not in request.headers and request.endpoint != NEWS)
        g.secret = token if found else None
    if found:
        g.session, g.person, g.role = found, found.person, found.person.role
        if found.program and g.role is Role.ADMINISTRATOR:
            g.role = Role.DOCTOR
        _act_as(f"{found.person.name}, {found.person.role.value}" + (f", {found.label}" if found.program else ""))
    elif settings.server.open_until_setup and not store.people.anybody():
        g.open, g.role = True, Role.ADMINISTRATOR
    if g.secret is None:
        g.secret = request.cookies.get(_cookie("form"))


def _ask_for_login() -> AnyResponse:
    by_program = wants_json() or request.endpoint in (NEWS, "metrics.show")
    if request.method != "GET" or by_program or REFRESH in request.headers:
        raise LoginNeededError
    return redirect(url_for("login.log_in", next=request.full_path.rstrip("?")), 303)


def _excused() -> bool:
    """Tell whether a request needs no token: programs send no cookie that a foreign page could make use of."""
    if g.get("excused") or (g.session is not None and g.session.program):
        return True
    return bool(g.open and request.blueprint != "login")


def _dress(response: Response) -> Response:
    new = g.get("new_secret")
    if new:
        _set_cookie(response, _cookie("form"), new, None)
    session: Optional[Session] = g.get("session")
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if session and request.method == "GET" and response.mimetype == "text/html":
        if session.person.role is not Role.KIOSK:
            # names do not stay on a screen whose session is over
            response.headers["Refresh"] = str(round(LIMITS[session.person.role].idle_s) + _AFTER_S)
        elif request.endpoint != "wall.show":
            # whoever tapped the wall screen is gone, and the next red case must be seen there
            response.headers["Refresh"] = f"{_BACK_TO_THE_WALL_S}; url={url_for('wall.show')}"
    return response


def _form_token_of(secret: str) -> str:
    return hmac.new(secret.encode("utf-8", "replace"), b"form", hashlib.sha256).hexdigest()


def _cookie(name: str) -> str:
    # the prefix keeps anybody but this host, over TLS, from setting it (RFC 6265bis, section 4.1.3)
    return f"__Host-triage-{name}" if request.is_secure else f"triage-{name}"


def _set_cookie(response: AnyResponse, name: str, value: str, max_age: Optional[int]) -> None:
    # Strict: no other site has a link into these pages
    response.set_cookie(name, value, max_age, secure=request.is_secure, httponly=True, samesite="Strict")


def _act_as(who: Optional[str]) -> None:
    ACTING.set(who)
