"""Who a patient is, as a reader of the page's language expects it: name, age and sex out of a DICOM header."""

from __future__ import annotations

import re
from datetime import date
from typing import List, Mapping, Optional, Tuple

from flask import Flask
from flask_babel import gettext, npgettext

from appliance.study import PatientIdentity
from appliance.web import language
from appliance.web.formats import read_day


def init_app(app: Flask) -> None:
    """Make the filters of the templates."""
    for function in (person_name, initial, age, sex, short_identity):
        app.add_template_filter(function)


def person_name(name: str) -> str:
    """Write a DICOM name (PS3.5 section 6.2.1) as people do; all of it, so that it can be compared with a wristband.

    In Japanese ideographic before phonetic before alphabetic; in English alphabetic first, the family name in capitals.
    A group without letters, such as question marks for what could not be converted, comes last:

    >>> person_name("Yamada^Tarou=山田^太郎=やまだ^たろう")
    '山田 太郎（やまだ たろう） Yamada Tarou'
    'YAMADA, Tarou (山田 太郎, やまだ たろう)'
    """
    alphabetic, ideographic, phonetic = _groups(name)
    if language.current() == "ja":
        if _has_letters(ideographic) and _has_letters(phonetic):
            return f"{ideographic}（{phonetic}） {_plain(alphabetic)}".strip()
        return " ".join(_readable_first(ideographic, _plain(alphabetic), phonetic))
    if not _has_letters(alphabetic):
        return ", ".join(_readable_first(ideographic, phonetic, _plain(alphabetic)))
    others = ", ".join(_readable_first(ideographic, phonetic))
    first = _family_first(alphabetic)
    return f"{first} ({others})" if others else first


def initial(name: str) -> str:
    """Return the first letter of a DICOM name in the script that stands first; nothing where there is none."""
    alphabetic, ideographic, phonetic = _groups(name)
    scripts = (_plain(alphabetic), ideographic, phonetic)
    if language.current() == "ja":
        scripts = (ideographic, _plain(alphabetic), phonetic)
    return next((character for script in scripts for character in script if character.isalpha()), "")


def age(patient: PatientIdentity, study: Optional[Mapping[str, str]]) -> str:
    """Write how old a patient was at the scan; what a header says instead of an age stands as it is.

    Parameters
    ----------
    patient : PatientIdentity
        Patient's Age is optional (DICOM PS3.3 section C.7.2.2), so that the birth date stands in for it.
    study : mapping or None
        With the ``date`` of the scan.
    """
    return _known_age(patient, study) or patient.age


def sex(value: str) -> str:
    """Write a DICOM sex (PS3.3 section C.7.1.1); what is none stands as it is."""
    return _sex(value) or value


def short_identity(patient: PatientIdentity, study: Optional[Mapping[str, str]]) -> str:
    """Name a patient as far as a screen on a wall may: age, sex and the name's initial.

    >>> short_identity(PatientIdentity(name="Yamada^Tarou=山田^太郎", sex="M", age="045Y"), None)
    '45歳 · 男性 · 山.'
    '45 years · male · Y.'
    """
    letter = initial(patient.name)
    # what a header says instead of an age or a sex might be anything
    return " · ".join(part for part in (_known_age(patient, study), _sex(patient.sex), letter and f"{letter}.") if part)


def _groups(name: str) -> Tuple[str, str, str]:
    """Return the alphabetic group as it stands, and the ideographic and the phonetic one as people write them."""
    alphabetic, ideographic, phonetic = (name.split("=") + ["", ""])[:3]
    return alphabetic, _plain(ideographic), _plain(phonetic)


def _plain(group: str) -> str:
    return " ".join(part.strip() for part in group.split("^") if part.strip())


def _family_first(group: str) -> str:
    """Write a name of family, given, middle, prefix and suffix as ``FAMILY, prefix given middle, suffix``."""
    family, given, middle, prefix, *suffix = group.split("^") + [""] * 4
    others = [_plain("^".join(parts)) for parts in ([prefix, given, middle], suffix)]
    if any(others):
        family = family.upper()  # to tell it from what comes after it; a name in one piece may hold both
    return ", ".join(part for part in (family.strip(), *others) if part)


def _has_letters(group: str) -> bool:
    return any(character.isalpha() for character in group)


def _readable_first(*groups: str) -> List[str]:
    return sorted(filter(None, groups), key=lambda group: not _has_letters(group))


def _known_age(patient: PatientIdentity, study: Optional[Mapping[str, str]]) -> str:
    # the standard asks for three digits (PS3.5 section 6.2, AS), not all scanners write them
    found = re.fullmatch("([0-9]{1,3})([DWMY])", patient.age.strip())
    if found:
        return _written_age(int(found[1]), found[2])
    born, scanned = read_day(patient.birth_date), read_day(study["date"] if study else "")
    return _written_age(*_age_on(scanned, born)) if born and scanned and born <= scanned else ""


def _age_on(day: date, born: date) -> Tuple[int, str]:
    """Return an age and its unit: days in the first four weeks, weeks to three months, months to two years."""
    months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
    if months >= 24:
        return months // 12, "Y"
    if months >= 3:
        return months, "M"
    days = (day - born).days
    return (days // 7, "W") if days >= 28 else (days, "D")


def _written_age(count: int, unit: str) -> str:
    texts = {
        "Y": npgettext("age", "%(num)s year", "%(num)s years", count),
        "M": npgettext("age", "%(num)s month", "%(num)s months", count),
        "W": npgettext("age", "%(num)s week", "%(num)s weeks", count),
        "D": npgettext("age", "%(num)s day", "%(num)s days", count),
    }
    return texts[unit]


def _sex(value: str) -> str:
    return {"M": gettext("male"), "F": gettext("female"), "O": gettext("other")}.get(value, "")
