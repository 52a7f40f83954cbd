"""The command from raw data to a release, and the release that comes with the package."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

import trt_engines
from training.cli import main
from training.documents import digest
from training.splits import read_splits

RELEASED = Path(trt_engines.__file__).parent


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def released(simulated_ct_ich: Path, work: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a release that the whole command made of simulated patients."""
    folder = tmp_path_factory.mktemp("release")
    arguments = ["release", "--data", str(simulated_ct_ich), "--work", str(work), "--to", str(folder)]
    assert main([*arguments, "--version", "9.8.7", "--epochs", "1"]) == 0
    return folder


def test_a_release_is_whole(released: Path, work: Path) -> None:
    manifest = json.loads((released / "manifest.json").read_text("utf-8"))
    assert sorted(path.name for path in released.iterdir()) == ["manifest.json", "slicenet-9.8.7.onnx", "splits.json"]
    assert manifest["sha256"] == digest((released / "slicenet-9.8.7.onnx").read_bytes())
    assert manifest["development_estimate"]["patients"] == 9
    assert manifest["test"]["patients"] == 15
    assert manifest["study_calibration"]["slope"] > 0
    assert read_splits(released / "splits.json") == read_splits(work / "splits.json")


def test_each_run_leaves_a_log(released: Path, work: Path) -> None:
    for run in ("fold0", "fold1", "fold2", "fold3", "fold4", "final"):
        assert (work / run / "log.csv").read_text("utf-8").startswith("epoch,loss,")


def test_the_test_repeats_for_its_network_and_refuses_another(
    released: Path, work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (released / "manifest.json").read_bytes()
    assert main(["evaluate", "--work", str(work), "--test", str(released)]) == 0
    assert (released / "manifest.json").read_bytes() == before
    for name in ("splits.json", "slicenet-9.8.7.onnx"):
        (tmp_path / name).write_bytes((released / name).read_bytes())
    other = {**json.loads(before), "sha256": "0" * 64}
    (tmp_path / "manifest.json").write_text(json.dumps(other), "utf-8")
    assert main(["evaluate", "--work", str(work), "--test", str(tmp_path)]) == 2
    assert "scored once" in capsys.readouterr().err


def test_a_step_out_of_order_says_which_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--work", str(tmp_path)]) == 2
    assert "`triage-train prepare`" in capsys.readouterr().err


def test_without_torch_the_command_says_so_in_one_sentence() -> None:
    hidden = "import sys, importlib.abc\n"
    hidden += "class Hide(importlib.abc.MetaPathFinder):\n"
    hidden += "    def find_spec(self, name, path, target=None):\n"
    hidden += "        if name == 'torch': raise ModuleNotFoundError(name, name=name)\n"
    hidden += "sys.meta_path.insert(0, Hide())\n"
    hidden += "from training.cli import main\nsys.exit(main(['prepare', '--work', 'x', '--data', 'y']))"
    result = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, cwd=RELEASED.parent)
    assert result.returncode == 2
    assert result.stderr.startswith("triage-train: torch is not installed")
    assert result.stderr.count("\n") == 1


def test_the_released_network_is_the_one_its_manifest_names() -> None:
    manifest = json.loads((RELEASED / "manifest.json").read_text("utf-8"))
    model = (RELEASED / manifest["file"]).read_bytes()
    assert hashlib.sha256(model).hexdigest() == manifest["sha256"]
    document = onnx.load_from_string(model)
    assert [item.version for item in document.opset_import] == [manifest["opset"]] == [13]
    size = manifest["input"]["size"]
    assert [item.dim_value for item in document.graph.input[0].type.tensor_type.shape.dim][1:] == [1, size, size]


def test_the_released_figures_say_of_how_many_patients() -> None:
    manifest = json.loads((RELEASED / "manifest.json").read_text("utf-8"))
    splits = read_splits(RELEASED / "splits.json")
    assert manifest["development_estimate"]["patients"] == len(splits.development)
    assert manifest["test"]["patients"] == len(splits.test)
    card = (RELEASED / "MODEL_CARD.md").read_text("utf-8")
    for name in ("development_estimate", "test"):
        for figure in ("slice_auc", "study_auc", "study_sensitivity", "study_specificity"):
            measured = manifest[name][figure]
            low, high = measured["ci95"]
            assert f"{measured['value']:.2f} ({low:.2f} to {high:.2f})" in card, (name, figure)
    assert manifest["sha256"] in card
