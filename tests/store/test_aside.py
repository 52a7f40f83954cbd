"""A damaged database is set aside, and nothing that still lies in the spool is lost with it."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.store import DamagedStoreError, Source, State, Store
from appliance.store.aside import DATABASE, forget_set_aside, set_aside, set_aside_if_damaged
from tests.arrivals import again, arrived, images, received


def damage(path: Path) -> None:
    """Overwrite all but the first page of a database, as a failing flash memory does."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def test_a_whole_store_stays_where_it_is(tmp_path: Path) -> None:
    set_aside_if_damaged(tmp_path)
    with Store(tmp_path) as store:
        case, _ = arrived(store, images(1))
        set_aside_if_damaged(tmp_path)
        assert again(store, case).verdict == case.verdict
    assert set_aside(tmp_path) == []


def test_what_lies_in_the_spool_is_queued_again(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        case, _ = arrived(store, images(1))
        files = sorted(path.name for path in (store.spool / case.spool).iterdir())
        store.database.rewrite()
    damage(tmp_path / DATABASE)
    with pytest.raises(DamagedStoreError):
        Store(tmp_path)
    set_aside_if_damaged(tmp_path)
    (aside,) = tmp_path.glob("damaged-*")
    assert {path.name for path in aside.iterdir()} >= {"cases.sqlite", "audit.head"}
    assert os.stat(aside).st_mode & 0o077 == 0, "it names patients"
    with Store(tmp_path) as store:
        assert store.recent(9) == []
        store.recover()
        (queued,) = store.recent(9)
        assert (queued.state, queued.source, queued.spool) == (State.QUEUED, Source.NETWORK, case.spool)
        assert sorted(path.name for path in (store.spool / queued.spool).iterdir()) == files
        assert store.audit.verify().fault is None, "the audit trail begins anew"


def test_whoever_has_the_damaged_one_open_goes_on_with_the_new(tmp_path: Path) -> None:
    with Store(tmp_path) as other:
        received(other)
        other.database.rewrite()
        damage(tmp_path / DATABASE)
        other.database.rows("PRAGMA shrink_memory")
        set_aside_if_damaged(tmp_path)
        case = received(other)
        with Store(tmp_path) as store:
            assert [found.id for found in store.recent(9)] == [case.id]


def test_what_was_set_aside_is_removed_in_its_time(tmp_path: Path) -> None:
    (tmp_path / "damaged-2026-01-02T00-00-00Z").mkdir()
    assert len(set_aside(tmp_path)) == 1
    assert forget_set_aside(tmp_path, timedelta(days=365 * 1000)) == 0
    assert forget_set_aside(tmp_path, timedelta(days=1)) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_or_of_no_time_stays(tmp_path: Path) -> None:
    for name in ("damaged-old", "damaged-1970-01-01T00-00-11Z"):
        (tmp_path / name).mkdir()
    (tmp_path / "damaged-2026.tar.gz").write_bytes(b"evidence")
    assert len(set_aside(tmp_path)) == 1
    assert forget_set_aside(tmp_path, timedelta(days=1)) == 0
    assert len(list(tmp_path.iterdir())) == 3


def test_no_number_is_given_twice(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for name in "abc":
            store.arrivals.queue(Source.UPLOAD, name)
        store.database.rewrite()
    connection = sqlite3.connect(str(tmp_path / DATABASE))
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("UPDATE cases SET source = 'nobody'")
    connection.commit()
    connection.close()
    set_aside_if_damaged(tmp_path)
    with Store(tmp_path) as store:
        assert len(set_aside(tmp_path)) == 1
        assert store.arrivals.queue(Source.UPLOAD, "d").number > 3


def test_an_open_that_fails_for_a_moment_is_made_up_for(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        arrived(store, images(1))
        good = tmp_path / "good"
        store.database.backup(good)
        os.replace(good, tmp_path / "later")
        (tmp_path / "junk").write_bytes(b"no database at all, but longer than its header would be" * 100)
        os.replace(tmp_path / "junk", tmp_path / DATABASE)
        for suffix in ("-wal", "-shm"):
            (tmp_path / (DATABASE + suffix)).unlink()
        with pytest.raises(DamagedStoreError):
            store.recent(1)
        os.replace(tmp_path / "later", tmp_path / DATABASE)
        for suffix in ("-wal", "-shm"):
            if (tmp_path / (DATABASE + suffix)).exists():
                (tmp_path / (DATABASE + suffix)).unlink()
        assert len(store.recent(9)) == 1
