"""Japanese and English: English in the templates, Japanese from ``translations/ja.po``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Dict

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, current_app, g, request

from appliance.config import Settings

LANGUAGES = {"ja": "日本語", "en": "English"}
TRANSLATIONS = Path(__file__).parent / "translations"
_COOKIE = "language"
_A_YEAR_S = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Let templates translate with ``_()`` and every request choose its language."""
    app.extensions["translations"] = _read_translations()
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, lambda one, many, count: gettext(one if count == 1 else many), newstyle=True
    )
    app.before_request(_choose)
    app.after_request(_remember)
    app.context_processor(lambda: {"language": g.language, "languages": LANGUAGES})


def gettext(message: str) -> str:
    """Return a message in the language of this request; itself where there is no translation."""
    translations: Dict[str, NullTranslations] = current_app.extensions["translations"]
    return translations[g.language].gettext(message)


def _read_translations() -> Dict[str, NullTranslations]:
    # compiled in memory: a compiled file beside the source could be older than it
    compiled = io.BytesIO()
    with (TRANSLATIONS / "ja.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale="ja"))
    compiled.seek(0)
    return {"ja": Translations(compiled), "en": NullTranslations()}


def _choose() -> None:
    settings: Settings = current_app.extensions["settings"]
    wanted = (request.args.get("lang"), request.cookies.get(_COOKIE), settings.server.language)
    g.language = next((name for name in wanted if name in LANGUAGES), "en")


def _remember(response: Response) -> Response:
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(
            _COOKIE, g.language, max_age=_A_YEAR_S, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return response
