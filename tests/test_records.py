"""``triage cases``, ``triage backup`` and ``triage audit``, over a real store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator, Tuple

import pytest

from appliance.cli import main
from appliance.store import Store
from tests.arrivals import arrived, images
from tests.verdicts import PATIENT

Triage = Callable[..., Tuple[int, Any]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def triage(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Triage:
    """Run a command; its exit status, and what it wrote to standard output."""
    monkeypatch.setenv("TRIAGE_STORE_FOLDER", str(tmp_path / "store"))

    def run(*arguments: object) -> Tuple[int, Any]:
        status = main([str(argument) for argument in arguments])
        said = capsys.readouterr().out
        return status, json.loads(said) if said.startswith(("{", "[")) else said

    return run


def test_cases_are_listed_shown_and_exported(store: Store, triage: Triage) -> None:
    arrived(store, images(1, 2))
    arrived(store, images(1, 2, 3))
    arrived(store, images(1, 2, 3))
    status, listed = triage("cases", "list")
    assert status == 0
    assert [(item["number"], item["same_as"], item["superseded_by"]) for item in listed] == [
        (3, 2, None),
        (2, None, None),
        (1, None, 2),
    ]
    status, shown = triage("cases", "show", 2)
    assert status == 0 and shown["verdict"]["verdict"] == "red_black"
    status, exported = triage("cases", "export")
    assert [item["number"] for item in exported] == [3, 2, 1]
    assert exported[1]["supersedes"] == [1] and len(exported[1]["sop_instance_uids"]) == 3
    rows = store.database.rows("SELECT what, who FROM audit WHERE what IN ('viewed', 'exported')")
    assert [row["what"] for row in rows] == ["viewed", "exported", "exported", "exported"]
    assert {row["who"][:14] for row in rows} == {"terminal, user"}


@pytest.mark.parametrize("action", [("list",), ("show", 1), ("export",), ("export", 1)])
def test_the_patient_is_named_only_when_asked_for(store: Store, triage: Triage, action: Tuple[object, ...]) -> None:
    arrived(store, images(1))
    assert PATIENT.patient_id not in json.dumps(triage("cases", *action)[1])
    assert PATIENT.patient_id in json.dumps(triage("cases", *action, "--with-identity")[1])


def test_a_case_is_purged_once(store: Store, triage: Triage) -> None:
    arrived(store, images(1))
    assert triage("cases", "purge", 1) == (0, {"cases": [1], "media": 1})
    assert triage("cases", "list") == (0, [])
    assert triage("cases", "purge", 1)[0] == 2
    assert triage("cases", "show", 1)[0] == 2


def test_a_backup_is_written_and_on_record(store: Store, triage: Triage, tmp_path: Path) -> None:
    arrived(store, images(1))
    assert triage("backup", tmp_path / "copy.sqlite") == (0, f"{tmp_path / 'copy.sqlite'}\n")
    assert (tmp_path / "copy.sqlite").stat().st_size > 10_000
    assert store.database.rows("SELECT 1 FROM audit WHERE what = 'backup'")
    assert triage("backup", tmp_path / "absent" / "copy.sqlite")[0] == 1


def test_the_audit_trail_is_verified(store: Store, triage: Triage, tmp_path: Path) -> None:
    arrived(store, images(1))
    assert triage("audit", "verify") == (0, {"entries": 2, "fault": None})
    (tmp_path / "store" / "audit.head").unlink()
    status, found = triage("audit", "verify")
    assert status == 1 and "audit.head" in found["fault"]


def test_an_export_holds_what_people_said(store: Store, triage: Triage) -> None:
    case, _ = arrived(store, images(1))
    store.acknowledgements.acknowledge(case, "Sato")
    store.feedback.give(case, "green", "one", "Sato")
    store.feedback.give(case, "black", "two", "Tanaka")
    (exported,) = triage("cases", "export")[1]
    assert exported["acknowledged"]["by"] == "Sato" and exported["acknowledged"]["at"] >= exported["finished"]
    given = [(item["by"], item["colour"], item["note"]) for item in exported["feedback"]]
    assert given == [("Tanaka", "black", "two"), ("Sato", "green", "one")]
