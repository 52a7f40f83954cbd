"""What network storage refuses, and what does not harm it."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import Any, Callable, Optional

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_context
from pynetdicom.association import Association

from appliance.config import IngestSettings, ScpSettings
from appliance.errors import ConfigError
from appliance.ingest.intake import Intake, IntakeInUseError
from appliance.ingest.scp import PortInUseError, StorageServer
from appliance.phantom.write import unique
from appliance.store import Source, State, Store
from tests.disks import fill, read_only, small_disk
from tests.ingest.network import (
    PATIENCE_S,
    data_sets,
    receiving,
    store,
    write_object,
    write_study,
)
from tests.running import wait_for

pytestmark = pytest.mark.slow  # one Python is enough

VERIFICATION = "1.2.840.10008.1.1"
Calling = Callable[..., Association]


def send_raw(association: Association, path: Path) -> Optional[int]:
    """Send a file's bytes as they are."""
    from pynetdicom import _config

    before = _config.STORE_SEND_CHUNKED_DATASET
    _config.STORE_SEND_CHUNKED_DATASET = True
    try:
        return store(association, path)
    finally:
        _config.STORE_SEND_CHUNKED_DATASET = before


def test_only_titles_on_the_list_may_send(tmp_path: Path, calling: Calling) -> None:
    verification = build_context(VERIFICATION)
    with receiving(tmp_path / "store", calling_ae_titles=("SCANNER", "PACS"), check_called=True) as receiver:
        port = receiver.server.port
        assert calling(port, verification, title="STRANGER").is_rejected
        assert calling(port, verification, called="ELSEWHERE").is_rejected
        accepted = calling(port, verification, title="PACS")
        assert accepted.is_established
        assert accepted.send_c_echo().Status == 0


def test_more_associations_than_allowed_are_rejected(tmp_path: Path, calling: Calling) -> None:
    with receiving(tmp_path / "store", max_associations=2) as receiver:
        first = calling(receiver.server.port)
        assert first.is_established and calling(receiver.server.port).is_established
        assert calling(receiver.server.port).is_rejected
        first.release()
        wait_for(lambda: calling(receiver.server.port).is_established)


def test_an_object_that_names_no_study_is_not_understood(tmp_path: Path, calling: Calling) -> None:
    whole = write_object(tmp_path / "whole")
    content = whole.read_bytes()
    (start,) = (len(content) - len(found) for found in data_sets([whole]).values())
    cut = tmp_path / "cut"
    cut.write_bytes(content[: start + 60])
    noise = tmp_path / "noise"
    noise.write_bytes(content[:start] + bytes(range(7, 207)) * 5)
    with receiving(tmp_path / "store") as receiver:
        association = calling(receiver.server.port)
        assert send_raw(association, cut) == 0xC000
        assert send_raw(association, noise) == 0xC000
        assert send_raw(association, whole) == 0


def test_an_object_other_than_announced_is_refused(tmp_path: Path, calling: Calling) -> None:
    path = write_object(tmp_path / "0")
    uid = unique("study", "PHANTOM-1", 0).encode()
    other = tmp_path / "1"
    # the first is in the file meta information, which is what the sender announces
    other.write_bytes(path.read_bytes().replace(uid, uid[:-1] + (b"1" if uid[-1:] != b"1" else b"2"), 1))
    with receiving(tmp_path / "store") as receiver:
        assert send_raw(calling(receiver.server.port), other) == 0xA900


def test_an_object_beyond_the_limit_is_cut_off(tmp_path: Path, calling: Calling) -> None:
    large = write_object(tmp_path / "large", size=1024)
    small = write_object(tmp_path / "small", number=1)
    with receiving(tmp_path / "store", max_object_mb=1) as receiver:
        assert store(calling(receiver.server.port), large) is None
        assert store(calling(receiver.server.port), small) == 0


def test_many_objects_together_beyond_it_are_not(tmp_path: Path, calling: Calling) -> None:
    path = write_object(tmp_path / "0", size=512)
    with receiving(tmp_path / "store", max_object_mb=1) as receiver:
        association = calling(receiver.server.port)
        assert [store(association, path) for _ in range(4)] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "limits", [IngestSettings(min_free_mb=1 << 40), IngestSettings(min_free_mb=1, max_mb=0)], ids=["disk", "study"]
)
def test_no_room_is_out_of_resources(tmp_path: Path, calling: Calling, limits: IngestSettings) -> None:
    path = write_object(tmp_path / "0")
    with receiving(tmp_path / "store", limits) as receiver:
        assert store(calling(receiver.server.port), path) == 0xA700
        assert [item for item in receiver.store.network.rglob("*") if item.is_file()] == [
            receiver.store.network / ".lock"
        ]


def test_the_floor_holds_for_every_image(tmp_path: Path, calling: Calling) -> None:
    images = [write_object(tmp_path / str(number), number=number) for number in range(3)]
    with small_disk(tmp_path / "disk", 16) as disk, receiving(
        disk / "store", IngestSettings(min_free_mb=4)
    ) as receiver:
        association = calling(receiver.server.port)
        assert store(association, images[0]) == 0
        ballast = fill(disk, keep=2_000_000)
        assert store(association, images[1]) == 0xA700
        ballast.unlink()
        assert store(association, images[2]) == 0


def test_only_the_beginning_of_an_object_is_looked_at(tmp_path: Path, calling: Calling) -> None:
    """A sequence of a million empty items would keep the process busy for seconds."""
    dataset = pydicom.dcmread(write_object(tmp_path / "0"))
    dataset.ReferencedImageSequence = [Dataset() for _ in range(60_000)]
    dataset.save_as(tmp_path / "hostile")
    with receiving(tmp_path / "store") as receiver:
        association = calling(receiver.server.port)
        assert store(association, tmp_path / "hostile") == 0xC000
        assert store(association, tmp_path / "0") == 0


def test_a_study_that_cannot_be_handed_over_keeps_no_other(tmp_path: Path) -> None:
    stuck, other = write_study(tmp_path / "a", "stuck"), write_study(tmp_path / "b", "other")
    with receiving(tmp_path / "store", quiet_s=0.5) as receiver:
        receiver.send(stuck)
        (folder,) = (path for path in receiver.store.network.iterdir() if path.is_dir())
        with read_only(folder):  # a mount point cannot be moved
            receiver.send(other)
            wait_for(receiver.complete)
            assert len(receiver.complete()) == 1
        receiver.intake._complete = dict.fromkeys(receiver.intake._complete, 0.0)  # ten seconds later
        assert len(receiver.cases(2)) == 2


@pytest.mark.slow
def test_a_silent_or_senseless_peer_stops_nobody(tmp_path: Path, calling: Calling) -> None:
    with receiving(tmp_path / "store") as receiver:
        address = ("127.0.0.1", receiver.server.port)
        with socket.create_connection(address), socket.create_connection(address, PATIENCE_S) as greedy:
            greedy.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFFFF) + bytes(1000))
            assert calling(receiver.server.port).is_established
            assert closed(greedy)


def closed(connection: socket.socket) -> bool:
    """Whether the other side ends it, politely or not."""
    try:
        while connection.recv(100):
            pass
    except ConnectionResetError:
        pass
    return True


def test_one_process_at_a_time_receives_into_a_store(tmp_path: Path) -> None:
    with receiving(tmp_path / "store") as receiver:
        with Store(tmp_path / "store") as again, pytest.raises(IntakeInUseError):
            Intake(again, ScpSettings(), IngestSettings()).__enter__()
        with pytest.raises(PortInUseError):
            StorageServer(ScpSettings(port=receiver.server.port), receiver.intake)


@pytest.mark.parametrize(
    "settings",
    [{"ae_title": "LONGER-THAN-16-LETTERS"}, {"tls_key": Path("absent")}, {"tls_certificate": Path("absent")}],
)
def test_settings_that_cannot_be_used(tmp_path: Path, settings: Any) -> None:
    with pytest.raises(ConfigError), receiving(tmp_path / "store", **settings):
        pass


def test_a_study_that_was_being_handed_over_is_handed_over(tmp_path: Path) -> None:
    """The crash fell between the last image and the spool."""
    with Store(tmp_path / "store") as opened:
        left = opened.spool / "network-0123-4567"
        opened.arrivals.announce(Source.NETWORK, left.name)
        write_object(left / "0")
    with receiving(tmp_path / "store", quiet_s=3600) as receiver:
        receiver.intake.tend()
        assert receiver.case().state is State.QUEUED
        assert len(receiver.files(receiver.case())) == 1
