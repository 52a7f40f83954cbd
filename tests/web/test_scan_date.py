"""A scan that may not be today's is warned of, on card, list, page and sheet; one of today is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Optional

import pytest
from flask.testing import FlaskClient
from pydicom import dcmread

from appliance.phantom.disc import demo_options, write_disc
from appliance.store import Case, Source, Store
from appliance.study import StudySummary
from appliance.web.scan_date import Doubt, ScanDoubt, doubt_of, scan_doubt
from tests.verdicts import VERDICTS

pytestmark = pytest.mark.slow  # one Python is enough

RECEIVED = datetime(2026, 3, 2, 3, 10).astimezone()
"""Ten past three at night, by the clock of this machine."""


@pytest.mark.parametrize(
    ("day", "time", "doubt"),
    [
        ("2026-03-02", "02:58", None),
        ("2026-03-01", "23:50", None),
        ("2026-03-01", "03:10", None),
        ("2026-03-01", "03:09", ScanDoubt(Doubt.OLD, 1)),
        ("2026-02-28", "23:00", ScanDoubt(Doubt.OLD, 2)),
        ("2024-03-02", "03:00", ScanDoubt(Doubt.OLD, 730)),
        # of a day alone, what speaks for the scan is taken
        ("2026-03-02", "", None),
        ("2026-03-01", "", None),
        ("2026-02-28", "", ScanDoubt(Doubt.OLD, 2)),
        ("2026-02-28", "9", ScanDoubt(Doubt.OLD, 2)),
        # a scanner's clock may be a little ahead
        ("2026-03-02", "04:10", None),
        ("2026-03-02", "04:11", ScanDoubt(Doubt.AHEAD)),
        ("2026-03-03", "", ScanDoubt(Doubt.AHEAD)),
        ("", "", ScanDoubt(Doubt.UNKNOWN)),
        ("", "03:00", ScanDoubt(Doubt.UNKNOWN)),
        ("2026-02-30", "03:00", ScanDoubt(Doubt.UNKNOWN)),
        ("202603", "03:00", ScanDoubt(Doubt.UNKNOWN)),
    ],
)
def test_a_scan_is_doubted_by_its_date(day: str, time: str, doubt: Optional[ScanDoubt]) -> None:
    assert doubt_of(day, time, RECEIVED) == doubt


def finish(store: Store, name: str, day: str, time: str) -> Case:
    """Judge the case that waits: its scan bears a date."""
    job, verdict = store.jobs.claim(), VERDICTS[name]
    assert job is not None
    if verdict.study:
        verdict = replace(verdict, study=StudySummary("1.2.3", day, time, 3))
    assert store.jobs.finish(job, verdict)
    found = store.case(job.case_id)
    assert found is not None
    return found


SAID = {
    "3": ("Scan is 3 days old – is this the right one?", "3日前の検査です。今回の検査ですか？"),
    "1": ("Scan from the day before – is this the right one?", "前日の検査です。今回の検査ですか？"),
    "ahead": ("Scan dated in the future – is this the right one?", "検査日時が未来になっています。今回の検査ですか？"),
    "none": ("Scan date unknown – is this the right one?", "検査日が不明です。今回の検査ですか？"),
}


@pytest.mark.parametrize("kind", list(SAID))
def test_card_list_page_and_sheet_warn_in_words_and_with_a_shape(client: FlaskClient, store: Store, kind: str) -> None:
    hours = {"3": 72, "1": 25, "ahead": -2}.get(kind)
    moment = None if hours is None else RECEIVED - timedelta(hours=hours)
    day, time = (moment.date().isoformat(), moment.strftime("%H:%M")) if moment else ("", "")
    for number, name in enumerate(("red", "green", "refer"), 1):
        case = store.arrivals.queue(Source.MEDIA, name)
        with store.database.transaction() as connection:
            at = RECEIVED.astimezone(timezone.utc).isoformat()
            connection.execute("UPDATE cases SET created_at = ? WHERE number = ?", (at, case.number))
        finish(store, name, day, time)
        for path, count in (
            ("/", number),
            ("/cases", number),
            (f"/cases/{case.id}", 1),
            (f"/cases/{case.id}/handover", 1),
        ):
            for language, sentence in zip(("en", "ja"), SAID[kind]):
                warned = client.get(f"{path}?lang={language}").text.split('class="scan-doubt"')[1:]
                assert len(warned) == count, (path, language)
                assert all(sentence in one.split("</span></span>")[0] for one in warned), (path, language)
                assert all(one.startswith('><svg viewBox="0 0 100 100" aria-hidden="true"') for one in warned)


def test_a_scan_of_today_is_not_doubted(client: FlaskClient, store: Store) -> None:
    store.arrivals.queue(Source.MEDIA, "a")
    case = finish(store, "red", date.today().isoformat(), "00:00")
    for path in ("/", "/cases", f"/cases/{case.id}", f"/cases/{case.id}/handover"):
        assert "scan-doubt" not in client.get(path).text, path


def test_what_is_no_one_study_is_not_doubted(store: Store) -> None:
    store.arrivals.queue(Source.MEDIA, "a")
    several = finish(store, "several", "", "")
    assert several.verdict is not None and scan_doubt(several) is None
    assert scan_doubt(store.arrivals.queue(Source.UPLOAD, "waits")) is None


def test_the_demo_is_of_today(tmp_path: Path) -> None:
    disc = write_disc(tmp_path / "disc", replace(demo_options(None), rows=64, bone_mm=None, others=False))
    scanned_at = {(str(ds.StudyDate), str(ds.StudyTime)) for ds in map(dcmread, disc.series["soft"])}
    assert scanned_at == {(date.today().strftime("%Y%m%d"), "000000")}
    assert doubt_of(date.today().isoformat(), "00:00", datetime.now().astimezone()) is None
