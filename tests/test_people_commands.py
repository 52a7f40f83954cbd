"""``triage people``, over a real store."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any, Callable, Iterator, Tuple

import pytest

from appliance.cli import main
from appliance.store import Store
from appliance.store.people import Role

PASSWORD = "correct horse battery staple"
Triage = Callable[..., Tuple[int, str, str]]


@pytest.fixture
def store(tmp_path: Path, quick_hashing: None) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def triage(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Triage:
    """Run a command with a standard input; its exit status, and what it said."""
    monkeypatch.setenv("TRIAGE_STORE_FOLDER", str(tmp_path / "store"))

    def run(*arguments: str, given: str = "") -> Tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        status = main(["people", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_people_are_set_up_listed_and_removed(store: Store, triage: Triage) -> None:
    assert triage("add", "tanaka", "--role", "administrator", given=PASSWORD + "\n") == (0, "", "")
    assert triage("add", "sato", given=PASSWORD) == (0, "", "")
    status, code, _ = triage("add", "wall", "--role", "kiosk")
    found = store.codes.find(code)
    assert status == 0 and found is not None and found.person == store.people.named("wall")
    listed = json.loads(triage("list")[1])
    assert [(one["name"], one["role"], one["has_password"]) for one in listed] == [
        ("sato", "doctor", True),
        ("tanaka", "administrator", True),
        ("wall", "kiosk", False),
    ]
    assert triage("remove", "sato")[0] == 0 and store.people.named("sato") is None
    assert triage("remove", "tanaka")[0] == 2, "the last administrator"
    rows = store.database.rows("SELECT who FROM audit WHERE what = 'people'")
    assert {row["who"][:14] for row in rows} == {"terminal, user"}


@pytest.mark.parametrize("given", ["", "\n", "password1234\n", "short\n"])
def test_a_password_that_is_refused_sets_up_nobody(store: Store, triage: Triage, given: str) -> None:
    status, _, complaint = triage("add", "sato", given=given)
    assert status == 2 and complaint.startswith("triage: ") and len(complaint.splitlines()) == 1
    assert store.people.all() == []


def test_a_forgotten_password_and_a_lost_telephone(store: Store, triage: Triage) -> None:
    sato = store.people.add("sato", Role.DOCTOR, "quite another battery staple")
    store.sessions.begin(sato, "browser")
    assert triage("reset", "sato", given=PASSWORD)[0] == 0
    assert store.people.check("sato", PASSWORD) == sato and store.sessions.of(sato) == []
    assert triage("reset", "nobody", given=PASSWORD)[0] == 2
    store.people.add("wall", Role.KIOSK)
    assert triage("reset", "wall", given=PASSWORD)[0] == 2


def test_a_code_is_printed(store: Store, triage: Triage) -> None:
    sato = store.people.add("sato", Role.DOCTOR)
    status, code, _ = triage("code", "sato")
    found = store.codes.find(code)
    assert status == 0 and found is not None and found.person == sato
    assert triage("code", "nobody")[0] == 2


def test_a_password_is_no_argument(triage: Triage) -> None:
    with pytest.raises(SystemExit):
        triage("add", "sato", PASSWORD)
    with pytest.raises(SystemExit):
        triage("add", "sato", "--password", PASSWORD)


def test_at_a_terminal_it_is_typed_twice_and_unseen(
    store: Store, triage: Triage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    typed = iter([PASSWORD, PASSWORD, PASSWORD, "another"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    monkeypatch.setattr(io, "StringIO", Terminal)
    assert triage("add", "sato")[0] == 0
    assert triage("reset", "sato")[0] == 2, "they differ"
