"""Real pictures, end to end: patients of CT-ICH written back as DICOM are judged as their pictures are."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path
from typing import Callable, Dict, Tuple

import cv2
import numpy as np
import pytest

from appliance.phantom.dicomise import write_series
from appliance.phantom.options import SeriesOptions
from appliance.pipeline import Pipeline
from appliance.verdict import Colour, Verdict


def area_under_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that a patient with haemorrhage scores higher than one without (Mann-Whitney)."""
    wins = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
    return float(wins)


def write_as_dicom(source: Path, target: Path) -> None:
    """Turn pictures into a series: Hounsfield units from a window of width 120, level 40; 5 mm slices."""
    pictures = np.stack([cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(source.iterdir())])
    hounsfield = np.rint(pictures.astype(np.float32) * 120 / 255 - 20).astype(np.int16)
    where = tuple(5.0 * index for index in range(len(pictures)))
    write_series(target, hounsfield, SeriesOptions(positions_mm=where, thickness_mm=5.0, pixel_spacing_mm=0.36))


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 9), reason="the same studies are judged under the newer Python")
def test_study_auc_agrees(shared_data: Path, pipeline: Pipeline, judge: Callable[..., Verdict], tmp_path: Path) -> None:
    """On every second patient the study AUC of both roads agrees to 0.01, and hardly one is refused on one alone."""
    root = shared_data / "ct_ich"
    with (root / "patients.csv").open() as file:
        truth = {int(row["patient"]): row["haemorrhage"] == "1" for row in csv.DictReader(file)}
    truth.pop(49)  # its pictures are out of order
    scores: Dict[int, Tuple[float, float]] = {}
    refused = []
    for patient in sorted(truth)[::2]:
        source = root / "images" / f"{patient:03d}"
        as_pictures = pipeline.pictures.slices(sorted(source.iterdir())).verdict
        write_as_dicom(source, tmp_path / "dicom")
        as_dicom = judge(tmp_path / "dicom")
        shutil.rmtree(tmp_path / "dicom")
        if Colour.REFER in (as_pictures.colour, as_dicom.colour):
            refused.append((patient, [reason.code.value for reason in (*as_pictures.reasons, *as_dicom.reasons)]))
            continue
        assert as_pictures.urgent_probability is not None and as_dicom.urgent_probability is not None
        scores[patient] = as_pictures.urgent_probability, as_dicom.urgent_probability
    table = np.array(list(scores.values()))
    urgent = np.array([truth[patient] for patient in scores])
    of_pictures, of_dicom = (area_under_curve(column[urgent], column[~urgent]) for column in table.T)
    # only the difference is of interest: most of these patients are those that the network was trained on
    print(f"{len(scores)} patients, AUC differs by {abs(of_dicom - of_pictures):.4f}, refused {refused}")
    assert len(refused) <= 1, refused
    assert of_dicom == pytest.approx(of_pictures, abs=0.01)
