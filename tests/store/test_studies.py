from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Iterator

import pytest

from appliance.store import Source, State, Store
from appliance.store.studies import Known
from tests.arrivals import MODEL, STUDY, again, arrived, images, received
from tests.verdicts import GREEN, PATIENT, RED, REFUSED


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def test_the_same_images_point_to_the_first_case_and_say_the_same(store: Store) -> None:
    first, known = arrived(store, images(1, 2, 3))
    assert known == Known()
    second, known = arrived(store, images(3, 2, 1))
    assert known == Known(same_as=first.number)
    assert second.same_as is not None and second.same_as.id == first.id
    assert (second.state, second.verdict, second.patient) == (State.DONE, first.verdict, first.patient)
    assert second.to_json()["same_as"] == first.number
    assert again(store, first).superseded_by is None
    third, _ = arrived(store, images(1, 2, 3))
    assert third.same_as is not None and third.same_as.id == first.id, "the first, not another that points to it"


def test_more_images_supersede(store: Store) -> None:
    first, _ = arrived(store, images(1, 2), GREEN)
    second, known = arrived(store, images(1, 2, 3), RED)
    assert known == Known() and second.superseded_by is None
    old = again(store, first).superseded_by
    assert old is not None and old.id == second.id
    assert [link.id for link in store.superseded(second)] == [first.id]
    third, _ = arrived(store, images(1, 2, 3, 4), GREEN)
    assert [link.id for link in store.superseded(third)] == [second.id], "the first points to the second"


def test_the_rest_of_a_study_is_to_be_judged_with_what_came_before(store: Store) -> None:
    first, _ = arrived(store, images(1, 2, 3), REFUSED)
    received(store)
    job = store.jobs.claim()
    assert job is not None
    assert store.studies.identify(job, STUDY, PATIENT.patient_id, images(3, 4), MODEL) == Known(earlier=(first.spool,))
    assert store.studies.identify(job, STUDY, PATIENT.patient_id, images(1, 2, 3, 4), MODEL) == Known()
    assert store.jobs.finish(job, RED)
    third = received(store)
    again_job = store.jobs.claim()
    assert again_job is not None
    known = store.studies.identify(again_job, STUDY, PATIENT.patient_id, images(5), MODEL)
    assert known.earlier == (first.spool, job.spool), "also what was superseded, for its files are still needed"
    assert store.studies.instances(third) == [f"{STUDY}.5"]


def test_a_part_of_a_judged_study_gets_the_answer_of_the_whole(store: Store) -> None:
    first, _ = arrived(store, images(1, 2, 3), RED)
    second, _ = arrived(store, images(1, 2), GREEN)
    assert second.same_as is not None and second.same_as.id == first.id
    assert second.verdict == RED.to_json()
    assert again(store, first).superseded_by is None


def test_some_of_the_images_with_other_headers_are_judged_and_supersede_nothing(store: Store) -> None:
    first, _ = arrived(store, images(1, 2, 3))
    second, known = arrived(store, images(1, 2, header="corrected"))
    assert known == Known() and second.same_as is None
    assert again(store, first).superseded_by is None


def test_another_network_judges_again(store: Store) -> None:
    first, _ = arrived(store, images(1, 2), GREEN)
    second, known = arrived(store, images(1, 2), RED, model="another")
    assert known == Known() and second.same_as is None
    superseded = again(store, first).superseded_by
    assert superseded is not None and superseded.id == second.id


def test_the_same_uids_under_another_patient_take_no_answer_away(store: Store) -> None:
    first, _ = arrived(store, images(1, 2), RED)
    assert GREEN.patient is not None
    other = replace(GREEN, patient=replace(GREEN.patient, patient_id="OTHER"))
    second, known = arrived(store, images(1, 2, header="other"), other)
    assert known == Known() and second.same_as is None
    assert again(store, first).superseded_by is None


def test_a_refused_study_is_judged_again(store: Store) -> None:
    """The refusal said to send it again, and damage does not show in its headers."""
    first, _ = arrived(store, images(1, 2), REFUSED)
    second, known = arrived(store, images(1, 2), RED)
    assert known == Known() and second.state is State.DONE
    assert again(store, first).superseded_by is not None


def test_corrected_headers_are_judged_again(store: Store) -> None:
    first, _ = arrived(store, images(1, 2))
    second, known = arrived(store, images(1, 2, header="corrected"))
    assert known == Known() and second.same_as is None
    assert again(store, first).superseded_by is not None


def test_another_study_is_another(store: Store) -> None:
    first, _ = arrived(store, images(1, 2))
    _, known = arrived(store, images(1, 2, 3), study=STUDY + "7")
    assert known == Known() and again(store, first).superseded_by is None


def test_who_lost_the_job_identifies_nothing(store: Store) -> None:
    first, _ = arrived(store, images(1))
    case = received(store, Source.UPLOAD)
    job = store.jobs.claim()
    assert job is not None and store.jobs.finish(job, RED)
    assert store.studies.identify(job, STUDY, PATIENT.patient_id, images(1), MODEL) == Known()
    assert again(store, case).judged_study_uid is None and store.studies.instances(case) == []
    assert again(store, first).superseded_by is None
