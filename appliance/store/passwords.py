"""Passwords: how they are kept, and which are refused (NIST SP 800-63B, section 5.1.1)."""

from __future__ import annotations

import re
import threading
import unicodedata
from typing import Optional

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from appliance.errors import TriageError

LENGTH = 12
LONGEST = 128

HASHER = PasswordHasher()
"""Argon2id with the parameters that RFC 9106 recommends where memory is short."""

_ONE_AT_A_TIME = threading.Lock()
"""Each takes 64 MiB, and logins that come at once must not take many times that."""

_COMMON = frozenset(
    """
    admin administrator apple baseball batman bigdaddy biteme blink buster butterfly changeme charlie cheese chelsea
    chocolate computer cookie corvette cowboy dallas daniel default dragon eagles facebook fishing flower football
    forever freedom fuckyou fuckoff george gfhjkm google guest harley hello hospital hunter iloveu iloveyou internet
    jennifer jessica jordan joshua killer letmein liverpool login london lovely loveme manchester manager marlboro
    master matthew maverick mercedes merlin michael michelle midnight monkey mustang nicole nothing ohayou pass
    password passwort passw pepper pokemon porsche princess purple qazwsx qazwsxedc qwer qwert qwerty qwertyui
    qwertyuiop ranger root samsung secret shadow silver snoopy soccer starwars steelers sunshine superman sakura
    summer system taylor tennis test thomas thunder tigger trustno trustnoone user warrior welcome whatever willow
    winner winter yankees zaqwsx zxcvbn zxcvbnm asdf asdfgh asdfghjkl headct headcttriage triage doctor nurse patient
    emergency stroke radiology nihon japan tokyo osaka kanri kanrisha byouin isha kyukyu
    """.split()
)
"""Words that common passwords are made of."""

_FORWARD = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn",
)
_ROWS = (*_FORWARD, *(row[::-1] for row in _FORWARD))
_IN_ROW = 3
_DATE = re.compile(r"(?:19|20)\d\d(?:[01]\d[0-3]\d)?")
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_CHARACTERS = 5
"""Fewer different ones than this, beside words, dates and rows of keys, are soon tried."""


class WeakPasswordError(TriageError):
    """A password is too short, too long, or among those that are tried first."""

    code = "weak_password"
    exit_status = 2

    def __init__(self) -> None:
        super().__init__(
            f"Choose another password, of {LENGTH} to {LONGEST} characters, that is no common word with digits, "
            "no row of keys, and does not hold the name. Several words in a row are good."
        )


def hashed(password: str, name: str) -> str:
    """Return what is kept of a password that somebody chose.

    Raises
    ------
    WeakPasswordError
        When it is refused.
    """
    plain = _normal(password)
    if not LENGTH <= len(plain) <= LONGEST or _is_common(plain, name):
        raise WeakPasswordError
    with _ONE_AT_A_TIME:
        return HASHER.hash(plain)


def verified(kept: Optional[str], password: str) -> bool:
    """Tell whether a password is the one of which this is kept. It takes as long where nothing is kept."""
    plain = _normal(password)[: LONGEST + 1]  # no longer one is anybody's
    with _ONE_AT_A_TIME:
        if kept is None:
            HASHER.hash(plain)
            return False
        try:
            return HASHER.verify(kept, plain)
        except (VerificationError, InvalidHashError):
            return False


def outdated(kept: str) -> bool:
    """Tell whether today's parameters are others than those of what is kept."""
    return HASHER.check_needs_rehash(kept)


def _normal(password: str) -> str:
    # the same characters from every keyboard (NIST SP 800-63B, section 5.1.1.2)
    return unicodedata.normalize("NFKC", password)


def _is_common(password: str, name: str) -> bool:
    """Tell whether little is left once common words, also with digits for letters, dates and rows of keys are gone."""
    plain = password.casefold()
    spelled = plain.translate(_LEET)
    gone = [False] * len(plain)

    def mark(start: int, end: int) -> None:
        gone[start:end] = [True] * (end - start)

    for word in (*_COMMON, name.casefold()):
        for text in (plain, spelled):
            for found in re.finditer(re.escape(word), text):
                mark(*found.span())
    for start in range(len(plain) - _IN_ROW + 1):
        if any(plain[start : start + _IN_ROW] in row for row in _ROWS):
            mark(start, start + _IN_ROW)
    for found in _DATE.finditer(plain):
        mark(*found.span())
    left = {character for character, is_gone in zip(plain, gone) if character.isalnum() and not is_gone}
    return len(left) < _CHARACTERS
