"""What may come on a medium."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Callable, List

import pytest

from appliance.config import IngestSettings
from appliance.dicom.find import Medium
from appliance.dicom.header import ImageHeader
from appliance.errors import ArchiveError, NoDicomError, UnreadablePathError
from appliance.phantom.dicomise import write_series
from appliance.phantom.disc import DiscOptions, write_disc
from tests.simulated import options, volume

LIMITS = IngestSettings()


def found(path: Path, limits: IngestSettings = LIMITS) -> int:
    """How many candidates a medium holds."""
    with Medium(path, limits) as medium:
        return len(medium.files().candidates)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> List[Path]:
    """A series."""
    return write_series(tmp_path_factory.mktemp("files"), volume(), options())


def test_zip_is_unpacked_and_removed(files: List[Path], tmp_path: Path) -> None:
    """Names in the archive, among them those that would lead out of the folder, are not used."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for number, path in enumerate(files):
            opened.write(path, f"../../{number}" if number % 2 else f"/etc/{number}")
    with Medium(archive, LIMITS) as medium:
        candidates = medium.files().candidates
        assert len(candidates) == len(files)
        folder = Path(candidates[0]).parent
        assert folder.exists() and all(Path(path).parent == folder for path in candidates)
    assert not folder.exists()


def test_zip_bomb_is_refused(tmp_path: Path) -> None:
    """A megabyte that unpacks to a gigabyte is no study."""
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("x", bytes(50_000_000))
    with pytest.raises(ArchiveError):
        found(archive)


def test_zip_larger_than_the_limit_is_refused(files: List[Path], tmp_path: Path) -> None:
    """What is unpacked is counted, not what the directory of the archive claims."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for path in files:
            opened.write(path, path.name)
    with pytest.raises(ArchiveError):
        found(archive, replace(LIMITS, max_mb=1))
    with pytest.raises(ArchiveError):
        found(archive, replace(LIMITS, max_files=3))


def test_damaged_zip(files: List[Path], tmp_path: Path) -> None:
    """A sentence, not a traceback."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in files:
            opened.write(path, path.name)
    data = bytearray(archive.read_bytes())
    data[5000:6000] = bytes(1000)
    archive.write_bytes(data)
    with pytest.raises(ArchiveError):
        found(archive)


def test_name_that_does_not_decode(tmp_path: Path) -> None:
    """An archive with a broken name is damaged, not a crash."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("\u3042", b"x")
    archive.write_bytes(archive.read_bytes().replace("\u3042".encode(), b"\xff\xfe\xfd"))
    with pytest.raises(ArchiveError):
        found(archive)


def test_links_are_not_followed(files: List[Path], tmp_path: Path) -> None:
    """A disc cannot point outside itself."""
    os.symlink(files[0], tmp_path / "link")
    os.symlink(files[0].parent, tmp_path / "folder")
    with pytest.raises(NoDicomError):
        found(tmp_path)


def test_too_many_files(files: List[Path]) -> None:
    """A home folder is no disc."""
    with pytest.raises(UnreadablePathError):
        found(files[0].parent, replace(LIMITS, max_files=10))


def test_file_without_preamble_is_found(
    files: List[Path], tmp_path: Path, headers: Callable[[Path], List[ImageHeader]]
) -> None:
    """Old archives strip the preamble."""
    (tmp_path / "stripped").write_bytes(files[0].read_bytes()[132:])
    (image,) = headers(tmp_path)
    assert image.modality == "CT" and image.rows == volume().shape[1]


def test_directory_that_names_absent_files(tmp_path: Path) -> None:
    """The DICOMDIR tells how many files the disc has lost; what is there is read all the same."""
    from appliance.dicom.directory import missing_files

    disc = write_disc(tmp_path / "disc", DiscOptions(rows=64, bone_mm=None, others=False))
    assert missing_files(str(disc.dicomdir)) == 0
    for path in disc.series["soft"][:3]:
        path.unlink()
    assert missing_files(str(disc.dicomdir)) == 3
    disc.dicomdir.write_bytes(disc.dicomdir.read_bytes()[:600])
    assert missing_files(str(disc.dicomdir)) == 0
    assert found(disc.folder) == len(disc.series["soft"]) - 3 + 1
