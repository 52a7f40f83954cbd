"""Archives and names that were made to do harm: each is refused with a typed sentence or read safely, as an upload and
on a stick.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Union

import pytest

from appliance.config import IngestSettings
from appliance.dicom.find import Medium
from appliance.errors import TriageError
from appliance.ingest.folder import ingest_folder
from appliance.ingest.spool import medium_path, take_in
from appliance.store import MediumState, Source, Store
from tests.ingest.hostile import OUTSIDE, TABLE, Row, links
from tests.ingest.media import Bench

pytestmark = pytest.mark.slow  # one Python is enough

LIMITS = IngestSettings()
ARCHIVES = [pytest.param(row, id=row.kind) for row in TABLE if row.archive]
FOLDERS = [pytest.param(row, id=row.kind) for row in TABLE if row.folder]


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Whatever comes in, no file appears outside the store, and what was unpacked goes away."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield
    assert list(temporary.iterdir()) == []
    assert not os.path.lexists(OUTSIDE)
    assert {path.name for path in tmp_path.iterdir()} <= {"tmp", "store", "drive", "stick", "a.zip"}


def slices(path: Path) -> Union[int, str]:
    """How many slices are found under a path, or the code of the refusal."""
    try:
        with Medium(path, LIMITS) as medium:
            found = medium.files()
            return sum(os.path.getsize(name) > 100_000 for name in found.candidates)
    except TriageError as error:
        assert error.message.endswith(".") and "\n" not in error.message
        return error.code


@pytest.mark.parametrize("row", ARCHIVES)
def test_an_archive(row: Row, tmp_path: Path) -> None:
    assert row.archive is not None
    (tmp_path / "a.zip").write_bytes(row.archive())
    assert slices(tmp_path / "a.zip") == row.expected


@pytest.mark.parametrize("row", ARCHIVES)
def test_an_archive_that_is_uploaded(row: Row, tmp_path: Path) -> None:
    assert row.archive is not None
    with Store(tmp_path / "store") as store:
        case = take_in(store, LIMITS, [[row.archive()]], Source.UPLOAD)
        assert slices(medium_path(store, case.spool)) == row.expected


@pytest.mark.parametrize("row", FOLDERS)
def test_a_folder(row: Row, tmp_path: Path) -> None:
    assert row.folder is not None
    (tmp_path / "stick").mkdir()
    row.folder(tmp_path / "stick")
    assert slices(tmp_path / "stick") == row.expected


@pytest.mark.parametrize("row", [pytest.param(row, id=row.kind) for row in TABLE])
def test_a_stick(row: Row, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    stick = bench.drive.folder / "stick"
    stick.mkdir()
    if row.folder:
        row.folder(stick)
    elif row.archive:
        (stick / "a.zip").write_bytes(row.archive())
    found = bench.look()
    if isinstance(row.expected, str):
        assert (found.state, found.error_code) == (MediumState.REFUSED, row.expected)
        assert bench.spooled() == 0
    else:
        assert found.state is MediumState.READ
        assert slices(medium_path(bench.store, bench.case(found).spool)) == row.expected
    bench.store.close()


def test_100_000_empty_files_as_an_upload(tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        with pytest.raises(TriageError) as caught:
            take_in(store, LIMITS, ([] for _ in range(100_000)), Source.UPLOAD)
        assert caught.value.code == "upload_too_large"
        assert list(store.spool.iterdir()) == []


def test_a_folder_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    links(tmp_path / "stick")
    os.mkfifo(tmp_path / "stick" / "pipe")
    with Store(tmp_path / "store") as store:
        case = ingest_folder(store, LIMITS, tmp_path / "stick", Source.DEMO)
        assert slices(medium_path(store, case.spool)) == 2
