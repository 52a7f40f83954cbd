"""Dates, times and numbers as a reader of the page's language expects them. Files and programs get ISO 8601 instead.

Times are those of this machine's zone, which is the hospital's, on a clock of 24 hours. Scores and what was measured in
a picture stand as in the JSON: both languages write their digits alike.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Mapping, Optional

from flask import Flask
from flask_babel import format_date, format_datetime, format_decimal, ngettext

from appliance.web import language

# Unicode Technical Standard 35, part 4, as CLDR has them for ja and en_GB. The name of a month leaves no doubt which
# number is the day.
_DATE = {"ja": "y年M月d日", "en": "d MMM y"}
_DATE_AND_TIME = {"ja": "y年M月d日 HH:mm", "en": "d MMM y, HH:mm"}


def init_app(app: Flask) -> None:
    """Make the filters of the templates."""
    for function in (local_time, brief_time, dicom_date, scanned, minutes, hours, days, megabytes):
        app.add_template_filter(function)


def local_time(moment: datetime) -> str:
    """Write a moment as the clock on this machine's wall shows it.

    >>> local_time(datetime(2026, 11, 21, 12, 8, tzinfo=timezone.utc))  # in Tokyo, in Japanese
    '2026年11月21日 21:08'
    """
    return _date_and_time(moment.astimezone())


def brief_time(moment: datetime) -> str:
    """Write a moment of today as a time alone, any other with its date."""
    local = moment.astimezone()
    return local.strftime("%H:%M") if local.date() == date.today() else _date_and_time(local)


def dicom_date(value: str) -> str:
    """Write a date of a header, or of a `StudySummary`; what is none stands as it is."""
    day = read_day(value)
    return _date(day) if day else value


def scanned(study: Mapping[str, str]) -> str:
    """Write ``date`` and ``time`` of a study, as far as the header has them; what is neither stands as it is."""
    day, clock = read_day(study["date"]), _clock(study["time"])
    if day and clock:
        return _date_and_time(datetime.combine(day, clock))
    return f"{dicom_date(study['date'])} {study['time']}".strip()


def minutes(seconds: int) -> str:
    """Write seconds as a stopwatch does, with hours once there are some. ``live.js`` counts on in the same form."""
    below = f"{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{seconds // 3600}:{below}" if seconds >= 3600 else f"{seconds // 60}:{seconds % 60:02d}"


def hours(count: float) -> str:
    """Write a number of hours."""
    text: str = ngettext("%(count)s hour", "%(count)s hours", _form(count), count=_rounded(count))
    return text


def days(count: float) -> str:
    """Write a number of days."""
    text: str = ngettext("%(count)s day", "%(count)s days", _form(count), count=_rounded(count))
    return text


def megabytes(size: int) -> str:
    """Write bytes as people read them: in MB, from 10 GB on in GB."""
    number, unit = (size / 1e9, "GB") if size >= 1e10 else (size / 1e6, "MB")
    return f"{format_decimal(number, '#,##0.0')} {unit}"


def _date(day: date) -> str:
    text: str = format_date(day, _DATE[language.current()])
    return text


def _date_and_time(moment: datetime) -> str:
    # not rebased: the zone is known already, from the system itself
    text: str = format_datetime(moment, _DATE_AND_TIME[language.current()], rebase=False)
    return text


def read_day(value: str) -> Optional[date]:
    """Read a date (PS3.5 section 6.2, DA, and its older form with dots; ISO 8601)."""
    found = re.fullmatch("([0-9]{4})([-.]?)([0-9]{2})\\2([0-9]{2})", value)
    try:
        return date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        return None


def _clock(value: str) -> Optional[time]:
    found = re.fullmatch("([0-9]{2}):([0-9]{2})", value)
    try:
        return time(int(found[1]), int(found[2])) if found else None
    except ValueError:
        return None


def _form(count: float) -> int:
    """Return a whole number with the plural form of any number, for gettext knows whole ones only."""
    return 1 if count == 1 else 2


def _rounded(count: float) -> str:
    text: str = format_decimal(count, "#,##0.#")
    return text
