"""Everything that goes wrong, as a sentence: for people as a page, for the start page's script as JSON."""

from __future__ import annotations

import logging
from typing import Tuple, Union

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed

from appliance.errors import DiskFullError, DiskReadOnlyError, TriageError
from appliance.ingest.spool import UploadTooLargeError
from appliance.store import BackupError, DamagedStoreError, StoreBusyError, StoreError
from appliance.web.access import FormTokenError, LoginNeededError, RoleError, wants_json
from appliance.web.words import HTTP_SENTENCES, error_sentence

log = logging.getLogger(__name__)

Answer = Tuple[Union[str, Response], int]
_STATUS = {
    UploadTooLargeError.code: 413,
    DiskFullError.code: 507,
    DiskReadOnlyError.code: 507,
    BackupError.code: 507,
    StoreError.code: 500,
    DamagedStoreError.code: 500,
    StoreBusyError.code: 503,
    LoginNeededError.code: 401,
    RoleError.code: 403,
    FormTokenError.code: 403,
}


def init_app(app: Flask) -> None:
    """Answer errors in words, never with a traceback."""
    app.register_error_handler(TriageError, _user_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)


def _user_error(error: TriageError) -> Answer:
    return _answer(_STATUS.get(error.code, 400), error.code, error_sentence(error.code, error.message))


def _http_error(error: HTTPException) -> Union[Response, HTTPException]:
    if error.code is None or error.code < 400:
        return error  # a redirection
    code = f"http_{error.code}"
    sentence = HTTP_SENTENCES.get(error.code, HTTP_SENTENCES[400 if error.code < 500 else 500])
    answer = make_response(_answer(error.code, code, error_sentence(code, sentence)))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.allow.update(error.valid_methods)  # RFC 9110, section 15.5.6
    return answer


def _fault(error: Exception) -> Answer:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return _answer(500, "http_500", error_sentence("http_500", HTTP_SENTENCES[InternalServerError.code]))


def _answer(status: int, code: str, sentence: str) -> Answer:
    if wants_json():
        return jsonify({"error": {"code": code, "message": sentence}}), status
    # a screen that nobody touches comes back by itself when the appliance does
    again = request.method == "GET" and status >= 500
    return render_template("error.html", sentence=sentence, status=status, again=again), status
