"""Codes that are used once: to choose a password, to begin a wall screen's session, to set up the first person."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Optional

from appliance.store.audit import Act, Audit
from appliance.store.clock import moment
from appliance.store.people import Person, person_of

VALID_S = 24 * 3600.0
_BYTES = 10
_GROUP = 4


@dataclass(frozen=True)
class Code:
    """What a code stands for.

    Attributes
    ----------
    sha256 : str
        Of the code.
    person : Person or None
        Whose it is; None for the first person, who is not set up yet.
    """

    sha256: str
    person: Optional[Person]


class Codes:
    """The codes that were given out: random, of 80 bits, good for a day, or until the machine is started anew.

    Parameters
    ----------
    audit : Audit
        Opens transactions, and notes for whom a code was made.
    """

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def make(self, person: Optional[Person]) -> str:
        """Return a new code for a person, or the first one; an older one of the same is no longer taken."""
        code = base64.b32encode(secrets.token_bytes(_BYTES)).decode("ascii")
        made = moment()
        with self._audit.transaction() as connection:
            number = person.number if person else None
            connection.execute("DELETE FROM codes WHERE person IS ?", (number,))
            connection.execute(
                "INSERT INTO codes (sha256, person, made_boot, made_uptime) VALUES (?, ?, ?, ?)",
                (_sha256(code), number, made.boot, made.seconds),
            )
            name = person.name if person else None
            self._audit.append(connection, Act.PEOPLE, detail={"person": name, "was": "given a code"})
        return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))

    def find(self, code: str) -> Optional[Code]:
        """Return what a code stands for, without using it; None where it is none, or an old one."""
        now = moment()
        with self._audit.transaction() as connection:
            row = connection.execute("SELECT * FROM codes WHERE sha256 = ?", (_sha256(code),)).fetchone()
            age_s = now.age_s(row["made_boot"], row["made_uptime"]) if row else None
            if row is None or age_s is None or age_s > VALID_S:
                return None
            if row["person"] is None:
                return Code(row["sha256"], None)
            query = "SELECT * FROM people WHERE number = ?"
            return Code(row["sha256"], person_of(connection.execute(query, (row["person"],)).fetchone()))

    def use(self, code: Code) -> bool:
        """Take a code; False where another was faster."""
        with self._audit.transaction() as connection:
            return connection.execute("DELETE FROM codes WHERE sha256 = ?", (code.sha256,)).rowcount == 1


def _sha256(code: str) -> str:
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(plain.encode("utf-8")).hexdigest()
