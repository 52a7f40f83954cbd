"""Patients of CT-ICH judged twice: as their pictures, and written back as DICOM."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional

import cv2
import numpy as np

from appliance.phantom.dicomise import write_series
from appliance.phantom.options import SeriesOptions
from appliance.pipeline import Pipeline
from appliance.scoring import Judgement

OUT_OF_ORDER = 49
"""Number of the patient whose pictures are not in the order of their numbers."""


@dataclass(frozen=True)
class Judged:
    """A patient, whether he bleeds, and his probability of being urgent by each road; None where it was refused."""

    patient: int
    bleeds: bool
    as_pictures: Optional[float]
    as_dicom: Optional[float]


def both_roads(root: Path, pipeline: Pipeline, scratch: Path, every: int) -> Iterator[Judged]:
    """Judge every so many-th patient of a data set both ways."""
    with (root / "patients.csv").open() as file:
        truth = {int(row["patient"]): row["haemorrhage"] == "1" for row in csv.DictReader(file)}
    truth.pop(OUT_OF_ORDER)
    for patient in sorted(truth)[::every]:
        source = root / "images" / f"{patient:03d}"
        as_pictures = pipeline.pictures.slices(sorted(source.iterdir())).verdict
        _write_as_dicom(source, scratch)
        *_, last = pipeline.judge(scratch, None)
        shutil.rmtree(scratch)
        if not isinstance(last, Judgement):
            raise TypeError(f"expected a judgement, got {last}")
        roads = as_pictures.urgent_probability, last.verdict.urgent_probability
        yield Judged(patient, truth[patient], *roads)


def _write_as_dicom(source: Path, target: Path) -> None:
    """Turn pictures into a series: Hounsfield units from a window of width 120, level 40; 5 mm slices."""
    pictures = np.stack([cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(source.iterdir())])
    hounsfield = np.rint(pictures.astype(np.float32) * 120 / 255 - 20).astype(np.int16)
    where = tuple(5.0 * index for index in range(len(pictures)))
    write_series(target, hounsfield, SeriesOptions(positions_mm=where, thickness_mm=5.0, pixel_spacing_mm=0.36))
