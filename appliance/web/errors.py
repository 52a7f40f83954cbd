"""Everything that goes wrong, as a sentence: for people as a page, for the start page's script as JSON."""

from __future__ import annotations

import logging
from typing import Tuple, Union

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from appliance.errors import TriageError
from appliance.ingest.spool import SpoolFullError, UploadTooLargeError
from appliance.store import StoreBusyError, StoreError
from appliance.web.words import HTTP_SENTENCES, error_sentence

log = logging.getLogger(__name__)

Answer = Tuple[Union[str, Response], int]
_STATUS = {UploadTooLargeError.code: 413, SpoolFullError.code: 507, StoreError.code: 500, StoreBusyError.code: 503}


def init_app(app: Flask) -> None:
    """Answer errors in words, never with a traceback."""
    app.register_error_handler(TriageError, _user_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)


def wants_json() -> bool:
    """Tell whether a program asks; a browser's page load prefers HTML."""
    offered = ["text/html", "application/json"]
    return request.path.endswith(".json") or request.accept_mimetypes.best_match(offered) == "application/json"


def _user_error(error: TriageError) -> Answer:
    return _answer(_STATUS.get(error.code, 400), error.code, error_sentence(error.code, error.message))


def _http_error(error: HTTPException) -> Union[Answer, HTTPException]:
    if error.code is None or error.code < 400:
        return error  # a redirection
    code = f"http_{error.code}"
    sentence = HTTP_SENTENCES.get(error.code, HTTP_SENTENCES[400 if error.code < 500 else 500])
    return _answer(error.code, code, error_sentence(code, sentence))


def _fault(error: Exception) -> Answer:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return _answer(500, "http_500", error_sentence("http_500", HTTP_SENTENCES[InternalServerError.code]))


def _answer(status: int, code: str, sentence: str) -> Answer:
    if wants_json():
        return jsonify({"error": {"code": code, "message": sentence}}), status
    return render_template("error.html", sentence=sentence, status=status), status
