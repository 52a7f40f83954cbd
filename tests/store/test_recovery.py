"""What processes that were killed, clocks that were set, and other programs do to a store."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from appliance.store import Source, State, Store, StoreBusyError, StoreError, database, jobs
from appliance.store import clock as store_clock
from appliance.store.database import BackupError, numbered_migrations
from appliance.store.jobs import LEASE_S
from appliance.store.scratch import held_folder, sweep
from tests.arrivals import again, arrived, images, received
from tests.verdicts import RED


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def killed_in_the_middle(function: Callable[[Path, Connection], None], folder: Path) -> None:
    """Run a function in another process until it says so, and kill it."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=function, args=(folder, there))
    process.start()
    assert here.poll(60)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL


def hold_scratch(folder: Path, said: Connection) -> None:
    with held_folder(folder, "test-") as made:
        (made / "half").write_bytes(b"half a patient")
        said.send(True)
        time.sleep(600)


def receive_and_die_before_the_row(folder: Path, said: Connection) -> None:
    def wait(source: Source, name: str) -> None:
        said.send(True)
        time.sleep(600)

    with Store(folder) as store:
        store.arrivals.queue = wait  # type: ignore[method-assign,assignment]
        received(store, Source.MEDIA)


def claim_and_renew(folder: Path, said: Connection) -> None:
    with Store(folder) as store:
        job = store.jobs.claim()
        assert job is not None and store.jobs.renew(job)
        said.send(True)
        time.sleep(600)


def test_a_killed_process_leaves_no_temporary_folder_after_the_next_start(tmp_path: Path) -> None:
    with held_folder(tmp_path, "test-") as mine:
        killed_in_the_middle(hold_scratch, tmp_path)
        assert len(list(tmp_path.iterdir())) == 2
        assert sweep(tmp_path) == 1
        assert list(tmp_path.iterdir()) == [mine], "what a living process makes stays"
    assert list(tmp_path.iterdir()) == []


def test_a_medium_that_got_no_case_is_queued_at_the_next_start(tmp_path: Path) -> None:
    killed_in_the_middle(receive_and_die_before_the_row, tmp_path / "store")
    with Store(tmp_path / "store") as store:
        assert store.recent(1) == []
        store.recover()
        (case,) = store.recent(2)
        assert (case.state, case.source) == (State.QUEUED, Source.MEDIA)
        assert [path.name for path in (store.spool / case.spool).iterdir()] == ["000001"]
        store.recover()
        assert len(store.recent(2)) == 1


def test_a_killed_workers_case_is_taken_up_when_its_lease_has_run_out(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = received(store)
    killed_in_the_middle(claim_and_renew, tmp_path / "store")
    assert store.jobs.claim() is None
    true = store_clock.moment
    monkeypatch.setattr(jobs, "moment", lambda: replace(true(), seconds=true().seconds + LEASE_S))
    job = store.jobs.claim()
    assert job is not None and job.case_id == case.id


def test_a_wall_clock_that_jumps_ends_no_lease(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    received(store)
    assert store.jobs.claim() is not None
    for seconds in (0.0, 2e9, 4e9):
        monkeypatch.setattr(time, "time", lambda value=seconds: value)
        assert store.jobs.claim() is None


def test_a_lease_of_another_boot_has_ended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    received(store)
    lost = store.jobs.claim()
    assert lost is not None
    true = store_clock.moment
    # the monotonic clock begins anew, so the lease seems to end far in the future
    monkeypatch.setattr(jobs, "moment", lambda: replace(true(), boot="another", seconds=1.0))
    assert store.jobs.claim() is not None
    assert store.jobs.finish(lost, RED) is False


def test_a_renewed_lease_holds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    received(store)
    job = store.jobs.claim()
    assert job is not None
    true = store_clock.moment
    monkeypatch.setattr(jobs, "moment", lambda: replace(true(), seconds=true().seconds + LEASE_S - 1))
    assert store.jobs.renew(job)
    monkeypatch.setattr(jobs, "moment", lambda: replace(true(), seconds=true().seconds + LEASE_S + 1))
    assert store.jobs.claim() is None


def test_a_locked_database_is_a_typed_error(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    holder = sqlite3.connect(str(store.database.path), isolation_level=None)
    with Store(tmp_path / "store") as impatient:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError) as caught:
            impatient.arrivals.queue(Source.UPLOAD, "a")
        assert caught.value.code == "store_busy"
        assert impatient.recent(1) == [], "reading goes on"
        with pytest.raises(StoreBusyError):
            Store(tmp_path / "store")
        holder.execute("ROLLBACK")
        assert impatient.arrivals.queue(Source.UPLOAD, "a").number == 1, "and afterwards all is well"
    holder.close()


def test_damage_while_running_is_a_typed_error(tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        for number in range(200):
            store.arrivals.queue(Source.UPLOAD, f"{number:0200d}")
        store.database.rewrite()
        content = bytearray(store.database.path.read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        store.database.path.write_bytes(content)
        store.database.rows("PRAGMA shrink_memory")  # it has read the file, and reads it again only where it must
        with pytest.raises(StoreError, match="restore a copy"):
            store.recent(300)


def test_a_store_of_version_1_keeps_its_cases(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    path = tmp_path / "store" / "cases.sqlite"
    connection = sqlite3.connect(str(path))
    connection.executescript(numbered_migrations()[0][1])
    insert = "INSERT INTO cases (number, id, created_at, source, spool, state, claim, verdict, error_code) VALUES "
    connection.execute(insert + "(3, 'a', '2026-01-01T00:00:00.000+00:00', 'upload', 's1', 'running', 'x', NULL, NULL)")
    connection.execute(insert + "(7, 'b', '2026-01-01T00:00:00.000+00:00', 'demo', 's2', 'done', NULL, '{}', NULL)")
    connection.execute(insert + "(8, 'c', '2026-01-01T00:00:00.000+00:00', 'demo', 's2', 'failed', NULL, NULL, 'x')")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    with Store(tmp_path / "store") as store:
        assert [(case.number, case.id, case.state) for case in store.recent(5)] == [
            (8, "c", State.FAILED),
            (7, "b", State.DONE),
            (3, "a", State.RUNNING),
        ]
        job = store.jobs.claim()
        assert job is not None and job.number == 3, "a worker of the older release is no more"
        assert store.arrivals.queue(Source.NETWORK, "s3").number == 9
        assert store.database.rows("PRAGMA user_version")[0][0] == len(numbered_migrations())
        assert store.database.rows("PRAGMA foreign_key_check") == []


def test_rows_of_no_case_are_damage(tmp_path: Path) -> None:
    with Store(tmp_path / "store"):
        pass
    connection = sqlite3.connect(str(tmp_path / "store" / "cases.sqlite"))
    connection.execute("INSERT INTO instances VALUES (99, '1.2', 'x')")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="rows of no case"):
        Store(tmp_path / "store")


def test_a_backup_is_whole_private_and_opens(tmp_path: Path, store: Store) -> None:
    case, _ = arrived(store, images(1, 2))
    (tmp_path / "copy").mkdir()
    path = tmp_path / "copy" / "cases.sqlite"
    path.write_bytes(b"an older copy")
    with sqlite3.connect(str(store.database.path)) as reader:
        reader.execute("BEGIN").execute("SELECT * FROM cases").fetchone()
        store.database.backup(path)
    reader.close()
    assert os.stat(path).st_mode & 0o077 == 0
    assert [item.name for item in path.parent.iterdir()] == ["cases.sqlite"]
    with Store(tmp_path / "copy") as copy:
        assert again(copy, case).verdict == case.verdict
        assert copy.studies.instances(case) == store.studies.instances(case)


def test_a_backup_that_cannot_be_written_is_a_typed_error(tmp_path: Path, store: Store) -> None:
    with pytest.raises(BackupError):
        store.database.backup(tmp_path / "absent" / "copy")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BackupError):
        store.database.backup(tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "store"]


def test_a_store_is_closed_when_no_other_thread_works_with_it(tmp_path: Path) -> None:
    """A page that still listens asks in a thread of its own."""
    store = Store(tmp_path / "store")
    begun, go_on = threading.Event(), threading.Event()

    def ask() -> None:
        with store.database.transaction() as connection:
            begun.set()
            go_on.wait(10)
            connection.execute("SELECT COUNT(*) FROM cases").fetchall()
            answered.append(True)

    answered: List[bool] = []
    asking, closing = threading.Thread(target=ask), threading.Thread(target=store.close)
    asking.start()
    assert begun.wait(10)
    closing.start()
    closing.join(0.3)
    assert closing.is_alive()
    go_on.set()
    asking.join(10)
    closing.join(10)
    assert answered == [True] and not closing.is_alive()
