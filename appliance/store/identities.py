"""Who a photographed case is of: a photograph carries no identity, so a person says and answers for it."""

from __future__ import annotations

from appliance.errors import TriageError
from appliance.store.acknowledgements import person
from appliance.store.audit import Act, Audit
from appliance.store.cases import Case, now

PATIENT_MAX = 100
"""Characters of a patient's ID or name."""


class NoPatientError(TriageError):
    """An identity is confirmed without ID or name, or with what cannot be shown."""

    code = "no_patient"
    exit_status = 2

    def __init__(self) -> None:
        super().__init__(f"Write the patient's ID or name, with {PATIENT_MAX} characters at most, and send it again.")


class Identities:
    """What people confirmed.

    Parameters
    ----------
    audit : Audit
        Opens transactions, and notes who confirmed; not whom.
    """

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def confirm(self, case: Case, patient: str, who: str) -> None:
        """Keep whose a case is; what was confirmed before is kept too.

        Parameters
        ----------
        case : Case
            A photographed case.
        patient : str
            ID or name, as typed.
        who : str
            The person's name, as typed.

        Raises
        ------
        NoNameError
            When the person has no name.
        NoPatientError
            When there is no ID or name.
        ValueError
            When the case was not photographed: its headers say whose it is.
        """
        name, kept = person(who), " ".join(patient.split())
        if not kept or len(kept) > PATIENT_MAX or not kept.isprintable():
            raise NoPatientError
        if not case.photographed:
            raise ValueError(f"case {case.number} was not photographed")
        with self._audit.transaction() as connection:
            connection.execute(
                "INSERT INTO identities (case_number, at, who, patient) VALUES (?, ?, ?, ?)",
                (case.number, now(), name, kept),
            )
            detail = {"by": name, "again": case.identity is not None}
            self._audit.append(connection, Act.IDENTIFIED, case.number, case.judged_study_uid, detail)
