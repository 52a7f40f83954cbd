"""What every request must satisfy and every answer carries."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request

from appliance.config import Settings

_CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer, under which a browser hides the origin of our own forms too, and they would look foreign
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
CAMERA_PAGE = "camera.look"
"""The only page that may ask for the camera of its device."""

_A_YEAR_S = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Check every request, and dress every answer."""
    app.before_request(_check_host)
    app.before_request(_check_origin)
    app.after_request(_add_headers)


def _check_host() -> None:
    """Refuse foreign names for this machine.

    A page elsewhere can make a name of its own resolve to this machine and then read what it serves (DNS
    rebinding); an address or the machine's own name cannot be made up that way.
    """
    host = urlsplit("//" + request.host).hostname or ""
    own = socket.gethostname().lower()
    settings: Settings = current_app.extensions["settings"]
    if host in ("localhost", own, own + ".local", *(name.lower() for name in settings.server.names)):
        return
    try:
        ipaddress.ip_address(host)
    except ValueError:
        abort(403)


def _check_origin() -> None:
    """Refuse what other sites' pages send (cross-site request forgery).

    A program that is no browser sends neither header.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site not in (None, "same-origin", "none") or (origin is not None and origin != request.host_url.rstrip("/")):
        abort(403)


def _add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if request.endpoint == CAMERA_PAGE:
        policy = _HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")
        response.headers["Permissions-Policy"] = policy
    settings: Settings = current_app.extensions["settings"]
    if settings.server.tls_certificate is not None:
        # only with a certificate that browsers trust: with the appliance's own, this would forbid its readers to go on
        response.headers["Strict-Transport-Security"] = f"max-age={_A_YEAR_S}"
    if response.mimetype == "application/json":
        # a browser that is led here keeps it as a file, and takes it for nothing else
        response.headers["Content-Disposition"] = 'attachment; filename="case.json"'
    if request.endpoint != "static":
        # a verdict or an identity must not come back out of a cache
        response.headers["Cache-Control"] = "no-store"
    return response
