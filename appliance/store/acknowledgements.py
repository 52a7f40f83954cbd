"""Who took notice of a case. A red case that nobody acknowledged is what the pages remind of."""

from __future__ import annotations

from typing import List

from appliance.errors import TriageError
from appliance.store.audit import Act, Audit
from appliance.store.cases import CASES, Case, case_of, now
from appliance.store.database import Database

NAME_MAX = 60
"""Characters of a person's name."""


class NoNameError(TriageError):
    """Somebody acts without a name, or with one that cannot be shown."""

    code = "no_name"
    exit_status = 2

    def __init__(self) -> None:
        super().__init__(f"Write your name, with {NAME_MAX} characters at most, and send it again.")


class Acknowledgements:
    """The acknowledgements of cases that need somebody: those that are red, and those that could not be judged.

    Parameters
    ----------
    database : Database
        Holds them.
    audit : Audit
        Notes them.
    """

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def acknowledge(self, case: Case, who: str) -> bool:
        """Keep who took notice of a case, and when; the first who did stays.

        Parameters
        ----------
        case : Case
            A case that is red or could not be judged. One that brought the same images as another counts as that one.
        who : str
            The person's name, as typed.

        Returns
        -------
        bool
            False where somebody had done it before, and nothing was changed.

        Raises
        ------
        NoNameError
            When there is no name, or more than one.
        ValueError
            When the case is of another kind.
        """
        name = person(who)
        if not case.calls:
            raise ValueError(f"case {case.number} needs no acknowledgement")
        number = case.same_as.number if case.same_as else case.number
        with self._audit.transaction() as connection:
            query = "INSERT OR IGNORE INTO acknowledgements (case_number, at, who) VALUES (?, ?, ?)"
            if not connection.execute(query, (number, now(), name)).rowcount:
                return False
            self._audit.append(connection, Act.ACKNOWLEDGED, number, case.judged_study_uid, {"by": name})
        return True

    def awaited(self) -> List[Case]:
        """Return the red cases that nobody has acknowledged, oldest first; none that another took the place of.

        Nor one that was simulated: whom would it wake?
        """
        query = (
            f"{CASES} WHERE cases.colour = 'red_black' AND NOT cases.repeats AND cases.superseded_by IS NULL "
            "AND cases.source <> 'demo' AND seen.at IS NULL ORDER BY cases.number"
        )
        return [case_of(row) for row in self._database.rows(query)]


def person(name: str) -> str:
    """Return a person's name as it is kept: in one line, with single spaces.

    Raises
    ------
    NoNameError
        When there is none, when it is too long, or when it holds what cannot be shown.
    """
    kept = " ".join(name.split())
    if not kept or len(kept) > NAME_MAX or not kept.isprintable():
        raise NoNameError
    return kept
