"""Who took notice of a case, what people themselves saw in it, and what is left of both."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Iterator, List

import pytest

from appliance.config import StoreSettings
from appliance.store import (
    Act,
    Case,
    FeedbackError,
    NoNameError,
    OwnColour,
    PatientNamedError,
    Source,
    Store,
    database,
)
from appliance.store.database import numbered_migrations
from appliance.store.feedback import Outcome
from appliance.store.retention import expire, purge
from tests.arrivals import STUDY, again, arrived, images
from tests.verdicts import GREEN, PATIENT, RED, REFUSED


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store", "test") as opened:
        yield opened


def awaited(store: Store) -> List[int]:
    return [case.number for case in store.acknowledgements.awaited()]


def outcomes(store: Store) -> List[Outcome]:
    now = datetime.now(timezone.utc)
    return store.feedback.outcomes(now - timedelta(hours=1), now + timedelta(hours=1))


def remove_by_age(store: Store) -> None:
    expire(store, StoreSettings(pixels_hours=0, results_days=0))
    expire(store, StoreSettings(pixels_hours=0, results_days=0))
    assert store.recent(-1) == []


def details(store: Store, what: Act) -> List[object]:
    return [json.loads(row["detail"]) for row in store.database.rows("SELECT * FROM audit WHERE what = ?", what.value)]


def test_a_red_case_is_awaited_until_the_first_person_takes_notice(store: Store) -> None:
    red, _ = arrived(store, images(1))
    arrived(store, images(2), GREEN, STUDY + "1")
    arrived(store, images(3), REFUSED, STUDY + "2")
    assert awaited(store) == [red.number] and red.awaited
    assert store.acknowledgements.acknowledge(red, "  Sato \n Ichiro ")
    assert awaited(store) == []
    first = again(store, red).acknowledged
    assert first is not None and first.who == "Sato Ichiro" and not again(store, red).awaited
    assert not store.acknowledgements.acknowledge(red, "Tanaka")
    assert again(store, red).acknowledged == first
    assert details(store, Act.ACKNOWLEDGED) == [{"by": "Sato Ichiro"}]
    assert store.audit.verify().fault is None


def test_an_acknowledgement_is_never_changed(store: Store) -> None:
    red, _ = arrived(store, images(1))
    store.acknowledgements.acknowledge(red, "Sato")
    with pytest.raises(sqlite3.IntegrityError, match="never changed"), store.database.transaction() as connection:
        connection.execute("UPDATE acknowledgements SET who = 'Tanaka'")


@pytest.mark.parametrize("name", ["", " \t\n", "x" * 61, "a\x07b", "a\u202eb"])
def test_nobody_acts_without_a_name(store: Store, name: str) -> None:
    red, _ = arrived(store, images(1))
    with pytest.raises(NoNameError):
        store.acknowledgements.acknowledge(red, name)
    with pytest.raises(NoNameError):
        store.feedback.give(red, "red", "", name)
    assert awaited(store) == [red.number] and store.feedback.of(red) == []


def test_a_refusal_may_be_acknowledged_and_a_green_case_need_not(store: Store) -> None:
    refused, _ = arrived(store, images(1), REFUSED)
    green, _ = arrived(store, images(2), GREEN, STUDY + "1")
    assert store.acknowledgements.acknowledge(refused, "Sato")
    with pytest.raises(ValueError):
        store.acknowledgements.acknowledge(green, "Sato")


def test_what_took_its_place_is_awaited_in_its_place(store: Store) -> None:
    old, _ = arrived(store, images(1))
    new, _ = arrived(store, images(1, 2))
    assert awaited(store) == [new.number] and not again(store, old).awaited


def test_the_same_images_again_are_awaited_once(store: Store) -> None:
    first, _ = arrived(store, images(1))
    same, _ = arrived(store, images(1))
    assert awaited(store) == [first.number]
    store.acknowledgements.acknowledge(same, "Sato")
    assert awaited(store) == []
    assert [case.acknowledged.who for case in store.recent(2) if case.acknowledged] == ["Sato", "Sato"]
    with store.database.transaction() as connection:
        connection.execute("DELETE FROM cases WHERE number = ?", (first.number,))
    assert again(store, same).same_as is None
    assert awaited(store) == [], "nor when the first is removed"
    assert outcomes(store) == []


def test_feedback_keeps_its_history_and_the_newest_counts(store: Store) -> None:
    red, _ = arrived(store, images(1))
    store.feedback.give(red, "yellow", "", "Tanaka")
    store.feedback.give(red, "black", " thin,\r\nleft ", "Sato")
    given = store.feedback.of(red)
    assert [(one.who, one.colour, one.note) for one in given] == [
        ("Sato", OwnColour.BLACK, "thin,\nleft"),
        ("Tanaka", OwnColour.YELLOW, ""),
    ]
    assert [item.own_colour for item in outcomes(store)] == [OwnColour.BLACK]
    assert details(store, Act.FEEDBACK) == [{"by": "Tanaka", "colour": "yellow"}, {"by": "Sato", "colour": "black"}]
    with pytest.raises(sqlite3.IntegrityError, match="never changed"), store.database.transaction() as connection:
        connection.execute("UPDATE feedback SET colour = 'green'")


@pytest.mark.parametrize(("colour", "note"), [("", ""), ("blue", ""), ("red", "x" * 2001)])
def test_feedback_needs_a_colour_and_a_short_note(store: Store, colour: str, note: str) -> None:
    red, _ = arrived(store, images(1))
    with pytest.raises(FeedbackError):
        store.feedback.give(red, colour, note, "Sato")
    assert store.feedback.of(red) == []


@pytest.mark.parametrize("note", ["Frau HANAKO hat", "花子さんの左", "see SIM-0001.", "(mogi)"])
def test_a_note_that_names_the_patient_is_refused(store: Store, note: str) -> None:
    red, _ = arrived(store, images(1))
    with pytest.raises(PatientNamedError):
        store.feedback.give(red, "red", note, "Sato")
    store.feedback.give(red, "red", "Mogigraphie, SIM-00019, 花, 子", "Sato")


def test_feedback_outlives_its_case_without_the_patient(store: Store, tmp_path: Path) -> None:
    red, _ = arrived(store, images(1))
    arrived(store, images(1))
    store.feedback.give(red, "green", "no bleed in the MRI", "Sato")
    before = outcomes(store)
    assert len(before) == 1 and before[0].study_sha256 is not None
    remove_by_age(store)
    assert outcomes(store) == before
    assert [given.note for given in store.feedback.of(red)] == ["no bleed in the MRI"]
    assert store.database.rewrite()
    content = b"".join(path.read_bytes() for path in (tmp_path / "store").glob("cases.sqlite*"))
    for secret in (STUDY, PATIENT.patient_id, "Hanako", "花子", PATIENT.birth_date):
        assert secret.encode() not in content


def test_a_purge_takes_the_feedback_of_the_study_with_it(store: Store, tmp_path: Path) -> None:
    early, _ = arrived(store, images(1))
    other, _ = arrived(store, images(1), study=STUDY + "5")
    store.feedback.give(early, "green", "an early remark", "Sato")
    store.feedback.give(other, "green", "another study", "Sato")
    remove_by_age(store)
    late, _ = arrived(store, images(1))
    store.feedback.give(late, "red", "a late remark", "Sato")
    store.acknowledgements.acknowledge(late, "Sato")
    purge(store, late)
    assert [item.case_number for item in outcomes(store)] == [other.number]
    assert store.feedback.of(late) == store.feedback.of(early) == []
    assert not store.database.rows("SELECT 1 FROM acknowledgements")
    content = b"".join(path.read_bytes() for path in (tmp_path / "store").glob("cases.sqlite*"))
    assert b"remark" not in content and b"another study" in content


def test_outcomes_are_those_of_current_answers(store: Store) -> None:
    arrived(store, images(1), GREEN)
    newer, _ = arrived(store, images(1, 2), RED)
    arrived(store, images(1, 2))
    refused, _ = arrived(store, images(3), REFUSED, STUDY + "1")
    case = store.arrivals.queue(Source.UPLOAD, "failing")
    job = store.jobs.claim()
    assert job is not None and store.jobs.fail(job, "no_dicom", "") and again(store, case).verdict is None
    assert [item.case_number for item in outcomes(store)] == [newer.number, refused.number]
    assert outcomes(store)[0].urgent_probability == 0.94 and outcomes(store)[0].model["version"] == "0.1.0"
    remove_by_age(store)
    assert [item.case_number for item in outcomes(store)] == [newer.number, refused.number]


def test_older_stores_are_carried_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = [(number, script) for number, script in numbered_migrations() if number < 4]
    monkeypatch.setattr(database, "numbered_migrations", lambda: old)
    with Store(tmp_path / "store", "old") as store:
        for verdict in (RED, GREEN, REFUSED):
            with store.database.transaction() as connection:
                connection.execute(
                    "INSERT INTO cases (id, created_at, source, spool, state, verdict, finished_at) "
                    "VALUES (?, ?, 'upload', 'x', 'done', ?, ?)",
                    (verdict.colour.value, "2026-01-01T00:00:00.000+00:00", json.dumps(verdict.to_json()), None),
                )
            store.audit.record(Act.VIEWED, 1)
    monkeypatch.undo()
    with Store(tmp_path / "store", "new") as store:
        rows = store.database.rows("SELECT id, colour FROM cases")
        assert [row["id"] for row in rows] == [row["colour"] for row in rows] and len(rows) == 3
        red: Case = store.acknowledgements.awaited()[0]
        store.acknowledgements.acknowledge(red, "Sato")
        examination = store.audit.verify()
        assert (examination.entries, examination.fault) == (4, None)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"), store.database.transaction() as connection:
            connection.execute("DELETE FROM audit WHERE number = 4")
