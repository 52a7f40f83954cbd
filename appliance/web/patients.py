"""Who a patient is, as a reader of the page's language expects it: name, age and sex out of a DICOM header."""

from __future__ import annotations

import re
from typing import Tuple

from flask import Flask
from flask_babel import gettext, npgettext

from appliance.study import PatientIdentity
from appliance.web import language


def init_app(app: Flask) -> None:
    """Make the filters of the templates."""
    for function in (person_name, initial, age, sex, short_identity):
        app.add_template_filter(function)


def person_name(name: str) -> str:
    """Write a DICOM name (PS3.5 section 6.2.1) as people do; all of it, so that it can be compared with a wristband.

    In Japanese ideographic before phonetic before alphabetic; in English alphabetic first, the family name in capitals:

    >>> person_name("Yamada^Tarou=山田^太郎=やまだ^たろう")
    '山田 太郎（やまだ たろう） Yamada Tarou'
    'YAMADA, Tarou (山田 太郎, やまだ たろう)'
    """
    alphabetic, ideographic, phonetic = _groups(name)
    if language.current() == "ja":
        if ideographic and phonetic:
            return f"{ideographic}（{phonetic}） {_plain(alphabetic)}".strip()
        return " ".join(part for part in (ideographic, _plain(alphabetic), phonetic) if part)
    others = ", ".join(group for group in (ideographic, phonetic) if group)
    first = _family_first(alphabetic)
    return f"{first} ({others})" if first and others else first or others


def initial(name: str) -> str:
    """Return the first character of a DICOM name in the script that stands first; nothing where there is none."""
    alphabetic, ideographic, phonetic = _groups(name)
    scripts = (_plain(alphabetic), ideographic, phonetic)
    if language.current() == "ja":
        scripts = (ideographic, _plain(alphabetic), phonetic)
    return next((script[0] for script in scripts if script), "")


def age(value: str) -> str:
    """Write a DICOM age (PS3.5 section 6.2, AS); what is none stands as it is."""
    return _age(value) or value


def sex(value: str) -> str:
    """Write a DICOM sex (PS3.3 section C.7.1.1); what is none stands as it is."""
    return _sex(value) or value


def short_identity(patient: PatientIdentity) -> str:
    """Name a patient as far as a screen on a wall may: age, sex and the name's initial.

    >>> short_identity(PatientIdentity(name="Yamada^Tarou=山田^太郎", sex="M", age="045Y"))
    '45歳 · 男性 · 山.'
    '45 years · male · Y.'
    """
    letter = initial(patient.name)
    # what a header says instead of an age or a sex might be anything
    return " · ".join(part for part in (_age(patient.age), _sex(patient.sex), letter and f"{letter}.") if part)


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


def _age(value: str) -> str:
    found = re.fullmatch("([0-9]{3})([DWMY])", value)
    if not found:
        return ""
    count = int(found[1])
    texts = {
        "Y": npgettext("age", "%(num)s year", "%(num)s years", count),
        "M": npgettext("age", "%(num)s month", "%(num)s months", count),
        "W": npgettext("age", "%(num)s week", "%(num)s weeks", count),
        "D": npgettext("age", "%(num)s day", "%(num)s days", count),
    }
    return texts[found[2]]


def _sex(value: str) -> str:
    return {"M": gettext("male"), "F": gettext("female"), "O": gettext("other")}.get(value, "")
