"""Single slices from anywhere are found and framed, and what is no head CT in a brain window is refused."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import List, Tuple

import cv2
import numpy as np
import pydicom
import pytest

from appliance.camera.pictures import read_picture
from appliance.dicom.stack import window
from appliance.imaging.single import SinglePicture, open_picture
from appliance.phantom.head import Bleed, BleedKind, Head, Side
from appliance.reasons import ReasonCode, Refused
from tests.not_heads import not_heads
from tests.pictures import CHANGES, OutsidePicture, hounsfield_of, outside_picture
from tests.simulated import volume

pytestmark = pytest.mark.slow  # pictures and numbers: one Python is enough

BLEEDS = (
    Bleed(BleedKind.EPIDURAL, Side.LEFT, 150.0, 75.0),
    Bleed(BleedKind.INTRAPARENCHYMAL, Side.RIGHT, 100.0, 75.0),
)
REPEATS = 6


@pytest.fixture(scope="module")
def simulated() -> List[np.ndarray]:
    """Slices of two simulated heads with large bleeds, from the base of the brain to below the vertex."""
    return [
        np.asarray(volume(bleed=bleed, head=Head(seed=seed))[index])
        for seed, bleed in enumerate(BLEEDS)
        for index in range(6, 25, 3)
    ]


@pytest.fixture(scope="module")
def real(shared_data: Path) -> List[np.ndarray]:
    """Slices of the real GE head, and of patients of CT-ICH, that show brain."""
    scan = []
    for path in sorted((shared_data / "dicom" / "ge_head_ct").iterdir()):
        data = pydicom.dcmread(path)
        values = data.pixel_array.astype(np.float32) * float(data.RescaleSlope) + float(data.RescaleIntercept)
        scan.append((float(data.ImagePositionPatient[2]), values))
    slices = [values for _, values in sorted(scan, key=lambda item: item[0])][8:24:2]
    for patient in (52, 70, 85, 100, 113):
        paths = sorted((shared_data / "ct_ich" / "images" / f"{patient:03d}").iterdir())
        middle = range(len(paths) // 2, 4 * len(paths) // 5, 3)
        slices += [hounsfield_of(cv2.imread(str(paths[index]), cv2.IMREAD_GRAYSCALE)) for index in middle]
    return slices


def opened(outside: OutsidePicture, folder: Path) -> SinglePicture:
    """What the appliance finds in the picture as a file."""
    path = folder / "picture.png"
    cv2.imwrite(str(path), outside.pixels)
    return open_picture(read_picture(path))


def well_framed(found: SinglePicture, truth: OutsidePicture) -> bool:
    """Whether centre and length are those of the head, to 5 % and 10 % of its length."""
    x, y = found.head.centre[0] + found.offset[0], found.head.centre[1] + found.offset[1]
    away = np.hypot(x - truth.centre[0], y - truth.centre[1])
    return bool(away <= 0.05 * truth.length and abs(found.head.length / truth.length - 1) <= 0.1)


def tally(slices: List[np.ndarray], folder: Path) -> Tuple[List[str], List[str]]:
    """Refused and badly framed pictures, by their change and seed."""
    refused, astray = [], []
    for number in range(REPEATS * len(CHANGES)):
        change = CHANGES[number % len(CHANGES)]
        second = CHANGES[1 + (7 * number) % (len(CHANGES) - 1)] if number >= (REPEATS - 1) * len(CHANGES) else change
        outside = outside_picture(slices[(5 * number) % len(slices)], {change, second}, number)
        found = opened(outside, folder)
        if found.refusal:
            refused.append(f"{change}, {second}: {number}")
        if not well_framed(found, outside):
            astray.append(f"{change}, {second}: {number}")
    return refused, astray


@pytest.mark.parametrize("source", ["simulated", "real"])
def test_outside_pictures_are_judged_and_framed(source: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """At most 5 % are refused and at most 5 % badly framed, whatever was done to them."""
    refused, astray = tally(request.getfixturevalue(source), tmp_path)
    assert len(refused) <= 0.05 * REPEATS * len(CHANGES), refused
    assert len(astray) <= 0.05 * REPEATS * len(CHANGES), astray


@pytest.mark.parametrize("seed", range(3))
def test_what_is_no_head_is_refused(seed: int, tmp_path: Path) -> None:
    """Blank, noise, colour photograph, text, trunk."""
    for name, picture in not_heads(seed, (400, 200, 640)[seed]).items():
        path = tmp_path / f"{name}.png"
        cv2.imwrite(str(path), picture)
        try:
            refusal = open_picture(read_picture(path)).refusal
        except Refused as refused:
            refusal = refused.reasons[0]
        assert refusal is not None, name


@pytest.mark.parametrize("width_level", [(1500, 300), (2000, 500), (4000, 700)])
def test_a_bone_window_is_refused(width_level: Tuple[int, int]) -> None:
    """Brain without contrast cannot be judged, and nearly always the reason says so."""
    slices = window(np.ascontiguousarray(volume(bleed=None)[6:25:2]), *width_level)
    found = [open_picture(picture).refusal for picture in slices]
    assert all(found)
    assert sum(reason.code is ReasonCode.PHOTO_NOT_BRAIN_WINDOW for reason in found if reason) >= 0.8 * len(found)


def test_every_bleeding_slice_is_judged_and_the_neck_is_not(shared_data: Path) -> None:
    """Of real slices by themselves: of every patient the first bleeding one, and the lowest, which shows the neck."""
    root = shared_data / "ct_ich"
    bleeding, lowest = {}, {}
    with (root / "slices.csv").open() as file:
        for row in csv.DictReader(file):
            if row["patient"] != "49":  # its pictures are out of order
                lowest.setdefault(row["patient"], row["file"])
            if row["haemorrhage"] == "1":
                bleeding.setdefault(row["patient"], row["file"])
    assert [name for name in bleeding.values() if open_picture(read_picture(root / name)).refusal] == []
    judged = [name for name in list(lowest.values())[:24] if not open_picture(read_picture(root / name)).refusal]
    assert len(judged) <= 1, judged


def test_transparent_and_marked_pictures_are_read_as_the_slice(simulated: List[np.ndarray], tmp_path: Path) -> None:
    """Coloured marks are painted over, and what is transparent is black whatever colour it hides."""
    grey = window(np.ascontiguousarray(simulated[3]), 80, 40)
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGRA)
    picture[grey == 0] = (255, 255, 255, 0)
    cv2.arrowedLine(picture, (60, 60), (110, 110), (0, 0, 255, 255), 3)
    path = tmp_path / "marked.png"
    cv2.imwrite(str(path), picture)
    read = read_picture(path)
    assert read.shape == grey.shape and read.dtype == np.uint8
    assert np.abs(read.astype(int) - grey).mean() < 2
    assert np.all(read[:8] == 0)
