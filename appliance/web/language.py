"""Japanese and English, with Flask-Babel: English in the templates and modules, Japanese from a catalogue."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, current_app, request
from flask_babel import Babel, Domain, get_locale

from appliance.config import Settings

LANGUAGES = {"ja": "日本語", "en": "English"}
LOCALES = {"ja": "ja", "en": "en_GB"}
"""Whose conventions each language of the page has."""

TRANSLATIONS = Path(__file__).parent / "translations"
_COOKIE = "language"
_A_YEAR_S = 365 * 24 * 3600


class _Catalogue(Domain):  # type: ignore[misc]
    """Messages read from ``messages.po`` itself.

    A compiled file beside it, which Flask-Babel would read, can be older than it, and a fresh checkout has none.
    """

    def get_translations(self) -> NullTranslations:
        return _read(current())


class _Babel(Babel):  # type: ignore[misc]
    domain_instance = _Catalogue()


def init_app(app: Flask) -> None:
    """Let templates translate with ``_()`` and ``ngettext()``, and every request choose its language."""
    for language in LANGUAGES:
        _read(language)  # at the start, so that nobody waits for it
    _Babel(app, locale_selector=_choose)
    app.after_request(_remember)
    app.context_processor(lambda: {"language": current(), "languages": LANGUAGES})


def current() -> str:
    """Return the language of this request, one of `LANGUAGES`."""
    language: str = get_locale().language
    return language


@lru_cache(maxsize=None)
def _read(language: str) -> NullTranslations:
    if language == "en":
        return NullTranslations()  # the messages themselves
    compiled = io.BytesIO()
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def _choose() -> str:
    settings: Settings = current_app.extensions["settings"]
    wanted = (request.args.get("lang"), request.cookies.get(_COOKIE), settings.server.language)
    return LOCALES[next((name for name in wanted if name in LANGUAGES), "en")]


def _remember(response: Response) -> Response:
    wanted = request.args.get("lang")
    if wanted in LANGUAGES:
        response.set_cookie(_COOKIE, wanted, max_age=_A_YEAR_S, secure=request.is_secure, httponly=True, samesite="Lax")
    return response
