"""``triage send`` as a user runs it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Iterator

import pytest
from pynetdicom import AE, evt

import appliance
from tests.ingest.network import CT, PATIENCE_S, Receiver, data_sets, free_port, receiving, write_object, write_study

DIRECTORY = "1.2.840.10008.1.3.10"
IMPLICIT = "1.2.840.10008.1.2"


def send(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "appliance.cli", "send", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=Path(appliance.__file__).parents[1])


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path / "store", calling_ae_titles=("SCANNER",)) as opened:
        yield opened


def test_a_zip_of_a_disc_is_sent_without_its_directory(tmp_path: Path, receiver: Receiver) -> None:
    disc = write_study(tmp_path / "disc", numbers=range(2))
    write_study(disc, "jpeg", [7], syntax="1.2.840.10008.1.2.4.70")
    sent = data_sets(disc.iterdir())
    write_object(disc / "DICOMDIR", number=9, sop_class=DIRECTORY)
    (disc / "README").write_text("no image")
    with zipfile.ZipFile(tmp_path / "disc.zip", "w") as archive:
        for path in disc.iterdir():
            archive.write(path, f"DISC/{path.name}")
    address = ("127.0.0.1", receiver.server.port, "--called-ae", "TRIAGE", "--calling-ae", "SCANNER")
    done = send(tmp_path / "disc.zip", *address)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3 of 3 objects stored at TRIAGE\n", "")
    received = {uid: content for case in receiver.cases(2) for uid, content in receiver.files(case).items()}
    assert received == sent


def test_a_title_that_is_refused_has_a_sentence(tmp_path: Path, receiver: Receiver) -> None:
    done = send(write_object(tmp_path / "0"), "127.0.0.1", receiver.server.port, "--calling-ae", "STRANGER")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1 and "AE titles" in done.stderr


@pytest.mark.parametrize(("name", "status"), [("image", 1), ("empty", 4), ("absent", 2)])
def test_exit_status_where_nothing_can_be_sent(tmp_path: Path, name: str, status: int) -> None:
    """Nobody listens; no DICOM; no such path."""
    write_object(tmp_path / "image")
    (tmp_path / "empty").mkdir()
    done = send(tmp_path / name, "127.0.0.1", free_port())
    assert (done.returncode, done.stdout) == (status, "")
    assert len(done.stderr.splitlines()) == 1


def test_what_the_other_side_does_not_take_is_named(tmp_path: Path) -> None:
    """One object in a syntax that is refused, one that is refused itself, one that is stored."""
    refused = write_object(tmp_path / "disc" / "refused", number=1, syntax=IMPLICIT)
    (refused_uid,) = data_sets([refused])
    write_object(tmp_path / "disc" / "stored", number=0, syntax=IMPLICIT)
    write_object(tmp_path / "disc" / "jpeg", number=2, syntax="1.2.840.10008.1.2.4.70")

    def answer(event: evt.Event) -> int:
        return 0xC001 if event.request.AffectedSOPInstanceUID == refused_uid else 0xB000

    entity = AE("PACS")
    entity.acse_timeout = entity.network_timeout = PATIENCE_S
    entity.add_supported_context(CT, [IMPLICIT])
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, answer)])
    try:
        done = send(tmp_path / "disc", "127.0.0.1", server.server_address[1], "--called-ae", "PACS")
    finally:
        server.shutdown()
    assert (done.returncode, done.stdout) == (1, "1 of 3 objects stored at PACS\n"), done.stderr
    assert "jpeg: the other side does not take" in done.stderr
    assert "refused: the other side answers with status C001" in done.stderr
