"""A release that judges photographs: learned, measured and exported on a few simulated patients."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training import camera_steps, detection, domain_shift, phantoms, photographed
from training.cli import main
from training.screen.families import FAMILIES

PATIENTS = 6

TEXT = """version = "9.8.7"
seed = 5
folds = 2
epochs = 1
seeds = [2]
threads = 1

[camera]
captures = 1
photographs = 4

[[source]]
name = "ct_ich"
"""


@pytest.fixture(scope="module")
def few(simulated_ct_ich: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of some of the simulated patients."""
    folder = tmp_path_factory.mktemp("few")
    patients = [str(number) for number in range(50, 50 + PATIENTS)]
    for name in ("patients.csv", "slices.csv"):
        with (simulated_ct_ich / name).open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["patient"] in patients]
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    for patient in patients:
        shutil.copytree(simulated_ct_ich / f"images/{int(patient):03}", folder / f"images/{int(patient):03}")
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_a_recipe_with_a_camera_makes_a_release_that_judges_photographs(few: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(TEXT, "utf-8")
    arguments = ["all", "--config", str(tmp_path / "recipe.toml"), "--data", f"ct_ich:{few}"]
    arguments += ["--work", str(tmp_path / "work"), "--to", str(tmp_path / "release"), "--without-int8"]
    with pytest.MonkeyPatch.context() as fewer:  # the same steps, on less
        fewer.setattr(phantoms, "HEADS", phantoms.HEADS[:1])
        fewer.setattr(phantoms, "VOLUMES_ML", (40.0,))
        fewer.setattr(detection, "VOLUMES_ML", (10.0,))
        fewer.setattr(domain_shift, "CHANGES", {"none": domain_shift.CHANGES["none"]})
        fewer.setattr(camera_steps, "EPOCHS", 1)
        fewer.setattr(photographed, "GRIDS", ((3, 4),))
        fewer.setattr(photographed, "CHANCES", (1.0,))
        for name, family in FAMILIES.items():
            fewer.setitem(FAMILIES, name, replace(family, resolutions=((1280, 720),), usable=1.0))
        assert main(arguments) == 0
    manifest, evaluation = read(tmp_path / "release/manifest.json"), read(tmp_path / "release/evaluation.json")
    photographs = manifest["photographs"]
    assert set(photographs) >= {"gate", "study_calibration", "operating_point", "pooling"}
    assert photographs["operating_point"] != manifest["operating_point"]
    (table,) = [table for table in evaluation["tables"] if "simulated" in table["title"] and "screen" in table["title"]]
    assert [row[0] for row in table["rows"]].count("of kinds never trained on") == 2
    card = (tmp_path / "release/MODEL_CARD.md").read_text("utf-8")
    assert "**All photographs are simulated**" in card
    # going on from here does nothing anew
    assert main(["adapt", "--work", str(tmp_path / "work"), "--only", "fold0", "--epochs", "1"]) == 0
