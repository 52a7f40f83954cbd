"""The ``triage`` command as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import List

import cv2
import jsonschema
import pytest

import appliance
from appliance.dicom.stack import window
from appliance.phantom.dicomise import write_series
from appliance.phantom.options import PatientOptions
from tests.simulated import options, volume


def triage(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "appliance.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=Path(appliance.__file__).parents[1])


@pytest.fixture(scope="module")
def disc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one simulated study."""
    folder = tmp_path_factory.mktemp("disc")
    write_series(folder, volume(), options(patient=PatientOptions(name="Yamada^Tarou=山田^太郎", patient_id="4711")))
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same head as brain-window pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for number, picture in enumerate(window(volume().copy(), 120, 40)):
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    return folder


def test_json_is_what_the_schema_says(disc: Path) -> None:
    """The answer alone on standard output, exit status 0, no identity unless asked for."""
    schema = json.loads((Path(appliance.__file__).parent / "verdict.schema.json").read_text("utf-8"))
    done = triage("study", disc, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema)
    assert "山田" not in done.stdout and "4711" not in done.stdout
    named = json.loads(triage("study", disc, "--json", "--with-identity").stdout)
    jsonschema.validate(named, schema)
    assert named["patient"]["name"] == "Yamada^Tarou=山田^太郎"


def test_schema_lists_every_code() -> None:
    """A new reason cannot be forgotten in the published schema."""
    from appliance.reasons import SENTENCES, ReasonCode

    schema = json.loads((Path(appliance.__file__).parent / "verdict.schema.json").read_text("utf-8"))
    assert set(schema["$defs"]["reason"]["properties"]["code"]["enum"]) == {code.value for code in ReasonCode}
    assert set(SENTENCES) == set(ReasonCode)


def test_refusal_exits_with_3(tmp_path: Path) -> None:
    """A reason a person can read."""
    write_series(tmp_path, volume()[:1], options(positions_mm=(0.0,)))
    done = triage("study", tmp_path)
    assert done.returncode == 3
    assert done.stdout.splitlines()[0] == "refer"
    assert "too_few_slices" in done.stdout
    schema = json.loads((Path(appliance.__file__).parent / "verdict.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(triage("study", tmp_path, "--json").stdout), schema)


@pytest.mark.parametrize(("name", "status"), [("empty", 4), ("absent", 2)])
def test_nothing_to_judge(name: str, status: int, tmp_path: Path) -> None:
    """4 where there is no DICOM object at all, 2 where there is not even a folder; one sentence, no traceback."""
    (tmp_path / "empty").mkdir()
    done = triage("study", tmp_path / name)
    assert done.returncode == status and done.stdout == ""
    assert done.stderr.startswith("triage: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["study"], ["nonsense"], [], ["study", "x", "--nonsense"]])
def test_wrong_usage_exits_with_2(arguments: List[str]) -> None:
    """As every command does."""
    assert triage(*arguments).returncode == 2


def test_unknown_study_exits_with_2(disc: Path) -> None:
    """A choice that is not there."""
    assert triage("study", disc, "--study", "1.2.3").returncode == 2


def test_pictures_one_row_a_file(pictures: Path, tmp_path: Path) -> None:
    """In the order of their numbers; a picture without brain says so."""
    table = tmp_path / "scores.csv"
    done = triage("pictures", pictures, "--csv", table)
    assert (done.returncode, done.stdout) == (0, "")
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    assert [row["file"] for row in rows] == [f"{number}.png" for number in range(len(volume()))]
    assert {row["verdict"] for row in rows} <= {"green_yellow", "red_black", "refer"}
    assert all((row["probability"] == "") == (row["verdict"] == "refer") == bool(row["reasons"]) for row in rows)


def test_pictures_as_a_study_agree_with_dicom(pictures: Path, disc: Path) -> None:
    """Both roads lead through the same preprocessing; only the knowledge of millimetres differs."""
    (row,) = csv.DictReader(io.StringIO(triage("pictures", pictures, "--study").stdout))
    document = json.loads(triage("study", disc, "--json").stdout)
    assert row["verdict"] == document["verdict"]
    assert float(row["probability"]) == pytest.approx(document["urgent_probability"], abs=0.01)


def test_pictures_are_no_dicom_objects(pictures: Path) -> None:
    """A folder of pictures is none of DICOM, whatever other commands make of it."""
    done = triage("study", pictures)
    assert done.returncode == 4 and done.stdout == "" and done.stderr.startswith("triage: No DICOM image")


def test_folder_without_pictures(tmp_path: Path) -> None:
    """A sentence."""
    done = triage("pictures", tmp_path)
    assert done.returncode == 4 and done.stderr.startswith("triage: The folder")


def test_demo_disc_is_not_written_over_anything(tmp_path: Path) -> None:
    """A folder that holds something is left alone."""
    (tmp_path / "mine").write_text("mine")
    done = triage("demo-disc", tmp_path)
    assert done.returncode == 2 and [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.slow
def test_doctor_judges_a_simulated_study() -> None:
    """Line by line what works, among it the whole road."""
    done = triage("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert any(line.startswith("ok  simulated study") for line in done.stdout.splitlines())


def test_settings_are_refused_when_unknown(tmp_path: Path, disc: Path) -> None:
    """A misspelt key is an error, not a default."""
    config = tmp_path / "triage.toml"
    config.write_text("[decode]\nproceses = 1\n")
    done = triage("--config", config, "study", disc)
    assert done.returncode == 2 and "proceses" in done.stderr
