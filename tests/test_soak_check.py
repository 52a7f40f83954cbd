"""The kill test's own test: whatever breaks in a store, its check says so."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Sequence, Set

import pytest

from appliance.ingest.spool import take_in
from appliance.store import Case, Source, Store
from tests.running import wait_for
from tests.soak.check import faults
from tests.soak.parts import Site, parts, site
from tests.soak.studies import Expected, expected, study

pytestmark = pytest.mark.slow  # pictures and numbers: one Python is enough

NUMBERS = (1, 2, 4)
WAYS: Dict[int, Set[str]] = {1: {"upload"}, 2: {"zip", "medium"}, 4: {"network"}}


@dataclass(frozen=True)
class Judged:
    """A store that a worker filled: the cases 1 to 3 of the studies 1, 2 and 4, and case 4 of study 2 once more."""

    site: Site
    named: Dict[str, int]
    expected: Sequence[Expected]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    where = site(tmp_path_factory.mktemp("soak") / "site")
    worker = parts(where)[0]
    first, second, third = (list(item.images.values()) for item in map(study, NUMBERS))
    limits = where.settings().ingest
    with Store(where.store) as store:
        take_in(store, limits, [[content] for content in first], Source.UPLOAD)
        take_in(store, limits, [[study(2).zipped()]], Source.UPLOAD)
        take_in(store, limits, [[content] for content in third], Source.NETWORK)
        take_in(store, limits, [[content] for content in second], Source.MEDIA)
        worker.start()
        try:
            wait_for(lambda: all(case.state.final for case in store.recent(-1)))
            assert worker.stop() == 0
        finally:
            worker.end_all()
        named = {numbered(store, case).id: number for case, number in ((1, 1), (2, 2), (4, 2))}
    return Judged(where, named, expected(where.folder / "heads", where.settings()))


@pytest.fixture
def store(judged: Judged, tmp_path: Path) -> Iterator[Store]:
    """A copy, to be broken."""
    shutil.copytree(judged.site.store, tmp_path / "store")
    with Store(tmp_path / "store") as opened:
        yield opened


def check(judged: Judged, store: Store) -> List[str]:
    return faults(store, [study(number) for number in NUMBERS], WAYS, judged.named, judged.expected)


def numbered(store: Store, number: int) -> Case:
    case = store.numbered(number)
    assert case is not None
    return case


def spool(store: Store, number: int) -> Path:
    return store.spool / numbered(store, number).spool


def pictures(store: Store, number: int) -> Path:
    return store.rendered / numbered(store, number).id


def write(store: Store, *statements: str) -> None:
    """Change the database behind the store's back."""
    connection = sqlite3.connect(str(store.database.path))
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def exchange(store: Store, column: str) -> None:
    """Give a value of case 1 to case 3, and the other way round."""
    values = store.database.rows(f"SELECT {column} FROM cases WHERE number IN (1, 3) ORDER BY number")
    connection = sqlite3.connect(str(store.database.path))
    for number, (value,) in zip((3, 1), values):
        connection.execute(f"UPDATE cases SET {column} = ? WHERE number = ?", (value, number))
    connection.commit()
    connection.close()


def truncate(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def exchange_pictures(store: Store) -> None:
    one, other = pictures(store, 1), pictures(store, 3)
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def first_file(store: Store, number: int) -> Path:
    return sorted(spool(store, number).iterdir())[0]


BREAKS: Dict[str, Callable[[Store], object]] = {
    "has lost its files": lambda store: shutil.rmtree(spool(store, 1)),
    "12 files of case 1 are not those": lambda store: first_file(store, 1).unlink(),
    "13 files of case 1 are not those": lambda store: truncate(first_file(store, 1)),
    "archive of case 2 is not that": lambda store: truncate(first_file(store, 2)),
    "of case 3 is no image of study 4": lambda store: truncate(first_file(store, 3)),
    "all images were acknowledged, and 12 are there": lambda store: first_file(store, 3).unlink(),
    "is of patient SOAK-000000004": lambda store: exchange(store, "patient"),
    "case 1 shows an image that study 1 does not have": lambda store: exchange(store, "verdict"),
    "case 1 judged 13 images of study 4, not its 13": lambda store: exchange(store, "judged_study_uid"),
    "case 1 says": lambda store: write(store, "UPDATE cases SET verdict = replace(verdict, '0.99', '0.25')"),
    "has 2 current verdicts": lambda store: write(store, "UPDATE cases SET same_as = NULL"),
    "has 0 current verdicts": lambda store: write(store, "UPDATE cases SET superseded_by = 2 WHERE number = 1"),
    "case 4 is superseded and points to another": lambda store: write(
        store, "UPDATE cases SET superseded_by = 2 WHERE number = 4"
    ),
    "case 3 is still running": lambda store: write(
        store, "UPDATE cases SET state = 'running', verdict = NULL WHERE number = 3"
    ),
    "case 3 is of no study that was sent: failed": lambda store: write(
        store,
        "UPDATE cases SET state = 'failed', verdict = NULL, error_code = 'internal', judged_study_uid = NULL "
        "WHERE number = 3",
    ),
    "acknowledged by way of medium, and no case": lambda store: write(store, "DELETE FROM cases WHERE number = 4"),
    "is of another or not there": lambda store: write(
        store, "UPDATE cases SET judged_study_uid = '1.2' WHERE number = 1"
    ),
    "judged 12 images": lambda store: write(
        store,
        "DELETE FROM instances WHERE case_number = 1 "
        "AND sop_instance_uid = (SELECT MIN(sop_instance_uid) FROM instances WHERE case_number = 1)",
    ),
    "picture 3 of case 1 is not that": lambda store: (pictures(store, 1) / "zone-3.png").unlink(),
    "zone-3.png of case 1 is torn": lambda store: truncate(pictures(store, 1) / "zone-3.png"),
    "picture 1 of case 3 is not that of study 4": exchange_pictures,
    "lies among the pictures and is of no case": lambda store: (store.rendered / ".writing-abc").mkdir(),
    "lies in the spool and is of no case": lambda store: (store.spool / "upload-abc").mkdir(),
    "temporary/media-abc was left behind": lambda store: (store.temporary / "media-abc").mkdir(),
    "network/0123 was left behind": lambda store: (store.network / "0123").mkdir(),
    "the database has a row of no case": lambda store: write(
        store, "INSERT INTO instances (case_number, sop_instance_uid, header_sha256) VALUES (99, '1.2', 'x')"
    ),
    "the audit trail: Entry 2": lambda store: write(
        store, "DROP TRIGGER audit_keeps_values", "UPDATE audit SET who = 'nobody' WHERE number = 2"
    ),
}


def test_a_whole_store_has_no_faults(judged: Judged, store: Store) -> None:
    assert [case.same_as.number for case in store.recent(-1) if case.same_as] == [2]
    assert check(judged, store) == []


@pytest.mark.parametrize("says", BREAKS)
def test_what_breaks_is_found(judged: Judged, store: Store, says: str) -> None:
    BREAKS[says](store)
    found = check(judged, store)
    assert any(says in fault for fault in found), found


def test_a_study_that_was_acknowledged_and_is_not_there_is_found(judged: Judged, store: Store) -> None:
    found = faults(
        store, [study(number) for number in (*NUMBERS, 5)], {**WAYS, 5: {"zip"}}, {"absent": 5}, judged.expected
    )
    assert len(found) == 3 and "study 5 has 0 current verdicts" in found[1], found


def test_neighbours_get_verdicts_that_differ(judged: Judged) -> None:
    assert len({round(item.probability or 0, 2) for item in judged.expected}) == len(judged.expected)
