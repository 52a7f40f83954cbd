"""One-time passwords by time (RFC 6238), as authenticator applications make them: SHA-1, 6 digits, 30 seconds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from typing import Optional
from urllib.parse import quote

PERIOD_S = 30
_DIGITS = 6
_SECRET_BYTES = 20
_DRIFT = (0, -1, 1)
"""Periods by which the telephone's clock may differ."""


def new_secret() -> str:
    """Return a random secret of 160 bits, base32."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def is_secret(text: str) -> bool:
    """Tell whether a text is such a secret."""
    return re.fullmatch(r"[A-Z2-7]{32}", text) is not None


def address(secret: str, name: str) -> str:
    """Return the ``otpauth`` address that an authenticator application takes."""
    return f"otpauth://totp/Head-CT%20triage:{quote(name)}?secret={secret}&issuer=Head-CT%20triage"


def code(secret: str, step: int, digits: int = _DIGITS) -> str:
    """Return the code of a period (RFC 4226 section 5.3).

    Parameters
    ----------
    secret : str
        Base32.
    step : int
        Periods since 1970.
    digits : int
        How many; six, but for the RFC's own examples.

    Raises
    ------
    ValueError
        When the secret is not base32.
    """
    mac = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: str, given: str, after: int, now: Optional[float] = None) -> Optional[int]:
    """Return the period whose code was given, if it is near now and later than one; None if there is none.

    Parameters
    ----------
    secret : str
        Base32.
    given : str
        What was typed.
    after : int
        Period of the newest code that was taken: neither it nor an earlier one is taken again.
    now : float, optional
        Seconds since 1970; the machine's clock if not given.
    """
    current = int((time.time() if now is None else now) // PERIOD_S)
    typed = given.replace(" ", "").encode("utf-8")
    for step in (current + drift for drift in _DRIFT):
        if step > after and hmac.compare_digest(code(secret, step).encode("ascii"), typed):
            return step
    return None
