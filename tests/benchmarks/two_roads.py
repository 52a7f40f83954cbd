"""Do DICOM files lose anything against the pictures in them? ``python -m tests.benchmarks.two_roads CT_ICH``.

Every patient of CT-ICH is judged from his pictures and from a DICOM series that is written of them. Most of them are
those that the network was trained on: the difference is of interest, not the areas.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from appliance.config_file import load_settings
from appliance.pipeline import Pipeline
from tests.two_roads import both_roads
from training.metrics import areas


def main(root: Path) -> None:
    """Judge all patients, and print both areas under the curve."""
    with Pipeline(load_settings()) as pipeline, tempfile.TemporaryDirectory() as folder:
        judged = list(both_roads(root, pipeline, Path(folder) / "dicom", every=1))
    refused = [one.patient for one in judged if one.as_pictures is None or one.as_dicom is None]
    both = [one for one in judged if one.patient not in refused]
    truth = np.array([one.bleeds for one in both])
    columns = np.array([(one.as_pictures, one.as_dicom) for one in both], dtype=float).T
    of_pictures, of_dicom = (float(areas(column, truth, np.ones((1, len(both))))[0]) for column in columns)
    print(
        f"{len(both)} patients: area {of_pictures:.4f} from pictures, {of_dicom:.4f} from DICOM; "
        f"largest difference of a probability {np.abs(columns[0] - columns[1]).max():.3f}; refused by a road: {refused}"
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the folder of CT-ICH: python -m tests.benchmarks.two_roads FOLDER")
    main(Path(sys.argv[1]))
