"""Fixtures of the DICOM tests."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterator, List, Optional

import pytest

from appliance.config import Settings
from appliance.dicom.find import Medium
from appliance.dicom.header import ImageHeader
from appliance.dicom.reader import DicomReader
from appliance.dicom.select import Selection, select
from appliance.dicom.series import group
from appliance.dicom.stack import load_stack
from appliance.study import SliceStack


@pytest.fixture(scope="session")
def reader() -> Iterator[DicomReader]:
    """Child processes that read DICOM."""
    with DicomReader(Settings().decode) as opened:
        yield opened


@pytest.fixture()
def headers(reader: DicomReader) -> Callable[[Path], List[ImageHeader]]:
    """Reads the header of every image under a path."""

    def read(path: Path) -> List[ImageHeader]:
        with Medium(path, Settings().ingest) as medium:
            return [image for _, images in reader.headers(medium.files().candidates) for image in images]

    return read


@pytest.fixture()
def selected(headers: Callable[[Path], List[ImageHeader]]) -> Callable[..., Selection]:
    """Selects among what is under a path."""

    def choose(path: Path, study_uid: Optional[str] = None) -> Selection:
        return select(group(headers(path)), study_uid)

    return choose


@pytest.fixture()
def stack(reader: DicomReader, selected: Callable[..., Selection]) -> Callable[[Path], SliceStack]:
    """Decodes the series selected under a path."""

    def load(path: Path) -> SliceStack:
        candidate = selected(path).candidates[0]
        *_, last = load_stack(reader, candidate.geometry, 120, 40)
        assert isinstance(last, SliceStack)
        return last

    return load
