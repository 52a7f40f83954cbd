from __future__ import annotations

import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Iterator, List

import numpy as np
import pytest

from appliance.reasons import Reason, ReasonCode
from appliance.store import Job, Source, State, StepProgress, Store, StoreError, jobs
from appliance.store.database import numbered_migrations
from appliance.store.jobs import LEASE_S, MAX_ATTEMPTS
from tests.verdicts import PATIENT, RED, REFUSED, SEVERAL


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def claimed(store: Store) -> Job:
    job = store.jobs.claim()
    assert job is not None
    return job


def kill_worker(store: Store) -> None:
    """Let every lease run out, as it does when nobody renews it."""
    with store.database.transaction() as connection:
        connection.execute("UPDATE cases SET lease_until = lease_until - ?", (LEASE_S + 1,))


def test_a_new_case_waits(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "medium")
    assert store.case(case.id) == case
    assert (case.state, case.spool, case.verdict, case.patient) == (State.QUEUED, "medium", None, None)
    assert case.created_at.utcoffset() is not None
    assert store.case("another") is None


def test_ids_are_random_and_numbers_count(store: Store) -> None:
    cases = [store.arrivals.queue(Source.UPLOAD, str(i)) for i in range(20)]
    assert len({case.id for case in cases}) == 20
    assert all(len(case.id) >= 16 for case in cases)
    assert [case.number for case in cases] == list(range(1, 21))
    assert [case.number for case in store.recent(3)] == [20, 19, 18]


def test_the_oldest_is_taken_first_and_once(store: Store) -> None:
    first, second = store.arrivals.queue(Source.UPLOAD, "a"), store.arrivals.queue(Source.UPLOAD, "b")
    assert store.waiting_before(second) == 1
    assert [claimed(store).case_id, claimed(store).case_id] == [first.id, second.id]
    assert store.jobs.claim() is None


def test_workers_at_the_same_time_never_take_the_same(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LEASE_S", 3600.0)  # nobody renews here, and a machine may be busy
    ids = [store.arrivals.queue(Source.UPLOAD, str(i)).id for i in range(40)]

    def work(_: int) -> List[str]:
        taken = []
        with Store(tmp_path / "store") as own:
            job = own.jobs.claim()
            while job is not None:
                taken.append(job.case_id)
                job = own.jobs.claim()
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [case_id for ids in pool.map(work, range(4)) for case_id in ids]
    assert sorted(taken) == sorted(ids)


def test_progress_is_seen_while_running(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    job = claimed(store)
    store.jobs.progress(job, StepProgress("decode", 3, 32))
    running = store.case(case.id)
    assert running is not None
    assert (running.state, running.progress) == (State.RUNNING, StepProgress("decode", 3, 32))
    assert running.to_json()["progress"] == {"step": "decode", "done": 3, "total": 32}


def test_a_verdict_comes_back_whole(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    counted = replace(RED, reasons=(*RED.reasons, Reason(ReasonCode.MISSING_FILES, {"count": np.int64(3)})))
    assert store.jobs.finish(claimed(store), counted)
    kept = store.case(case.id)
    assert kept is not None
    assert (kept.state, kept.progress, kept.patient) == (State.DONE, None, PATIENT)
    assert kept.verdict == counted.to_json()
    assert [reason.message for reason in kept.reasons] == [reason.message for reason in counted.reasons]
    assert [[r.message for r in reasons] for reasons in kept.rejected_reasons] == [
        [r.message for r in item.reasons] for item in RED.rejected
    ]
    assert kept.finished_at is not None and kept.finished_at >= kept.created_at


def test_a_refusal_is_no_colour(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    store.jobs.finish(claimed(store), REFUSED)
    kept = store.case(case.id)
    assert kept is not None and kept.state is State.REFUSED


def test_the_published_case_names_nobody(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    store.jobs.finish(claimed(store), RED)
    kept = store.case(case.id)
    assert kept is not None and kept.patient == PATIENT
    published = json.dumps(kept.to_json(), ensure_ascii=False)
    for secret in (PATIENT.patient_id, "模擬", "Hanako", PATIENT.birth_date, PATIENT.age):
        assert secret not in published


def test_a_failure_has_code_and_sentence(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    store.jobs.fail(claimed(store), "no_dicom", "No DICOM.")
    kept = store.case(case.id)
    assert kept is not None
    assert (kept.state, kept.error_code, kept.error_message) == (State.FAILED, "no_dicom", "No DICOM.")


def test_a_worker_that_lost_its_job_cannot_write(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    lost = claimed(store)
    kill_worker(store)
    job = claimed(store)
    assert store.jobs.finish(lost, RED) is False
    assert store.jobs.renew(lost) is False
    store.jobs.progress(lost, StepProgress("infer", 0, 1))
    assert store.jobs.fail(lost, "internal", "") is False
    assert store.jobs.finish(job, REFUSED)
    kept = store.case(case.id)
    assert kept is not None and kept.state is State.REFUSED


def test_a_verdict_is_final(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    job = claimed(store)
    store.jobs.finish(job, RED)
    assert store.jobs.finish(job, REFUSED) is False
    kill_worker(store)
    assert store.jobs.claim() is None
    kept = store.case(case.id)
    assert kept is not None and kept.verdict == RED.to_json()


def test_a_case_that_kills_workers_is_given_up(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    for _ in range(MAX_ATTEMPTS):
        assert claimed(store).case_id == case.id
        kill_worker(store)
    assert store.jobs.claim() is None
    kept = store.case(case.id)
    assert kept is not None and (kept.state, kept.error_code) == (State.FAILED, "interrupted")
    assert f"{MAX_ATTEMPTS} times" in (kept.error_message or "")


def test_giving_back_does_not_count_as_an_attempt(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    for _ in range(MAX_ATTEMPTS + 2):
        store.jobs.give_back(claimed(store))
    claimed(store)
    kill_worker(store)
    assert claimed(store).case_id == case.id


def test_a_chosen_study_is_a_case_of_its_own_over_the_same_files(store: Store) -> None:
    store.arrivals.queue(Source.UPLOAD, "medium")
    store.jobs.finish(claimed(store), SEVERAL)
    case = store.recent(1)[0]
    chosen = store.choose(case, "1.2.4.9")
    assert (chosen.state, chosen.spool, chosen.study_uid) == (State.QUEUED, "medium", "1.2.4.9")
    assert claimed(store).study_uid == "1.2.4.9"
    again = store.choose(case, "1.2.4.9")
    assert again.id == chosen.id, "choosing twice judges once"
    assert store.choose(case, "1.2.3.9").id != chosen.id


def test_only_a_listed_study_can_be_chosen(store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "medium")
    with pytest.raises(ValueError):
        store.choose(case, "1.2.4.9")
    store.jobs.finish(claimed(store), SEVERAL)
    with pytest.raises(ValueError):
        store.choose(store.recent(1)[0], "1.2.4.10")


def test_it_is_there_after_closing(tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        case = store.arrivals.queue(Source.DEMO, "a")
        store.jobs.finish(claimed(store), RED)
    with Store(tmp_path / "store") as store:
        kept = store.case(case.id)
        assert kept is not None and kept.verdict == RED.to_json()


def test_only_its_owner_may_look_into_it(tmp_path: Path) -> None:
    with Store(tmp_path / "store"):
        assert os.stat(tmp_path / "store").st_mode & 0o077 == 0


def test_many_open_a_new_store_at_the_same_time(tmp_path: Path) -> None:
    def add(number: int) -> int:
        with Store(tmp_path / "store") as store:
            return store.arrivals.queue(Source.UPLOAD, str(number)).number

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(add, range(12))) == list(range(1, 13))


def test_migrations_are_numbered_without_gaps() -> None:
    migrations = numbered_migrations()
    assert [number for number, _ in migrations] == list(range(1, len(migrations) + 1))


def test_a_store_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "store"):
        pass
    with sqlite3.connect(str(tmp_path / "store" / "cases.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StoreError, match="newer"):
        Store(tmp_path / "store")


def test_a_damaged_store_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        for i in range(200):
            store.arrivals.queue(Source.UPLOAD, f"{i:0100d}")
    path = tmp_path / "store" / "cases.sqlite"
    content = bytearray(path.read_bytes())
    content[5000:9000] = b"\xff" * 4000
    path.write_bytes(content)
    with pytest.raises(StoreError, match="restore a copy"):
        Store(tmp_path / "store")


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be read as one" * 40, b"short"])
def test_a_foreign_file_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cases.sqlite").write_bytes(content)
    with pytest.raises(StoreError, match="move it away"):
        Store(tmp_path)


def test_a_place_that_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be made"):
        Store(tmp_path / "file" / "store")
