"""What the appliance remembers, from the terminal: ``triage cases``, ``triage backup`` and ``triage audit``.

Answers are JSON on standard output. They name the patient only where that was asked for.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, List, Optional

from appliance.errors import TriageError
from appliance.store import Act, Case, Store
from appliance.store.retention import purge
from appliance.store.terminal import over_the_store

_ALL = -1


class UnknownCaseError(TriageError):
    """There is no case of this number."""

    code = "unknown_case"
    exit_status = 2


def add_commands(commands: Any) -> None:
    """Add these commands to the command line's parser.

    Parameters
    ----------
    commands : argparse._SubParsersAction
        What `argparse.ArgumentParser.add_subparsers` returned.
    """
    cases = commands.add_parser("cases", help="list, show, export or purge cases (JSON)")
    actions = cases.add_subparsers(required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="all cases, newest first, without their verdicts' details")
    shown = actions.add_parser("show", help="one case with its verdict")
    exported = actions.add_parser("export", help="all that is kept of some cases; of all, if no number is given")
    purged = actions.add_parser("purge", help="remove all that is kept of a case's study, and check it")
    for parser in (listed, shown, exported):
        parser.add_argument("--with-identity", action="store_true", help="name the patients")
    for parser in (shown, purged):
        parser.add_argument("number", type=int, help="of the case")
    exported.add_argument("numbers", type=int, nargs="*", metavar="number", help="of a case")
    for parser, function in ((listed, _list), (shown, _show), (exported, _export), (purged, _purge)):
        parser.set_defaults(run=over_the_store(function))

    backup = commands.add_parser("backup", help="copy the database, also while the appliance runs")
    backup.add_argument("file", type=Path)
    backup.set_defaults(run=over_the_store(_backup))

    audit = commands.add_parser("audit", help="examine the audit trail")
    actions = audit.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="walk the chain of hashes; exit status 1 where it breaks")
    verify.set_defaults(run=over_the_store(_verify))


def _list(options: argparse.Namespace, store: Store) -> int:
    _print([_summary(case, options.with_identity) for case in store.recent(_ALL)])
    return 0


def _show(options: argparse.Namespace, store: Store) -> int:
    case = _case(store, options.number)
    store.audit.record(Act.VIEWED, case.number, case.judged_study_uid)
    _print({**_summary(case, options.with_identity), **case.to_json()})
    return 0


def _export(options: argparse.Namespace, store: Store) -> int:
    cases = [_case(store, number) for number in options.numbers] or store.recent(_ALL)
    for case in cases:
        store.audit.record(Act.EXPORTED, case.number, case.judged_study_uid)
    _print([_whole(store, case, options.with_identity) for case in cases])
    return 0


def _purge(options: argparse.Namespace, store: Store) -> int:
    _print(asdict(purge(store, _case(store, options.number))))
    return 0


def _backup(options: argparse.Namespace, store: Store) -> int:
    store.database.backup(options.file)
    store.audit.record(Act.BACKUP)
    print(options.file)
    return 0


def _verify(options: argparse.Namespace, store: Store) -> int:
    examination = store.audit.verify()
    _print(asdict(examination))
    return 1 if examination.fault else 0


def _case(store: Store, number: int) -> Case:
    case = store.numbered(number)
    if case is None:
        raise UnknownCaseError(f"There is no case {number}; `triage cases list` shows those there are.")
    return case


def _summary(case: Case, with_identity: bool) -> Dict[str, Any]:
    document: Dict[str, Any] = {
        "number": case.number,
        "received": _text(case.created_at),
        "source": case.source.value,
        "state": case.state.value,
        "colour": case.verdict["verdict"] if case.verdict else None,
        "finished": _text(case.finished_at),
        "study_uid": case.judged_study_uid,
        "same_as": case.same_as.number if case.same_as else None,
        "superseded_by": case.superseded_by.number if case.superseded_by else None,
        "photographed": case.photographed,
        "identity_confirmed": ({"at": _text(case.identity.at), "by": case.identity.who} if case.identity else None),
    }
    if with_identity:
        document["patient_as_typed"] = case.identity.patient if case.identity else None
        document["patient"] = asdict(case.patient) if case.patient else None
    return document


def _whole(store: Store, case: Case, with_identity: bool) -> Dict[str, Any]:
    instances: List[str] = store.studies.instances(case)
    return {
        **_summary(case, with_identity),
        **case.to_json(),
        "supersedes": [link.number for link in store.superseded(case)],
        "pixels_removed": _text(case.pixels_removed_at),
        "sop_instance_uids": instances,
        "acknowledged": (
            {"at": _text(case.acknowledged.at), "by": case.acknowledged.who} if case.acknowledged else None
        ),
        "feedback": [
            {"at": _text(given.at), "by": given.who, "colour": given.colour.value, "note": given.note}
            for given in store.feedback.of(case)
        ],
    }


def _text(moment: Optional[datetime]) -> Optional[str]:
    return moment.isoformat() if moment else None


def _print(document: object) -> None:
    json.dump(document, sys.stdout, ensure_ascii=False, indent=1)
    print()
