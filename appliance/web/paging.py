"""Lists that go on page by page, newest first."""

from __future__ import annotations

from typing import Optional

from flask import abort, request

_LAST = 2**63 - 1
"""The largest number that SQLite has."""


def before() -> Optional[int]:
    """Return the number before which the page that is asked for begins; None for the first page.

    What is no number of a row is answered with status 400.
    """
    text = request.args.get("before")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_LAST)) and 0 < int(text) <= _LAST):
        abort(400)
    return int(text)
