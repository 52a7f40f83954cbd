from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Iterator

import pytest

from appliance.config import StoreSettings
from appliance.store import Case, MediumState, Source, Store
from appliance.store.retention import CaseRunningError, PurgeError, expire, purge
from tests.arrivals import MODEL, STUDY, again, arrived, images, received
from tests.disks import read_only
from tests.verdicts import PATIENT, SEVERAL

SETTINGS = StoreSettings()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def age(store: Store, case: Case, hours: float, monotonic: bool = True) -> None:
    """Make a case older, as time does; only by the wall clock where it was set forward."""
    with store.database.transaction() as connection:
        query = (
            "UPDATE cases SET finished_at = strftime('%Y-%m-%dT%H:%M:%f+00:00', finished_at, ?), "
            "finished_uptime = finished_uptime - ? WHERE number = ?"
        )
        connection.execute(query, (f"{-hours} hours", hours * 3600 * monotonic, case.number))


def kept(store: Store, case: Case) -> bool:
    return (store.spool / case.spool).exists() and (store.rendered / case.id).exists()


def test_pixels_go_after_a_day_and_results_after_a_month(store: Store) -> None:
    case, _ = arrived(store, images(1, 2))
    age(store, case, 23.9)
    assert expire(store, SETTINGS) == (0, 0) and kept(store, case)
    age(store, case, 0.2)
    assert expire(store, SETTINGS) == (1, 0)
    assert not (store.spool / case.spool).exists() and not (store.rendered / case.id).exists()
    now = again(store, case)
    assert now.pixels_removed_at is not None and now.verdict == case.verdict
    age(store, case, 30 * 24)
    assert expire(store, SETTINGS) == (0, 1)
    assert store.case(case.id) is None and expire(store, SETTINGS) == (0, 0)
    assert store.audit.verify().fault is None


def test_what_is_not_judged_yet_is_kept(store: Store) -> None:
    case = received(store)
    with store.database.transaction() as connection:
        connection.execute("UPDATE cases SET created_at = '1970-01-01T00:00:00+00:00'")
    assert expire(store, SETTINGS) == (0, 0) and (store.spool / case.spool).exists()


def test_a_clock_that_is_set_forward_removes_nothing(store: Store) -> None:
    case, _ = arrived(store, images(1))
    age(store, case, 24 * 60, monotonic=False)
    assert expire(store, SETTINGS) == (0, 0) and kept(store, case)
    with store.database.transaction() as connection:
        connection.execute("UPDATE cases SET finished_boot = 'another'")
    assert expire(store, SETTINGS) == (1, 1), "after a restart the wall clock is all there is"


@pytest.mark.parametrize("hours", [24 * 365 * 50, -24 * 365])
def test_a_time_of_a_boot_without_a_clock_is_not_believed(store: Store, hours: float) -> None:
    case, _ = arrived(store, images(1))
    age(store, case, hours)
    with store.database.transaction() as connection:
        connection.execute("UPDATE cases SET finished_boot = 'another'")
    assert expire(store, SETTINGS) == (0, 0) and kept(store, case)
    age(store, case, 25)
    assert expire(store, SETTINGS) == (1, 0), "its age counts from when the clock was set"


def test_one_medium_that_cannot_be_removed_keeps_no_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, _ = arrived(store, images(1))
    other, _ = arrived(store, images(2), study=STUDY + "5")
    for case in (stuck, other):
        age(store, case, 25)
    with read_only(store.spool / stuck.spool):
        assert expire(store, SETTINGS) == (1, 0)
        assert kept(store, stuck) or (store.spool / stuck.spool).exists()
        assert not (store.spool / other.spool).exists()
    assert expire(store, SETTINGS) == (1, 0)


def test_a_purge_names_damaged_records_that_were_set_aside(store: Store) -> None:
    case, _ = arrived(store, images(1))
    (store.folder / "damaged-2026-11-20T03-11-00Z").mkdir()
    with pytest.raises(PurgeError, match="remove its folder damaged"):
        purge(store, case)
    assert store.case(case.id) is None


def test_a_medium_stays_while_one_of_its_studies_is_new(store: Store) -> None:
    first = received(store)
    job = store.jobs.claim()
    assert job is not None and store.jobs.finish(job, SEVERAL)
    age(store, first, 25)
    chosen = store.choose(again(store, first), SEVERAL.choices[0].uid)
    assert expire(store, SETTINGS) == (0, 0) and (store.spool / chosen.spool).exists()


def test_removed_pixels_cannot_be_chosen_from_nor_pointed_to(store: Store) -> None:
    first, _ = arrived(store, images(1), SEVERAL)
    age(store, first, 25)
    expire(store, SETTINGS)
    with pytest.raises(ValueError):
        store.choose(again(store, first), SEVERAL.choices[0].uid)
    second, _ = arrived(store, images(1))
    age(store, second, 25)
    expire(store, SETTINGS)
    third, known = arrived(store, images(1))
    assert known.same_as is None and kept(store, third), "a page needs its slices"


def test_a_purge_leaves_nothing_of_the_study(store: Store, tmp_path: Path) -> None:
    first, _ = arrived(store, images(1, 2))
    second, _ = arrived(store, images(1, 2, 3))
    same, _ = arrived(store, images(1, 2, 3))
    other, _ = arrived(store, images(1), study=STUDY + "5")
    number = store.media.insert("MY_DISC")
    store.media.finish(number, MediumState.READ, case_id=first.id, fingerprint="f")
    purged = purge(store, first)
    assert purged.cases == (first.number, second.number, same.number) and purged.media == 3
    for case in (first, second, same):
        assert store.case(case.id) is None
        assert not (store.spool / case.spool).exists() and not (store.rendered / case.id).exists()
    content = b"".join(path.read_bytes() for path in (tmp_path / "store").glob("cases.sqlite*"))
    for secret in (first.id, second.id, f"{STUDY}.2", "MY_DISC"):
        assert secret.encode() not in content
    assert kept(store, other) and again(store, other).verdict == other.verdict
    assert store.audit.verify().fault is None


def test_what_is_being_judged_is_not_purged(store: Store) -> None:
    first, _ = arrived(store, images(1))
    received(store)
    job = store.jobs.claim()
    assert job is not None
    store.studies.identify(job, STUDY, PATIENT.patient_id, images(1, 2), MODEL)
    with pytest.raises(CaseRunningError):
        purge(store, first)
    assert kept(store, first)


def test_what_was_never_judged_is_purged_with_its_medium(store: Store) -> None:
    case = received(store, Source.UPLOAD)
    job = store.jobs.claim()
    assert job is not None and store.jobs.fail(job, "no_dicom", "No DICOM.")
    assert purge(store, case).cases == (case.number,)
    assert list(store.spool.iterdir()) == [] and store.recent(1) == []


def test_an_incomplete_purge_says_what_is_left(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    case, _ = arrived(store, images(1))
    monkeypatch.setattr(shutil, "rmtree", lambda folder: None)
    with pytest.raises(PurgeError, match="still there"):
        purge(store, case)
    assert again(store, case).pixels_removed_at is None, "so that it can be purged again"
    monkeypatch.undo()
    assert purge(store, case).cases == (case.number,)


def test_a_purge_says_when_others_keep_its_bytes_in_the_log(store: Store) -> None:
    case, _ = arrived(store, images(1))
    reader = sqlite3.connect(str(store.database.path), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM cases").fetchall()
    store.database.rows("PRAGMA busy_timeout = 50")
    with pytest.raises(PurgeError, match="next purge"):
        purge(store, case)
    reader.close()
    other, _ = arrived(store, images(2))
    purge(store, other)
    files = store.database.path.parent.glob("cases.sqlite*")
    assert not any(case.id.encode() in path.read_bytes() for path in files)


def test_settings_say_how_long(store: Store) -> None:
    case, _ = arrived(store, images(1))
    assert expire(store, replace(SETTINGS, pixels_hours=0, results_days=0)) == (1, 1)
    assert store.case(case.id) is None
