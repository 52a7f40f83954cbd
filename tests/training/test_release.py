"""The commands from raw data to a release, its model card, and the release that comes with the package."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest

import trt_engines
from tests.made_once import made_once
from tests.training.layouts import write_physionet, write_rsna
from tests.training.recipes import TEXT
from training import detection, domain_shift, phantoms
from training.cli import main
from training.documents import TrainingError, digest
from training.model_card import FIGURES, render, runs_tried, show
from training.splits import read_splits

RELEASED = Path(trt_engines.__file__).parent


@pytest.fixture(scope="module")
def made(simulated_ct_ich: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders ``work`` and ``release`` that the whole command made of simulated patients."""

    def make(folder: Path) -> None:
        (folder / "recipe.toml").write_text(TEXT, "utf-8")
        arguments = ["all", "--config", str(folder / "recipe.toml"), "--data", f"ct_ich:{simulated_ct_ich}"]
        arguments += ["--work", str(folder / "work"), "--to", str(folder / "release")]
        with pytest.MonkeyPatch.context() as fewer:  # the checks themselves, on less
            fewer.setattr(phantoms, "HEADS", phantoms.HEADS[:1])
            fewer.setattr(phantoms, "VOLUMES_ML", (40.0,))
            fewer.setattr(detection, "VOLUMES_ML", (10.0,))
            changes = {name: domain_shift.CHANGES[name] for name in ("none", "upside down")}
            fewer.setattr(domain_shift, "CHANGES", changes)
            assert main([*arguments, "--without-int8"]) == 0  # hardly trained, it loses more by it than is allowed

    return made_once(tmp_path_factory, "release of simulated patients", make)


@pytest.fixture(scope="module")
def work(made: Path) -> Path:
    return made / "work"


@pytest.fixture(scope="module")
def released(made: Path) -> Path:
    return made / "release"


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_a_release_is_whole(released: Path, work: Path) -> None:
    manifest = read(released / "manifest.json")
    names = {"manifest.json", "evaluation.json", "MODEL_CARD.md", "splits-ct_ich.json"}
    pictures = {"roc.png", "reliability.png", "training.png"}
    assert {path.name for path in released.iterdir()} == names | pictures | {"slicenet-9.8.7.onnx", "golden.npz"}
    assert manifest["sha256"] == digest((released / "slicenet-9.8.7.onnx").read_bytes())
    assert manifest["development_estimate"]["patients"] == 24
    assert manifest["study_calibration"]["slope"] > 0
    assert read_splits(released / "splits-ct_ich.json") == read_splits(work / "splits-ct_ich.json")


def test_each_fold_is_trained_with_the_seed_of_the_recipe_and_leaves_a_log(released: Path, work: Path) -> None:
    for run in ("fold0", "fold1", "fold2"):
        assert (work / run / "log.csv").read_text("utf-8").startswith("epoch,loss,")
        settings = read(work / run / "settings.json")
        assert (settings["seed"], settings["epochs"]) == (2, 1)
    assert not (work / "final").exists()


def test_every_figure_stands_in_the_card_with_its_interval_and_its_patients(released: Path) -> None:
    manifest, evaluation = read(released / "manifest.json"), read(released / "evaluation.json")
    card = (released / "MODEL_CARD.md").read_text("utf-8")
    assert card == render(manifest, evaluation)
    estimate = manifest["development_estimate"]
    assert estimate == evaluation["development"]
    for key in FIGURES:
        for of in ("study", "slice"):
            assert show(estimate[f"{of}_{key}"], 3 if key[1:3] == "pv" else 2) in card, (of, key)
    for group in estimate["groups"]:
        assert f"| {group['group']} |" in card and show(group["study_sensitivity"]) in card
    for choice in evaluation["pooling"]:
        assert f"| {choice['choice']} | {choice['slices_judged']} | {show(choice['study_auc'])} |" in card
    for text in (
        manifest["sha256"],
        manifest["trained_on"],
        "not a medical device",
        "| upside down |",
        "| subarachnoid |",
        "| seed | [2] |",
    ):
        assert text in card, text
    assert "24 patients, 12 with haemorrhage; 8 are known to be younger than 18 years" in card
    assert f"{runs_tried()} runs were tried" in card
    for row in (line for line in card.splitlines() if line.startswith("|")):
        assert row.endswith("|")


def test_the_leakage_is_measured_on_divisions_of_the_same_size(released: Path, work: Path) -> None:
    by_slice, by_patient = read(work / "leakage.json")["splits"]
    assert (by_slice["shared_patients"], by_patient["shared_patients"]) == (24, 0)
    assert by_slice["learned_slices"] == pytest.approx(by_patient["learned_slices"], rel=0.1)
    assert by_slice["slice_auc"]["patients"] == 24 and by_patient["slice_auc"]["patients"] == 8


def test_the_steps_by_hand_give_what_the_recipe_gave(
    released: Path, work: Path, simulated_ct_ich: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--work", str(tmp_path)]
    data = ["--data", f"ct_ich:{simulated_ct_ich}"]
    assert main(["prepare", *where, *data, "--seed", "5", "--folds", "3"]) == 0
    for fold in ("fold2", "fold0", "fold1"):
        assert main(["train", *where, "--only", fold, "--seed", "2", "--epochs", "1"]) == 0
    assert main(["calibrate", *where]) == 0
    capsys.readouterr()
    assert main(["evaluate", *where]) == 0
    assert json.loads(capsys.readouterr().out) == read(work / "development.json")
    assert read(tmp_path / "calibration.json") == read(work / "calibration.json")
    assert main(["train", *where, "--only", "fold3", "--epochs", "1"]) == 2
    assert "fold0, fold1, fold2" in capsys.readouterr().err


def test_a_release_is_measured_on_other_data_without_being_changed(
    released: Path, simulated_ct_ich: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in released.iterdir()}
    write_rsna(tmp_path / "rsna")
    arguments = ["test", "--release", str(released), "--work", str(tmp_path), "--data"]
    assert main([*arguments, f"rsna:{tmp_path / 'rsna'}"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == read(tmp_path / "test-rsna/report.json")
    assert (report["network"]["version"], report["data"]) == ("9.8.7", "rsna")
    assert report["patients"] > report["patients_with_haemorrhage"] > 0
    assert main([*arguments, f"ct_ich:{simulated_ct_ich}"]) == 2
    assert "learned from the patients of ct_ich" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in released.iterdir()} == before


def test_the_same_people_under_two_names_are_refused(
    simulated_ct_ich: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_physionet(tmp_path / "physionet")
    data = ["--data", f"ct_ich:{simulated_ct_ich}", "--data", f"physionet:{tmp_path / 'physionet'}"]
    assert main(["prepare", *data, "--work", str(tmp_path / "work")]) == 2
    assert "same patients" in capsys.readouterr().err


def test_figures_of_other_networks_are_not_released(
    released: Path, work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = tmp_path / "work"
    shutil.copytree(work, copied)
    first, second = copied / "fold0/checkpoint.pt", copied / "fold1/checkpoint.pt"
    first.write_bytes(second.read_bytes())
    where = ["--work", str(copied), "--to", str(tmp_path / "release"), "--version", "1.0.0", "--without-int8"]
    assert main(["export", *where]) == 2
    assert "other networks" in capsys.readouterr().err


def test_a_step_out_of_order_says_which_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--work", str(tmp_path)]) == 2
    assert "`triage-train prepare`" in capsys.readouterr().err


def test_a_data_set_is_named_with_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["prepare", "--work", str(tmp_path), "--data", "folder"])
    assert "NAME:DIR" in capsys.readouterr().err


def test_a_release_says_how_much_was_tried(tmp_path: Path) -> None:
    log = tmp_path / "EXPERIMENTS.md"
    log.write_text("# Experiments\n\nRuns tried on these folds: 12\n", "utf-8")
    assert runs_tried(log) == 12
    log.write_text("# Experiments\n", "utf-8")
    with pytest.raises(TrainingError, match="how much was tried"):
        runs_tried(log)


def test_without_torch_the_command_says_so_in_one_sentence() -> None:
    hidden = "import sys, importlib.abc\n"
    hidden += "class Hide(importlib.abc.MetaPathFinder):\n"
    hidden += "    def find_spec(self, name, path, target=None):\n"
    hidden += "        if name == 'torch': raise ModuleNotFoundError(name, name=name)\n"
    hidden += "sys.meta_path.insert(0, Hide())\n"
    hidden += "from training.cli import main\nsys.exit(main(['prepare', '--work', 'x', '--data', 'ct_ich:y']))"
    result = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, cwd=RELEASED.parent)
    assert result.returncode == 2
    assert result.stderr.startswith("triage-train: torch is not installed")
    assert result.stderr.count("\n") == 1


def test_the_released_network_is_the_one_its_manifest_names() -> None:
    manifest = read(RELEASED / "manifest.json")
    model = (RELEASED / manifest["file"]).read_bytes()
    assert hashlib.sha256(model).hexdigest() == manifest["sha256"]
    document = onnx.load_from_string(model)
    assert [item.version for item in document.opset_import] == [manifest["opset"]] == [13]
    size = manifest["input"]["size"]
    assert [item.dim_value for item in document.graph.input[0].type.tensor_type.shape.dim][1:] == [1, size, size]


def test_the_released_card_is_what_its_evaluation_says() -> None:
    manifest, evaluation = read(RELEASED / "manifest.json"), read(RELEASED / "evaluation.json")
    assert (RELEASED / "MODEL_CARD.md").read_text("utf-8") == render(manifest, evaluation)
    splits = [read_splits(path) for path in sorted(RELEASED.glob("splits-*.json"))]
    assert manifest["development_estimate"]["patients"] == sum(len(part.without()) for part in splits)


def test_a_release_that_is_put_back_is_measured_as_it_was_and_not_trained_again(
    released: Path, simulated_ct_ich: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where, data = ["--work", str(tmp_path)], ["--data", f"ct_ich:{simulated_ct_ich}"]
    back = ["restore", *where, "--release", str(released)]
    assert main(["prepare", *where, *data, "--seed", "5", "--folds", "2"]) == 0
    assert main(back) == 2
    assert main(["prepare", *where, *data, "--seed", "5", "--folds", "3"]) == 0
    assert main([*back, "--before", str(released / "slicenet-9.8.7.onnx")]) == 2
    said = capsys.readouterr().err
    assert "other folds of ct_ich" in said and "saw no photographs" in said
    assert main(back) == 0
    again = tmp_path / "again"
    assert main(["export", *where, "--to", str(again), "--version", "9.8.8", "--without-int8"]) == 0
    before, after = (read(folder / "evaluation.json") for folder in (released, again))
    assert after.pop("release")["version"] == "9.8.7"
    assert after == before
    assert "put back" in (again / "MODEL_CARD.md").read_text("utf-8")
    capsys.readouterr()
    assert main(["evaluate", *where]) == 0
    area, its = (
        figures["study_auc"]["value"] for figures in (json.loads(capsys.readouterr().out), before["development"])
    )
    assert area == pytest.approx(its, abs=0.01)
    assert main(["train", *where]) == 2
    assert main(back) == 2
    said = capsys.readouterr().err
    assert "not trained" in said and "holds a training" in said
