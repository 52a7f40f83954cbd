"""Network storage, called as other machines call it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Callable

from pydicom.uid import UID
from pynetdicom import build_context
from pynetdicom.association import Association

from appliance.dicom.header import CT_CLASSES
from appliance.ingest.scp import SECONDARY_CAPTURE
from appliance.phantom.write import unique
from appliance.store import Source
from tests.ingest.network import (
    CT,
    EXPLICIT,
    MR,
    data_sets,
    receiving,
    store,
    write_object,
)

VERIFICATION = "1.2.840.10008.1.1"
SYNTAXES = [
    "1.2.840.10008.1.2",
    EXPLICIT,
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
]

Calling = Callable[..., Association]


def test_every_class_and_syntax_arrives_byte_for_byte(tmp_path: Path) -> None:
    disc = tmp_path / "disc"
    for number, syntax in enumerate(SYNTAXES):
        write_object(disc / str(number), number=number, syntax=syntax)
    for number, sop_class in enumerate((*CT_CLASSES, SECONDARY_CAPTURE), 100):
        write_object(disc / str(number), number=number, sop_class=sop_class)
    with receiving(tmp_path / "store") as receiver:
        assert all(outcome.stored for outcome in receiver.send(disc))
        case = receiver.case()
        assert receiver.files(case) == data_sets(disc.iterdir())
        assert case.source is Source.NETWORK
        folder = receiver.store.spool / case.spool
        assert {re.fullmatch("[0-9a-f]{32}", path.name) is not None for path in folder.iterdir()} == {True}
        assert {meta_syntax(path) for path in folder.iterdir()} == set(SYNTAXES)


def meta_syntax(path: Path) -> str:
    """Transfer syntax in the file meta information, read as any reader does."""
    from pydicom.filereader import read_file_meta_info

    return str(read_file_meta_info(path).TransferSyntaxUID)


def test_a_study_waits_for_its_quiet_time(tmp_path: Path, calling: Calling) -> None:
    first, second = (write_object(tmp_path / str(number), number=number) for number in range(2))
    with receiving(tmp_path / "store", quiet_s=1.5) as receiver:
        association = calling(receiver.server.port)
        assert store(association, first) == 0
        association.release()
        association = calling(receiver.server.port)
        before = time.monotonic()
        assert store(association, second) == 0
        association.release()
        assert len(receiver.files(receiver.case())) == 2
        assert time.monotonic() - before >= 1.5


def test_an_open_association_holds_its_study_for_a_while(tmp_path: Path, calling: Calling) -> None:
    path = write_object(tmp_path / "0")
    with receiving(tmp_path / "store", quiet_s=0.1, open_s=1.5) as receiver:
        association = calling(receiver.server.port)
        before = time.monotonic()
        assert store(association, path) == 0
        receiver.case()
        assert time.monotonic() - before >= 1.5
        assert association.is_established


def test_interleaved_studies_of_one_association_part(tmp_path: Path, calling: Calling) -> None:
    with receiving(tmp_path / "store") as receiver:
        association = calling(receiver.server.port)
        for number in range(3):
            for study in "ab":
                assert store(association, write_object(tmp_path / f"{study}{number}", study, number)) == 0
        association.release()
        found = [set(receiver.files(case)) for case in receiver.cases(2)]
        wanted = [{unique(study, "PHANTOM-1", number) for number in range(3)} for study in "ab"]
        assert sorted(map(sorted, found)) == sorted(map(sorted, wanted))


def test_two_patients_under_one_study_uid_part(tmp_path: Path, calling: Calling) -> None:
    with receiving(tmp_path / "store") as receiver:
        association = calling(receiver.server.port)
        for patient in ("ONE", "TWO"):
            assert store(association, write_object(tmp_path / patient, patient_id=patient)) == 0
        association.release()
        assert [len(receiver.files(case)) for case in receiver.cases(2)] == [1, 1]


def test_several_associations_bring_one_study(tmp_path: Path, calling: Calling) -> None:
    paths = [write_object(tmp_path / str(number), number=number) for number in range(6)]
    with receiving(tmp_path / "store") as receiver:
        associations = [calling(receiver.server.port) for _ in range(3)]
        for number, path in enumerate(paths):
            assert store(associations[number % 3], path) == 0
        # sent again after a failure, as senders do
        assert store(associations[0], paths[5]) == 0
        for association in associations[:2]:
            association.release()
        time.sleep(0.6)
        receiver.intake.tend()
        assert not receiver.complete()
        associations[2].release()
        assert set(receiver.files(receiver.case())) == {unique("study", "PHANTOM-1", number) for number in range(6)}


def test_a_foreign_class_is_refused_in_negotiation(tmp_path: Path, calling: Calling) -> None:
    with receiving(tmp_path / "store") as receiver:
        association = calling(receiver.server.port, build_context(MR, [EXPLICIT]), build_context(CT, [EXPLICIT]))
        assert [context.abstract_syntax for context in association.accepted_contexts] == [CT]
        assert [context.result for context in association.rejected_contexts] == [3]


def test_the_best_of_several_syntaxes_is_taken(tmp_path: Path, calling: Calling) -> None:
    offered = ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2", EXPLICIT]
    with receiving(tmp_path / "store") as receiver:
        association = calling(receiver.server.port, build_context(CT, offered))
        (context,) = association.accepted_contexts
        assert context.transfer_syntax == [UID(EXPLICIT)]
