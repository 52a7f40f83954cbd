"""Real pictures, end to end: patients of CT-ICH written back as DICOM are judged as their pictures are."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.pipeline import Pipeline
from tests.two_roads import both_roads


@pytest.mark.slow
def test_a_patient_is_judged_alike_by_both_roads(shared_data: Path, pipeline: Pipeline, tmp_path: Path) -> None:
    """`tests.benchmarks.two_roads` compares the areas under the curve of all patients."""
    judged = list(both_roads(shared_data / "ct_ich", pipeline, tmp_path / "dicom", every=6))
    assert len(judged) > 10
    for one in judged:
        assert one.as_pictures is not None and one.as_dicom is not None, one
        assert one.as_dicom == pytest.approx(one.as_pictures, abs=0.03), one
