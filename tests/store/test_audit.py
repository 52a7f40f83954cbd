from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from pathlib import Path
from typing import Iterator, List

import pytest

from appliance.store import Act, Source, Store
from tests.arrivals import STUDY, arrived, images
from tests.verdicts import PATIENT


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store", "test") as opened:
        yield opened


def acts(store: Store) -> List[str]:
    return [row["what"] for row in store.database.rows("SELECT what FROM audit ORDER BY number")]


def forge(store: Store, statement: str) -> None:
    """Change the file as somebody does who knows SQLite."""
    connection = sqlite3.connect(str(store.database.path))
    for trigger in ("audit_keeps_rows", "audit_keeps_values", "audit_grows_at_its_end"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_what_is_done_is_on_record(store: Store) -> None:
    arrived(store, images(1))
    arrived(store, images(1, 2))
    arrived(store, images(1, 2))
    assert acts(store) == ["received", "judged", "received", "judged", "superseded", "received", "judged"]
    examination = store.audit.verify()
    assert (examination.entries, examination.fault) == (7, None)


def test_nobody_is_named(store: Store) -> None:
    arrived(store, images(1))
    text = json.dumps([tuple(row) for row in store.database.rows("SELECT * FROM audit")], ensure_ascii=False)
    for secret in (STUDY, PATIENT.patient_id, "Hanako", "花子", PATIENT.birth_date):
        assert secret not in text
    assert hashlib.sha256(STUDY.encode()).hexdigest() in text


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'nobody' WHERE number = 1",
        "DELETE FROM audit WHERE number = 2",
        "INSERT OR REPLACE INTO audit SELECT 1, at, 'nobody', what, case_number, study_sha256, detail, hash FROM audit",
        "INSERT INTO audit SELECT 9, at, who, what, case_number, study_sha256, detail, hash FROM audit LIMIT 1",
    ],
)
def test_the_database_refuses_to_change_it(store: Store, statement: str) -> None:
    arrived(store, images(1))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        with store.database.transaction() as connection:
            connection.execute(statement)
    assert store.audit.verify().fault is None


@pytest.mark.parametrize(
    ("statement", "holds", "word"),
    [
        ("UPDATE audit SET who = 'nobody' WHERE number = 3", 2, "Entry 3"),
        ("UPDATE audit SET case_number = NULL WHERE number = 1", 0, "Entry 1"),
        ("UPDATE audit SET hash = 'ff' WHERE number = 4", 3, "Entry 4"),
        ("DELETE FROM audit WHERE number = 2", 1, "Entry 2"),
        ("DELETE FROM audit WHERE number > 2", 2, "Entries 3 to 4"),
        ("DELETE FROM audit", 0, "Entries 1 to 4"),
    ],
)
def test_verification_says_where_the_chain_breaks(store: Store, statement: str, holds: int, word: str) -> None:
    arrived(store, images(1))
    arrived(store, images(2))
    forge(store, statement)
    examination = store.audit.verify()
    assert examination.entries == holds
    assert examination.fault is not None and word in examination.fault


def test_a_cut_end_stays_noticed_when_the_trail_goes_on(store: Store) -> None:
    arrived(store, images(1))
    arrived(store, images(2))
    forge(store, "DELETE FROM audit WHERE number > 2")
    for _ in range(5):
        store.audit.record(Act.VIEWED, 1)
    assert store.audit.verify().fault is not None


def test_an_absent_head_is_noticed_and_one_that_lags_is_not(store: Store, tmp_path: Path) -> None:
    head = tmp_path / "store" / "audit.head"
    arrived(store, images(1))
    lagging = head.read_bytes()
    arrived(store, images(2))
    head.write_bytes(lagging)
    assert store.audit.verify().fault is None, "a process may be killed between an entry and the file"
    head.unlink()
    assert "audit.head" in (store.audit.verify().fault or "")


def test_a_head_that_cannot_be_written_stops_nothing(store: Store, tmp_path: Path) -> None:
    head = tmp_path / "store" / "audit.head"
    store.arrivals.queue(Source.UPLOAD, "a")
    head.unlink()
    head.mkdir()
    store.arrivals.queue(Source.UPLOAD, "b")
    assert [case.spool for case in store.recent(2)] == ["b", "a"]
    head.rmdir()
    store.arrivals.queue(Source.UPLOAD, "c")
    assert store.audit.verify().fault is None


def test_writers_at_the_same_time_make_one_chain(tmp_path: Path, store: Store) -> None:
    def write() -> None:
        with Store(tmp_path / "store", "another") as own:
            for _ in range(10):
                own.audit.record(Act.VIEWED, 1)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    examination = store.audit.verify()
    assert (examination.entries, examination.fault) == (40, None)
    assert json.loads((tmp_path / "store" / "audit.head").read_text())["number"] == 40


def test_settings_are_recorded_when_they_changed(store: Store) -> None:
    for hours in (24, 24, 12, 12):
        store.audit.record_settings({"pixels_hours": hours})
    details = [row["detail"] for row in store.database.rows("SELECT detail FROM audit")]
    assert details == ['{"pixels_hours":24}', '{"pixels_hours":12}']
