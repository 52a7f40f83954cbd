from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

from appliance.config import IngestSettings, Settings
from appliance.presence import is_present, presence
from appliance.store import Source, Store
from appliance.store.aside import set_aside_if_damaged
from appliance.store.troubles import SENTENCES, Trouble, TroubleCode, troubles
from tests.arrivals import arrived, images, received
from tests.disks import fill, read_only, small_disk

SETTINGS = Settings(ingest=IngestSettings(min_free_mb=1))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def codes(store: Store) -> List[TroubleCode]:
    return [trouble.code for trouble in troubles(store, SETTINGS)]


def make_older(store: Store, column: str, seconds: float) -> None:
    """Shift a time of every case into the past."""
    with store.database.transaction() as connection:
        connection.execute(
            f"UPDATE cases SET {column} = strftime('%Y-%m-%dT%H:%M:%f+00:00', {column}, ?)",  # noqa: S608
            (f"{-seconds} seconds",),
        )


def test_nothing_is_wrong_with_a_new_store(store: Store) -> None:
    assert troubles(store, SETTINGS) == []


def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8) as disk, Store(disk / "store") as store:
        assert codes(store) == []
        ballast = fill(disk, keep=900_000)
        (trouble,) = troubles(store, SETTINGS)
        assert trouble.code is TroubleCode.DISK_FULL
        assert trouble.message.startswith("Only 0 MB of the appliance's disk are free: no new study is taken in.")
        ballast.unlink()
        assert codes(store) == []


def test_a_spool_that_cannot_be_written(store: Store) -> None:
    with read_only(store.spool):
        assert codes(store) == [TroubleCode.DISK_READ_ONLY]
    assert codes(store) == []


def test_damaged_records_that_were_set_aside(tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        path = store.database.path
    path.write_bytes(b"no database at all, but longer than its header would be" * 100)
    set_aside_if_damaged(tmp_path / "store")
    with Store(tmp_path / "store") as store:
        (trouble,) = troubles(store, SETTINGS)
        assert trouble.code is TroubleCode.RECORDS_SET_ASIDE and "+00:00" in trouble.message


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, []),
        (3 * 3600, [(TroubleCode.CLOCK_CHANGED, 180)]),  # set forward
        (-3 * 3600, [(TroubleCode.CLOCK_BEHIND, 180)]),  # set back
    ],
)
def test_a_clock_that_was_set(store: Store, seconds: int, expected: List[Tuple[TroubleCode, int]]) -> None:
    arrived(store, images(1))
    make_older(store, "finished_at", seconds)
    assert [(trouble.code, trouble.values["minutes"]) for trouble in troubles(store, SETTINGS)] == expected
    arrived(store, images(2), study="1.2.3")
    found = codes(store)
    assert found == ([TroubleCode.CLOCK_BEHIND] if seconds < 0 else []), "the next case has the new time"


def be_present(path: Path, said: Connection) -> None:
    with presence(path):
        said.send(True)
        said.recv()


def test_presence_ends_with_the_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_present(path)
    here, there = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(target=be_present, args=(path, there))
    process.start()
    assert here.poll(60) and is_present(path)
    process.kill()
    process.join()
    assert not is_present(path)


def test_studies_that_nobody_judges(store: Store) -> None:
    received(store)
    assert codes(store) == [], "a worker may be starting"
    make_older(store, "created_at", 60)
    assert codes(store) == [TroubleCode.NO_WORKER]
    with presence(store.worker_lock):
        assert codes(store) == []


def test_images_that_nobody_goes_on_to_receive(store: Store) -> None:
    store.arrivals.announce(Source.NETWORK, "network-a-b")
    make_older(store, "created_at", 60)
    assert codes(store) == [TroubleCode.NO_NETWORK_STORAGE]
    with presence(store.network_lock):
        assert codes(store) == []


def test_every_trouble_has_a_sentence_that_can_be_filled() -> None:
    values = {"free_mb": 1, "time": "now", "minutes": 2, "mode": "MODE_15W", "percent": 49}
    assert all("%(" not in Trouble(code, values).message for code in TroubleCode)
    assert set(SENTENCES) == set(TroubleCode)
