"""Real photographs are measured as a hospital takes them: here a generated console's, of simulated heads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.phantom.disc import DEMO_BLEED, demo_options, write_disc
from tests.screens import manifest_for_photographs, slices, write_photographs
from training.cli import main

STUDIES = {"a": ("red", 1), "b": ("green", 2)}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hospital")
    for name, (colour, seed) in STUDIES.items():
        options = demo_options(None if colour == "green" else DEMO_BLEED, seed)
        write_disc(folder / name, replace(options, rows=256, bone_mm=None, others=False))
    rows = [f"{name},{colour}" for name, (colour, _) in STUDIES.items()]
    (folder / "colours.csv").write_text("\n".join(["study,colour", *rows]), "utf-8")
    return folder


def table(folder: Path, rows: list[str]) -> None:
    (folder / "photographs.csv").write_text("\n".join(["study,monitor,camera,lighting,photographs", *rows]), "utf-8")


def test_photographs_are_compared_with_the_studies_they_show(
    hospital: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = manifest_for_photographs(tmp_path).parent
    sharp = write_photographs(hospital / "sharp", slices())
    blurred = hospital / "blurred"
    blurred.mkdir()
    for path in sharp:
        cv2.imwrite(str(blurred / path.name), cv2.GaussianBlur(cv2.imread(str(path)), (0, 0), 5))
    rows = ["a,old,phone,dark,sharp", "b,old,phone,dark,sharp", "a,new,phone,bright,blurred", "b,new,phone,dark,sharp"]
    table(hospital, rows)
    assert main(["camera-study", str(hospital), "--release", str(release)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((hospital / "report.json").read_text("utf-8"))
    assert found["refusals"] == {"photo_blurred": 1}
    assert found["all"]["captures"] == 4
    assert found["all"]["refused"]["value"] == 0.25
    assert found["lighting bright"] == {"captures": 1}
    assert np.isfinite(found["monitor old"]["auc_difference"]["value"])


@pytest.mark.parametrize(
    ("row", "said"), [("c,x,y,z,sharp", "study c"), ("a,x,y,z,absent", "not there"), ("a", "photographs")]
)
def test_a_table_that_does_not_fit_is_refused_in_a_sentence(
    hospital: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, said: str
) -> None:
    release = manifest_for_photographs(tmp_path).parent
    (hospital / "sharp").mkdir(exist_ok=True)
    table(hospital, [row])
    assert main(["camera-study", str(hospital), "--release", str(release)]) == 2
    assert said in capsys.readouterr().err


def test_a_release_that_knows_no_photographs_is_refused(
    hospital: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = manifest_for_photographs(tmp_path)
    document = json.loads(manifest.read_text("utf-8"))
    del document["photographs"]
    manifest.write_text(json.dumps(document), "utf-8")
    table(hospital, ["a,x,y,z,."])
    assert main(["camera-study", str(hospital), "--release", str(tmp_path)]) == 2
    assert "photographs" in capsys.readouterr().err
