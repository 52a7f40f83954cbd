"""Who may use the page, from the terminal: ``triage people``. Whoever may run it here owns the store anyway."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from typing import Any

from appliance.errors import TriageError
from appliance.store import Store
from appliance.store.people import Person, Role
from appliance.store.terminal import over_the_store


class UnknownPersonError(TriageError):
    """There is no person of this name."""

    code = "unknown_person"
    exit_status = 2


class PasswordInputError(TriageError):
    """No password was typed, or not twice the same."""

    code = "bad_password_input"
    exit_status = 2


def add_commands(commands: Any) -> None:
    """Add these commands to the command line's parser.

    Parameters
    ----------
    commands : argparse._SubParsersAction
        What `argparse.ArgumentParser.add_subparsers` returned.
    """
    people = commands.add_parser("people", help="who may use the page")
    actions = people.add_subparsers(required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="everybody (JSON)")
    added = actions.add_parser(
        "add", help="set up a person, whose password is typed; of a wall screen a code is printed"
    )
    removed = actions.add_parser("remove", help="remove a person")
    reset = actions.add_parser("reset", help="give a new password, and ask for no second factor")
    code = actions.add_parser("code", help="print a code with which a person chooses a password, or a screen begins")
    for parser in (added, removed, reset, code):
        parser.add_argument("name")
    added.add_argument("--role", choices=[role.value for role in Role], default=Role.DOCTOR.value)
    for parser, function in ((listed, _list), (added, _add), (removed, _remove), (reset, _reset), (code, _code)):
        parser.set_defaults(run=over_the_store(function))


def _list(options: argparse.Namespace, store: Store) -> None:
    people = [
        {
            "name": person.name,
            "role": person.role.value,
            "since": person.created_at,
            "has_password": person.has_password,
            "has_second_factor": person.has_factor,
            "sessions": len(store.sessions.of(person)),
        }
        for person in store.people.all()
    ]
    json.dump(people, sys.stdout, ensure_ascii=False, indent=1)
    print()


def _add(options: argparse.Namespace, store: Store) -> None:
    role = Role(options.role)
    if role is Role.KIOSK:
        print(store.codes.make(store.people.add(options.name, role)))
    else:
        store.people.add(options.name, role, _password())


def _remove(options: argparse.Namespace, store: Store) -> None:
    store.people.remove(_person(store, options.name))


def _reset(options: argparse.Namespace, store: Store) -> None:
    person = _person(store, options.name)
    if person.role is Role.KIOSK:
        raise PasswordInputError(f"{person.name} is a wall screen, without a password; see `triage people code`.")
    store.people.set_password(person, _password())
    store.people.clear_factor(person)


def _code(options: argparse.Namespace, store: Store) -> None:
    print(store.codes.make(_person(store, options.name)))


def _person(store: Store, name: str) -> Person:
    person = store.people.named(name)
    if person is None:
        raise UnknownPersonError(f"There is no person {name}; `triage people list` shows those there are.")
    return person


def _password() -> str:
    """Read a password: twice and unseen from a terminal, else the first line of standard input."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = getpass.getpass("New password: ")
        if getpass.getpass("New password, again: ") != password:
            raise PasswordInputError("The two passwords differ; nothing was changed.")
    if not password:
        raise PasswordInputError("No password was given; type one, or send it to standard input.")
    return password
