from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator, List

import cv2
import pytest

from appliance import worker
from appliance.config import EngineSettings, Settings, StoreSettings
from appliance.heartbeat import Heartbeat
from appliance.ingest.spool import take_in
from appliance.pipeline import Pipeline
from appliance.stop import CANNOT_START, TRY_AGAIN
from appliance.store import Case, Source, State, Store
from appliance.store.pictures import picture_path
from tests.running import disc_files, final, wait_for, zipped


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=StoreSettings(tmp_path / "store"))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with Store(settings.store.folder) as opened:
        yield opened


Start = Callable[[Settings], "multiprocessing.context.SpawnProcess"]


@pytest.fixture
def start() -> Iterator[Start]:
    started = []

    def run(settings: Settings) -> multiprocessing.context.SpawnProcess:
        process = multiprocessing.get_context("spawn").Process(target=worker.run, args=(settings,))
        process.start()
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.join()


def queue(store: Store, settings: Settings, files: List[bytes]) -> Case:
    return take_in(store, settings.ingest, [[file] for file in files], Source.UPLOAD)


def test_it_judges_one_after_another_and_survives_each(store: Store, settings: Settings, start: Start) -> None:
    files = disc_files()
    junk = queue(store, settings, [b"no DICOM in here"])
    torn = queue(store, settings, [zipped(files)[:-200_000] + b"PK\5\6" + bytes(18)])
    folder = queue(store, settings, files)
    archive = queue(store, settings, [zipped(disc_files(seed=1))])
    process = start(settings)

    assert (final(store, junk).state, final(store, junk).error_code) == (State.FAILED, "no_dicom")
    assert final(store, torn).state is State.FAILED
    seen = store.board.seen()
    assert seen is not None and seen.board.memory_bytes, "it looks at the board it runs on while it judges"
    for case in (final(store, folder), final(store, archive)):
        assert case.state is State.DONE and case.verdict is not None
        assert case.verdict["verdict"] == "red_black"
        assert len(case.verdict["zones"]) == 8
        assert case.patient is not None and case.patient.name
        for zone in range(1, 9):
            assert cv2.imread(str(picture_path(store.rendered, case.id, zone)), cv2.IMREAD_UNCHANGED).shape == (
                256,
                256,
            )

    os.kill(process.pid or 0, signal.SIGTERM)
    process.join()
    assert process.exitcode == 0


def test_a_fault_of_the_appliance_ends_the_job_and_not_the_worker(
    store: Store, settings: Settings, start: Start
) -> None:
    start(settings)
    final(store, queue(store, settings, [b"no DICOM in here"]))
    store.rendered.rmdir()
    store.rendered.write_bytes(b"in the way")
    first = queue(store, settings, disc_files())
    failed = final(store, first)
    assert (failed.state, failed.error_code) == (State.FAILED, "internal")
    assert "Read the study now" in (failed.error_message or "")
    store.rendered.unlink()
    store.rendered.mkdir()
    second = queue(store, settings, disc_files())
    assert final(store, second).state is State.DONE


@pytest.mark.slow
def test_what_a_dead_worker_left_is_judged_by_the_next(store: Store, settings: Settings, start: Start) -> None:
    case = queue(store, settings, disc_files())
    assert store.jobs.claim() is not None
    start(settings)
    assert final(store, case).state is State.DONE


def test_it_does_not_start_without_a_network(store: Store, settings: Settings, start: Start, tmp_path: Path) -> None:
    process = start(replace(settings, engine=EngineSettings(manifest=tmp_path / "absent.json")))
    wait_for(lambda: process.exitcode is not None)
    assert process.exitcode == CANNOT_START


class OnceBegun:
    """A request to stop that comes as soon as the job has begun."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._begun = False

    @property
    def set(self) -> bool:
        self._begun = self._begun or self._store.recent(1)[0].state is State.RUNNING
        return self._begun


def test_a_stop_in_the_middle_gives_the_job_back(store: Store, settings: Settings, pipeline: Pipeline) -> None:
    case = queue(store, settings, disc_files())
    worker._work(store, settings, pipeline, OnceBegun(store))
    kept = store.case(case.id)
    assert kept is not None and (kept.state, kept.progress) == (State.QUEUED, None)


def test_the_same_study_again_costs_nothing_and_the_rest_of_it_completes_it(
    store: Store, settings: Settings, start: Start
) -> None:
    files = disc_files()
    part, rest = files[::2], files[1::2]
    start(settings)
    first = final(store, queue(store, settings, part))
    whole = final(store, queue(store, settings, rest))
    assert whole.state is State.DONE and whole.verdict is not None
    assert whole.verdict["series"]["slices"] > len(rest)
    old = store.case(first.id)
    assert old is not None and old.superseded_by is not None and old.superseded_by.id == whole.id
    same = final(store, queue(store, settings, [zipped(files)]))
    assert same.same_as is not None and same.same_as.id == whole.id
    assert same.verdict == whole.verdict and not (store.rendered / same.id).exists()
    wait_for(lambda: not list(store.temporary.iterdir()))


@pytest.mark.slow
def test_what_a_killed_worker_unpacked_is_swept_and_its_case_judged(
    store: Store, settings: Settings, start: Start
) -> None:
    case = queue(store, settings, [zipped(disc_files())])
    process = start(settings)
    wait_for(lambda: list(store.temporary.glob("unpacked-*/*/*")))
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert list(store.temporary.iterdir())
    start(settings)
    assert final(store, case).state is State.DONE
    wait_for(lambda: not list(store.temporary.iterdir()))


def hang(settings: Settings) -> None:
    with Store(settings.store.folder) as store:
        job = store.jobs.claim()
        assert job is not None
        with Heartbeat(store, job, stall_s=0.2):
            time.sleep(600)


def test_a_worker_that_hangs_ends_itself(store: Store, settings: Settings) -> None:
    queue(store, settings, [b"no DICOM in here"])
    process = multiprocessing.get_context("spawn").Process(target=hang, args=(settings,))
    process.start()
    process.join(60)
    assert process.exitcode == TRY_AGAIN


def test_earlier_images_that_are_gone_do_not_keep_the_rest_from_being_judged(
    store: Store, settings: Settings, start: Start
) -> None:
    files = disc_files()
    part = [file for file in files if len(file) > 100_000][:3]
    start(settings)
    first = final(store, queue(store, settings, part))
    assert first.state is State.REFUSED
    shutil.rmtree(store.spool / first.spool)
    rest = [file for file in files if file not in part]
    assert final(store, queue(store, settings, rest)).state in (State.DONE, State.REFUSED)
