"""Who may use the page: names, roles, passwords, second factors."""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import List, Optional

from appliance.errors import TriageError
from appliance.store import totp
from appliance.store.audit import Act, Audit
from appliance.store.cases import now
from appliance.store.database import Database
from appliance.store.passwords import hashed, outdated, verified

_NAME = re.compile(r"[\w.@-]{1,40}")
_RECOVERY_CODES = 8


class Role(str, Enum):
    """What a person is; each may do what those before it may."""

    KIOSK = "kiosk"
    """A screen on a wall: sees cases without names, and changes nothing."""
    DOCTOR = "doctor"
    ADMINISTRATOR = "administrator"
    """Also sets up people."""

    def covers(self, least: Role) -> bool:
        """Whether this role may do what another may."""
        order = list(Role)
        return order.index(self) >= order.index(least)


class PersonError(TriageError):
    """A name is taken or not possible, or the last administrator would go."""

    code = "bad_person"
    exit_status = 2


@dataclass(frozen=True)
class Person:
    """Somebody who may use the page.

    Attributes
    ----------
    number : int
        Never used twice.
    name : str
        What the person types to log in, and what the audit trail says.
    role : Role
        What the person may do.
    created_at : str
        UTC, ISO 8601.
    has_password : bool
        Whether a password was chosen. A wall screen has none.
    has_factor : bool
        Whether a login takes a code besides.
    """

    number: int
    name: str
    role: Role
    created_at: str
    has_password: bool
    has_factor: bool


class People:
    """The people of a store. What is changed here is on record in the audit trail, and ends the person's sessions.

    Parameters
    ----------
    database : Database
        Holds the rows.
    audit : Audit
        Opens transactions, and notes who was changed.
    """

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def anybody(self) -> bool:
        """Whether somebody was set up."""
        return bool(self._database.rows("SELECT EXISTS (SELECT 1 FROM people)")[0][0])

    def all(self) -> List[Person]:
        """Return everybody, by name."""
        return [person_of(row) for row in self._database.rows("SELECT * FROM people ORDER BY folded")]

    def get(self, number: int) -> Optional[Person]:
        """Return a person by number."""
        return self._one("number = ?", number)

    def named(self, name: str) -> Optional[Person]:
        """Return a person by name, whose case and width do not matter."""
        return self._one("folded = ?", _folded(name))

    def add(self, name: str, role: Role, password: Optional[str] = None, first: bool = False) -> Person:
        """Set up a person.

        Parameters
        ----------
        name : str
            1 to 40 letters, digits, or ``. @ - _``.
        role : Role
            What the person may do.
        password : str, optional
            Without it, the person chooses one with a code of `appliance.store.codes`.
        first : bool
            Whether there must be nobody yet.

        Raises
        ------
        PersonError
            When the name is taken or not possible.
        WeakPasswordError
            When the password is refused.
        """
        name = unicodedata.normalize("NFKC", name).strip()
        if not _NAME.fullmatch(name):
            raise PersonError("A name has 1 to 40 letters, digits, dots, hyphens or underscores, and no spaces.")
        kept = None if password is None else hashed(password, name)
        with self._audit.transaction() as connection:
            if first and connection.execute("SELECT 1 FROM people").fetchone():
                raise PersonError("Somebody was set up already; log in.")
            if connection.execute("SELECT 1 FROM people WHERE folded = ?", (_folded(name),)).fetchone():
                raise PersonError(f"There is a person called {name} already; choose another name.")
            added = connection.execute(
                "INSERT INTO people (name, folded, role, created_at, password) VALUES (?, ?, ?, ?, ?)",
                (name, _folded(name), role.value, now(), kept),
            )
            self._note(connection, "added", name, role)
            row = connection.execute("SELECT * FROM people WHERE number = ?", (added.lastrowid,)).fetchone()
            return person_of(row)

    def remove(self, person: Person) -> None:
        """Remove a person with all that belongs to them. The audit trail keeps the name.

        Raises
        ------
        PersonError
            When nobody would be left who can set up people.
        """
        with self._audit.transaction() as connection:
            self._require_other_administrator(connection, person)
            connection.execute("DELETE FROM people WHERE number = ?", (person.number,))
            self._note(connection, "removed", person.name, person.role)

    def set_role(self, person: Person, role: Role) -> None:
        """Give a person another role; raises as `remove`. A wall screen keeps neither password nor second factor."""
        with self._audit.transaction() as connection:
            if role is not Role.ADMINISTRATOR:
                self._require_other_administrator(connection, person)
            connection.execute("UPDATE people SET role = ? WHERE number = ?", (role.value, person.number))
            if role is Role.KIOSK:
                connection.execute("UPDATE people SET password = NULL WHERE number = ?", (person.number,))
                self._forget_factor(connection, person)
            self._end_sessions(connection, person)
            self._note(connection, "given a role", person.name, role)

    def set_password(self, person: Person, password: str) -> None:
        """Keep a new password.

        Raises
        ------
        WeakPasswordError
            When it is refused.
        """
        kept = hashed(password, person.name)
        with self._audit.transaction() as connection:
            connection.execute("UPDATE people SET password = ? WHERE number = ?", (kept, person.number))
            self._end_sessions(connection, person)
            self._note(connection, "given a password", person.name, person.role)

    def check(self, name: str, password: str) -> Optional[Person]:
        """Return the person of a name and password; None after as long a time where there is none."""
        rows = self._database.rows("SELECT * FROM people WHERE folded = ?", _folded(name))
        kept: Optional[str] = rows[0]["password"] if rows else None
        if not verified(kept, password) or kept is None:
            return None
        person = person_of(rows[0])
        if outdated(kept):
            try:
                kept = hashed(password, person.name)
            except TriageError:
                return person  # chosen when less was asked; it still is the person's
            with self._database.transaction() as connection:
                connection.execute("UPDATE people SET password = ? WHERE number = ?", (kept, person.number))
        return person

    def check_factor(self, person: Person, code: str) -> bool:
        """Take a code of the person's second factor, or a recovery code; each is taken once."""
        with self._database.transaction() as connection:
            row = connection.execute("SELECT * FROM people WHERE number = ?", (person.number,)).fetchone()
            if row is None or row["totp_secret"] is None:
                return row is not None
            step = totp.matching_step(row["totp_secret"], code, after=row["totp_step"] or 0)
            if step is not None:
                connection.execute("UPDATE people SET totp_step = ? WHERE number = ?", (step, person.number))
                return True
            used = connection.execute(
                "DELETE FROM recovery_codes WHERE person = ? AND sha256 = ?", (person.number, _recovery_sha256(code))
            )
            return used.rowcount == 1

    def set_factor(self, person: Person, secret: str, code: str) -> Optional[List[str]]:
        """Begin to ask for a second factor, if a code shows that the person has it.

        Returns
        -------
        list of str or None
            Recovery codes, which are nowhere else; None where the code is wrong.
        """
        step = totp.matching_step(secret, code, after=0)
        if step is None:
            return None
        recovery = [secrets.token_hex(5) for _ in range(_RECOVERY_CODES)]
        with self._audit.transaction() as connection:
            self._forget_factor(connection, person)
            query = "UPDATE people SET totp_secret = ?, totp_step = ? WHERE number = ?"
            connection.execute(query, (secret, step, person.number))
            connection.executemany(
                "INSERT INTO recovery_codes (person, sha256) VALUES (?, ?)",
                [(person.number, _recovery_sha256(one)) for one in recovery],
            )
            self._note(connection, "given a second factor", person.name, person.role)
        return recovery

    def clear_factor(self, person: Person) -> None:
        """Ask for no second factor any more."""
        with self._audit.transaction() as connection:
            self._forget_factor(connection, person)
            self._note(connection, "relieved of the second factor", person.name, person.role)

    def _note(self, connection: sqlite3.Connection, did: str, name: str, role: Role) -> None:
        self._audit.append(connection, Act.PEOPLE, detail={"person": name, "was": did, "role": role.value})

    def _one(self, condition: str, value: object) -> Optional[Person]:
        rows = self._database.rows(f"SELECT * FROM people WHERE {condition}", value)  # noqa: S608
        return person_of(rows[0]) if rows else None

    @staticmethod
    def _require_other_administrator(connection: sqlite3.Connection, person: Person) -> None:
        query = "SELECT number FROM people WHERE role = ?"
        administrators = [row["number"] for row in connection.execute(query, (Role.ADMINISTRATOR.value,))]
        if administrators == [person.number]:
            raise PersonError(f"{person.name} is the only administrator; make another one first.")

    @staticmethod
    def _forget_factor(connection: sqlite3.Connection, person: Person) -> None:
        query = "UPDATE people SET totp_secret = NULL, totp_step = NULL WHERE number = ?"
        connection.execute(query, (person.number,))
        connection.execute("DELETE FROM recovery_codes WHERE person = ?", (person.number,))

    @staticmethod
    def _end_sessions(connection: sqlite3.Connection, person: Person) -> None:
        connection.execute("DELETE FROM sessions WHERE person = ?", (person.number,))
        connection.execute("DELETE FROM codes WHERE person = ?", (person.number,))


def person_of(row: sqlite3.Row) -> Person:
    """Return the person that a row holds."""
    return Person(
        number=row["number"],
        name=row["name"],
        role=Role(row["role"]),
        created_at=row["created_at"],
        has_password=row["password"] is not None,
        has_factor=row["totp_secret"] is not None,
    )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _recovery_sha256(code: str) -> str:
    return hashlib.sha256(code.strip().lower().encode("utf-8")).hexdigest()
