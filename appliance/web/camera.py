"""A camera before the screen of a CT console: begin a capture, send frames, hear what to do, go on to the case.

Frames are written into files for the camera process and never decoded here.
"""

from __future__ import annotations

import threading
import time
from enum import Enum
from typing import Dict, Iterator, Optional, Type, TypeVar, Union

from flask import Blueprint, Response, abort, current_app, g, redirect, render_template, request, send_file, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from appliance.config import Settings
from appliance.errors import ModelError
from appliance.guidance import GUIDANCE, Guidance, GuidanceCode
from appliance.manifest import read_facts
from appliance.store import Capture, CaptureState, Eye, Store, Way, Wish
from appliance.store.audit import ACTING
from appliance.web import access, words

blueprint = Blueprint("camera", __name__)

FRAMES_PER_S = 15
"""What a page sends at most."""

_GAP_S = 1 / (2 * FRAMES_PER_S)
_BEHIND_S = 1.0
_PIECE = 1 << 16
_NUMBER_MAX, _TIME_MAX_MS = 10**9, 10**12
_Chosen = TypeVar("_Chosen", bound=Enum)


class Pace:
    """Lets the frames of a capture come one after the other, and not too fast: whoever is early waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: Dict[str, float] = {}

    def keep(self, capture_id: str) -> bool:
        """Wait for this frame's turn; False where too many wait already."""
        with self._lock:
            present = time.monotonic()
            self._next = {key: due for key, due in self._next.items() if due > present - _BEHIND_S}
            turn = max(present, self._next.get(capture_id, 0.0))
            if turn - present > _BEHIND_S:
                return False
            self._next[capture_id] = turn + _GAP_S
        time.sleep(turn - present)
        return True


_PACE = Pace()


@blueprint.record_once
def _look_at_the_network(setup: BlueprintSetupState) -> None:
    """Let pages know whether the network that will judge was measured on photographs at all."""
    settings: Settings = setup.app.extensions["settings"]
    try:
        judged = read_facts(settings.engine.manifest).gate is not None
    except ModelError:
        judged = False
    setup.app.jinja_env.globals["photographs_judged"] = judged


@blueprint.get("/camera")
def show() -> str:
    """Offer the ways and the cameras."""
    return render_template("camera.html", camera=_settings().camera, trouble=_store().captures.camera_trouble())


@blueprint.post("/camera")
def begin() -> AnyResponse:
    """Begin a capture, and lead to its page."""
    way, eye = _one_of(Way, "way"), _one_of(Eye, "eye")
    if not (_settings().camera.source if eye is Eye.OWN else _settings().camera.browsers):
        abort(400)
    capture = _store().captures.begin(way, eye, _person(), ACTING.get() or "web")
    _store().frames(capture.id).open()
    return redirect(url_for("camera.look", capture_id=capture.id), 303)


@blueprint.get("/camera/<capture_id>")
def look(capture_id: str) -> Union[str, AnyResponse]:
    """Show what the camera sees, and what to do; the case once there is one."""
    capture = _own_or_start(capture_id)
    if capture.state is CaptureState.DONE:
        return redirect(url_for("cases.show", case_id=capture.case_id), 303)
    return render_template("capture.html", frames_per_s=FRAMES_PER_S, **_news(capture))


@blueprint.get("/camera/<capture_id>/preview.jpg")
def preview(capture_id: str) -> Response:
    """Return what the appliance's own camera sees."""
    capture = _own_or_start(capture_id)
    path = _store().frames(capture.id).preview
    if not path.is_file():
        abort(404)
    return send_file(path, mimetype="image/jpeg", max_age=0)


@blueprint.post("/camera/<capture_id>/frames/<int:frame>-<int:taken_ms>")
def send(capture_id: str, frame: int, taken_ms: int) -> str:
    """Take a frame of the page's own camera, and answer with what to do."""
    access.require_form_token("")  # the page's script sends it in a header
    capture = _own(capture_id)
    if capture.eye is not Eye.BROWSER or frame >= _NUMBER_MAX or taken_ms >= _TIME_MAX_MS:
        abort(400)
    if not capture.state.final:
        if not _PACE.keep(capture.id):
            abort(429)
        try:
            _store().frames(capture.id).put(frame, taken_ms, _pieces(), round(_settings().camera.max_frame_mb * 1e6))
        except FileNotFoundError:
            capture = _own(capture_id)  # it was over in this moment
    return render_template("capture_news.html", **_news(capture))


@blueprint.post("/camera/<capture_id>/wish")
def wish(capture_id: str) -> AnyResponse:
    """Take the picture, finish, or cancel."""
    capture, wanted = _own(capture_id), _one_of(Wish, "wish")
    _store().captures.wish(capture, wanted)
    if wanted is Wish.CANCEL:
        return redirect(url_for("camera.show"), 303)
    return redirect(url_for("camera.look", capture_id=capture.id), 303)


@blueprint.app_template_filter()
def guidance_sentence(guidance: Guidance) -> str:
    """Say in the language of this request what to do."""
    if guidance.code is GuidanceCode.REFUSED and guidance.reason:
        return words.reason_sentence(guidance.reason)
    said: str = gettext(GUIDANCE[guidance.code]) % guidance.values
    return said


def _news(capture: Capture) -> Dict[str, object]:
    error = words.error_sentence(capture.error_code, capture.error_message or "") if capture.error_code else ""
    return {"capture": capture, "error": error}


def _pieces() -> Iterator[bytes]:
    piece = request.stream.read(_PIECE)
    while piece:
        yield piece
        piece = request.stream.read(_PIECE)


def _person() -> Optional[int]:
    return g.person.number if g.person else None


def _own(capture_id: str) -> Capture:
    """Return a capture that who asks began; where there is none, the request ends."""
    capture = _store().captures.find(capture_id)
    if capture is None or capture.person != _person():
        abort(404)
    return capture


def _own_or_start(capture_id: str) -> Capture:
    """Return a capture that who asks began; where there is none, the request leads to where one begins."""
    capture = _store().captures.find(capture_id)
    if capture is None or capture.person != _person():
        abort(redirect(url_for("camera.show"), 303))
    return capture


def _one_of(kind: Type[_Chosen], name: str) -> _Chosen:
    try:
        return kind(request.form.get(name, ""))
    except ValueError:
        abort(400)


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
