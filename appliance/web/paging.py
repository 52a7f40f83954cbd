"""Lists that go on page by page, newest first."""

from __future__ import annotations

from typing import Optional

from flask import request

_LAST = 2**63 - 1
"""The largest number that SQLite has."""


def before() -> Optional[int]:
    """Return the number before which the page that is asked for begins; None for the first page, and for no number."""
    return request.args.get("before", type=_row_number)


def _row_number(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(_LAST)) or int(text) > _LAST:
        raise ValueError(f"{text!r} is no row's number")
    return int(text)
