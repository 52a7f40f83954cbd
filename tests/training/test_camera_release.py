"""A release that judges photographs: learned, measured and exported on a few simulated patients."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.dicom.stack import window
from appliance.phantom.anatomy import blood_ml
from appliance.phantom.disc import DEMO_BLEED, positions
from appliance.phantom.head import Head
from tests.simulated import volume
from tests.training.conftest import findings, write_tables
from training import camera_steps, detection, domain_shift, gated, phantoms, photographed
from training.cli import main
from training.documents import TrainingError, digest
from training.export import to_onnx
from training.gate import fit_gate
from training.model_card import CHECKS
from training.network import Ensemble
from training.prepare import SIZE
from training.screen.families import FAMILIES
from training.screen.looks import LOOKS
from training.workspace import Workspace

SEEDS = (0, 101)
"""Heads that other tests build as well: each is shown with a bleed and without."""

PATIENTS = 2 * len(SEEDS)
STEP_MM = 8.0

PLAIN: Any = {
    "looks": (LOOKS["full_screen"],),
    "subpixels": ("stripes",),
    "reflections": ("lamp", "tubes"),
    "things": (),
    "tones": ("s_curve",),
    "demosaics": ("bilinear",),
    "finishes": ("halo",),
    "codecs": ("jpeg",),
    "row_noise": 0.0,
    "fringe": 0.0,
    "barrel": (0.0, 0.0),
    "sensors": (0,),
    "resolutions": ((1920, 1080),),
    "usable": 1.0,
}
"""A viewer, a camera and a room that spare four patients a refusal: without one of them nothing can be calibrated."""

TEXT = """version = "9.8.7"
seed = 5
folds = 2
epochs = 1
seeds = [2]
threads = 1

[camera]
captures = 1
photographs = 2

[[source]]
name = "ct_ich"
"""


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of four simulated heads in the layout of CT-ICH: what is photographed must be like a brain."""
    folder = tmp_path_factory.mktemp("heads")
    patients, slices = [], []
    for patient in range(50, 50 + PATIENTS):
        head, bleeds = Head(seed=SEEDS[(patient - 50) // 2]), patient % 2 == 1
        shown = volume(STEP_MM, head=head, bleed=DEMO_BLEED if bleeds else None)
        changed = blood_ml(head, DEMO_BLEED if bleeds else None, positions(STEP_MM), STEP_MM) > 0.5
        patients.append({"patient": patient, "age_years": 50, **findings("subdural" if bleeds else None)})
        (folder / f"images/{patient:03}").mkdir(parents=True)
        for z, picture in enumerate(window(np.ascontiguousarray(shown), 120, 40)):
            name = f"images/{patient:03}/{z:02}.jpg"
            cv2.imwrite(str(folder / name), picture)
            found = findings("subdural" if changed[z] else None)
            slices.append({"file": name, "patient": patient, "z": z, **found})
    write_tables(folder, patients, slices)
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_a_recipe_with_a_camera_makes_a_release_that_judges_photographs(heads: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(TEXT, "utf-8")
    arguments = ["all", "--config", str(tmp_path / "recipe.toml"), "--data", f"ct_ich:{heads}"]
    arguments += ["--work", str(tmp_path / "work"), "--to", str(tmp_path / "release"), "--without-int8"]
    with pytest.MonkeyPatch.context() as fewer:  # the same steps, on less
        fewer.setattr(phantoms, "HEADS", phantoms.HEADS[:1])
        fewer.setattr(phantoms, "VOLUMES_ML", (40.0,))
        fewer.setattr(detection, "VOLUMES_ML", (10.0,))
        fewer.setattr(domain_shift, "CHANGES", {"none": domain_shift.CHANGES["none"]})
        fewer.setattr(camera_steps, "EPOCHS", 1)
        # two photographs fit no gate
        fewer.setattr(gated, "fit_gate", lambda rated: replace(fit_gate(rated), highest=100.0))
        fewer.setattr(photographed, "GRIDS", ((4, 5),))
        fewer.setattr(photographed, "CHANCES", (1.0,))
        for name, family in FAMILIES.items():
            fewer.setitem(FAMILIES, name, replace(family, **PLAIN))
        assert main(arguments) == 0
    manifest, evaluation = read(tmp_path / "release/manifest.json"), read(tmp_path / "release/evaluation.json")
    photographs = manifest["photographs"]
    assert set(photographs) >= {"gate", "study_calibration", "operating_point", "pooling"}
    assert photographs["operating_point"] != manifest["operating_point"]
    (table,) = [table for table in evaluation["tables"] if "simulated" in table["title"] and "screen" in table["title"]]
    assert [row[0] for row in table["rows"]] == ["other viewers, looked at in development"] * 2
    assert "**This is a development estimate**" in table["note"]
    card = (tmp_path / "release/MODEL_CARD.md").read_text("utf-8")
    assert "**All photographs are simulated**" in card
    check_put_back(heads, tmp_path, evaluation)


def check_put_back(heads: Path, folder: Path, evaluation: Any) -> None:
    """Put the release back; what is of photographs is left out, and the rest is what it was."""
    naive = folder / "naive.onnx"
    naive.write_bytes(to_onnx(Ensemble(Workspace(folder / "work").networks_before()), SIZE))
    where, release = ["--work", str(folder / "back")], ["--release", str(folder / "release")]
    assert main(["prepare", *where, "--data", f"ct_ich:{heads}", "--seed", "5", "--folds", "2"]) == 0
    assert main(["restore", *where, *release]) == 2
    assert main(["restore", *where, *release, "--before", str(naive)]) == 0
    assert main(["export", *where, "--to", str(folder / "again"), "--version", "9.8.8", "--without-int8"]) == 0
    again = read(folder / "again/evaluation.json")
    assert again["adaptation"] == evaluation["adaptation"] and again["settings"] == evaluation["settings"]
    assert again["tables"] == [table for table in evaluation["tables"] if "screen" not in table["title"]]
    assert "photographs" not in read(folder / "again/manifest.json")
    check_adapted_anew(folder, where)


def check_adapted_anew(folder: Path, where: list[str]) -> None:
    """Go on with what was put back, on photographs of which there is one capture more."""
    back = Workspace(folder / "back")
    captures = folder / "work/captures/training"
    shutil.copytree(captures, folder / "back/captures/training")
    shutil.copytree(captures / "0", folder / "back/captures/training/1")
    assert main(["adapt", *where, "--only", "fold0", "--epochs", "1"]) == 0
    with pytest.raises(TrainingError, match="adapted anew in part"):
        back.networks()  # one fold went on anew, the other did not
    assert main(["adapt", *where, "--epochs", "1"]) == 0
    assert main(["export", *where, "--to", str(folder / "anew"), "--version", "9.8.9", "--without-int8"]) == 2
    for step in ("calibrate", "evaluate"):
        assert main([step, *where]) == 0
    for table in CHECKS:
        back.document(table).unlink(missing_ok=True)
    assert main(["export", *where, "--to", str(folder / "anew"), "--version", "9.8.9", "--without-int8"]) == 0
    anew = read(folder / "anew/evaluation.json")
    assert [fold["captures"] for fold in anew["adaptation"]] == [4, 4]
    card = " ".join((folder / "anew/MODEL_CARD.md").read_text("utf-8").split())
    assert digest((folder / "naive.onnx").read_bytes()) in card and "went on with photographs anew" in card
