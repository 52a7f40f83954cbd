from __future__ import annotations

import errno
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Iterator, List

import pytest

from appliance.config import IngestSettings
from appliance.errors import DiskFullError
from appliance.ingest.folder import ingest_folder
from appliance.ingest.spool import (
    EmptyUploadError,
    UploadTooLargeError,
    medium_path,
    take_in,
)
from appliance.store import Source, State, Store

LIMITS = IngestSettings(max_files=10, max_mb=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        opened.writestr("../../IM0", b"x" * 100)
    return content.getvalue()


def test_files_lie_flat_under_names_of_ours(store: Store) -> None:
    case = take_in(store, LIMITS, [[b"one", b" file"], [b"another"]], Source.UPLOAD)
    folder = medium_path(store, case.spool)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "000001": b"one file",
        "000002": b"another",
    }
    assert case.state is State.QUEUED


def test_a_zip_alone_stays_one(store: Store) -> None:
    content = archive()
    case = take_in(store, LIMITS, [[content[:50], content[50:]]], Source.UPLOAD)
    path = medium_path(store, case.spool)
    assert zipfile.is_zipfile(path) and path.read_bytes() == content


def test_a_zip_among_files_is_one_of_them(store: Store) -> None:
    case = take_in(store, LIMITS, [[archive()], [b"a file"]], Source.UPLOAD)
    assert len(list(medium_path(store, case.spool).iterdir())) == 2


def test_empty_files_are_left_out(store: Store) -> None:
    case = take_in(store, LIMITS, [[], [b"content"], [b""]], Source.UPLOAD)
    assert [path.read_bytes() for path in medium_path(store, case.spool).iterdir()] == [b"content"]


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ([], EmptyUploadError),
        ([[], [b""]], EmptyUploadError),
        ([[b"x"]] * 11, UploadTooLargeError),
        ([[b"x" * 600_000]] * 2, UploadTooLargeError),
    ],
)
def test_what_cannot_be_kept_is_refused_and_leaves_nothing(store: Store, files: List[List[bytes]], error: type) -> None:
    with pytest.raises(error):
        take_in(store, LIMITS, files, Source.UPLOAD)
    assert list(store.spool.iterdir()) == []
    assert store.recent(1) == []


def test_the_limit_itself_is_allowed(store: Store) -> None:
    case = take_in(store, LIMITS, [[b"x" * 100_000]] * 10, Source.UPLOAD)
    assert len(list(medium_path(store, case.spool).iterdir())) == 10


def test_no_more_is_read_than_may_come_in(store: Store) -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 100_000
            yield b"x" * 100_000

    with pytest.raises(UploadTooLargeError):
        take_in(store, LIMITS, [endless()], Source.UPLOAD)
    assert read <= 1_100_000


def broken(error: OSError) -> Iterator[bytes]:
    yield b"the beginning"
    raise error


def test_a_full_disk_has_a_sentence(store: Store) -> None:
    with pytest.raises(DiskFullError):
        take_in(store, LIMITS, [broken(OSError(errno.ENOSPC, "No space left on device"))], Source.UPLOAD)
    assert list(store.spool.iterdir()) == []


def test_a_broken_line_leaves_nothing(store: Store) -> None:
    with pytest.raises(ConnectionResetError):
        take_in(store, LIMITS, [broken(ConnectionResetError())], Source.UPLOAD)
    assert list(store.spool.iterdir()) == []


def test_a_nearly_full_disk_takes_nothing_in(store: Store) -> None:
    with pytest.raises(DiskFullError):
        take_in(store, replace(LIMITS, min_free_mb=10**9), [[b"a file"]], Source.UPLOAD)
    assert list(store.spool.iterdir()) == [] and store.recent(1) == []


def test_what_is_coming_in_stays_when_another_part_starts(store: Store) -> None:
    def interrupted() -> Iterator[bytes]:
        yield b"half"
        store.recover()
        yield b" and half"

    case = take_in(store, LIMITS, [interrupted()], Source.UPLOAD)
    assert (medium_path(store, case.spool) / "000001").read_bytes() == b"half and half"
    assert list(store.temporary.iterdir()) == []


def test_a_folder_comes_in_without_its_links(store: Store, tmp_path: Path) -> None:
    disc = tmp_path / "disc"
    (disc / "DICOM" / "A").mkdir(parents=True)
    (disc / "DICOM" / "A" / "IM0").write_bytes(b"slice 0")
    (disc / "DICOM" / "IM1").write_bytes(b"slice 1")
    (tmp_path / "secret").write_bytes(b"secret")
    (disc / "link").symlink_to(tmp_path / "secret")
    case = ingest_folder(store, LIMITS, disc, Source.DEMO)
    kept = [path.read_bytes() for path in sorted(medium_path(store, case.spool).iterdir())]
    assert kept == [b"slice 0", b"slice 1"]
    assert case.source is Source.DEMO
