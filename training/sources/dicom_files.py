"""DICOM files read as the appliance reads them: the same headers, choice of series, slabs and window."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from appliance.config import Settings
from appliance.dicom.find import Medium
from appliance.dicom.geometry import Geometry, slabs
from appliance.dicom.header import CT_CLASSES, ImageHeader
from appliance.dicom.reader import DicomReader
from appliance.dicom.rules import judgeable_stack
from appliance.dicom.select import select
from appliance.dicom.series import group
from appliance.dicom.stack import load_stack
from appliance.reasons import Reason, ReasonCode, Refused
from appliance.study import SliceStack
from training.prepare import WINDOW_LEVEL, WINDOW_WIDTH

DAYS_A_YEAR = 365.25

_UNITS = {"D": DAYS_A_YEAR, "W": DAYS_A_YEAR / 7, "M": 12.0, "Y": 1.0}


def read_medium(path: Path) -> SliceStack:
    """Read the series that the appliance would judge first.

    Parameters
    ----------
    path : pathlib.Path
        A folder, disc or zip archive with one study.

    Raises
    ------
    Refused
        When nothing on it can be judged, or it holds more than one study that could be.
    TriageError
        When it cannot be read at all.
    """
    settings = Settings()
    with Medium(path, settings.ingest) as medium, DicomReader(settings.decode) as reader:
        images = list(_images(reader, medium.files().candidates))
        if not images:
            raise Refused(Reason(ReasonCode.DAMAGED_HEADER, {"detail": "no image"}))
        selection = select(group(images))
        if not selection.candidates:
            raise Refused(*selection.refusal)
        return _load(reader, selection.candidates[0].geometry)


def read_images(paths: Sequence[Path]) -> tuple[SliceStack, list[list[str]]]:
    """Read the images of one study from which a data set took most of the header: only their geometry is checked.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        One file an image.

    Returns
    -------
    SliceStack
        Slabs of about 5 mm.
    list of list of str
        For each slab the names of the files in it, without their ending.

    Raises
    ------
    Refused
        When the largest series has gaps or no Hounsfield units.
    """
    with DicomReader(Settings().decode) as reader:
        images = list(_images(reader, [str(path) for path in paths]))
        if len(images) < len(paths):
            raise Refused(Reason(ReasonCode.DAMAGED_HEADER, {"detail": f"{len(paths) - len(images)} files"}))
        largest = max((series for study in group(images) for series in study.series), key=lambda item: len(item.images))
        _, geometry, faults = judgeable_stack(largest.images)
        if faults or geometry is None:
            raise Refused(*faults)
        names = [[Path(image.path).stem for image in slab.images] for slab in slabs(geometry)]
        return _load(reader, geometry), names


def first_image(path: Path) -> ImageHeader | None:
    """Read the header of the first CT image on a medium; None where there is none.

    Raises
    ------
    TriageError
        When the medium cannot be read at all.
    """
    settings = Settings()
    with Medium(path, settings.ingest) as medium, DicomReader(settings.decode) as reader:
        images = _images(reader, medium.files().candidates)
        return next((image for image in images if image.sop_class_uid in CT_CLASSES), None)


def headers(paths: Iterable[Path]) -> Iterator[ImageHeader]:
    """Read the headers of many files; one that cannot be read is left out."""
    with DicomReader(Settings().decode) as reader:
        yield from _images(reader, [str(path) for path in paths])


def age_years(image: ImageHeader) -> float | None:
    """Return the age at the time of the study; None where the header does not tell.

    Patient's Age is a number of days, weeks, months or years (PS3.5 section 6.2, AS); without it the dates of birth
    and study tell (PS3.3 sections C.7.1.1 and C.7.2.1).
    """
    stated = re.fullmatch(r"(\d{3})([DWMY])", image.age)
    if stated:
        return int(stated.group(1)) / _UNITS[stated.group(2)]
    born, seen = (re.fullmatch(r"(\d{4})(\d{2})(\d{2})", date) for date in (image.birth_date, image.study_date))
    if not born or not seen:
        return None
    years, months, days = (int(seen.group(i)) - int(born.group(i)) for i in (1, 2, 3))
    return years + months / 12 + days / DAYS_A_YEAR


def _images(reader: DicomReader, paths: Sequence[str]) -> Iterator[ImageHeader]:
    for _, images in reader.headers(paths):
        yield from images


def _load(reader: DicomReader, geometry: Geometry) -> SliceStack:
    for item in load_stack(reader, geometry, WINDOW_WIDTH, WINDOW_LEVEL):
        if isinstance(item, SliceStack):
            return item
    raise Refused(Reason(ReasonCode.DAMAGED_PIXELS, {"detail": "no image"}))
