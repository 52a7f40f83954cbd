"""What a recipe may say, and the recipe of the release that comes with the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import training
import trt_engines
from tests.training.recipes import TEXT
from training.cli import main
from training.config import CameraRecipe, Recipe, read_recipe
from training.documents import TrainingError

RELEASED = Path(trt_engines.__file__).parent
RECIPE = Path(training.__file__).parent / "released.toml"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epochs = 1", "epoch = 1", "unknown key 'epoch'"),
        ("threads = 1\n", "", "no key 'threads'"),
        ("epochs = 1", "epochs = 0", "epochs takes whole numbers"),
        ("epochs = 1", "epochs = true", "epochs takes whole numbers"),
        ("seeds = [2]", "seeds = [1, 2]", "one for each of the folds"),
        ("seeds = [2]", "seeds = 2", "list of whole numbers"),
        ('name = "ct_ich"', 'name = "ct_itch"', "'ct_itch'"),
        ('name = "ct_ich"', 'name = "ct_ich"\n[[source]]\nname = "ct_ich"', "at most once"),
        ('name = "ct_ich"', 'name = "ct_ich"\n[[source]]\nname = "physionet"', "ct_ich and physionet are of the same"),
        ('name = "ct_ich"', 'name = "ct_ich"\nplace = "x"', "unknown key 'place'"),
        ('[[source]]\nname = "ct_ich"', "source = []", r"\[\[source\]\]"),
        ("seed = 5", "seed = ", "not TOML"),
        ("seed = 5", "seed = 5\ncamera = 2", r"table \[camera\]"),
        ("[[source]]", "[camera]\ncaptures = 1\n[[source]]", "no key 'photographs'"),
        ("[[source]]", "[camera]\ncaptures = 0\nphotographs = 1\n[[source]]", "captures takes whole numbers"),
    ],
)
def test_a_recipe_with_a_fault_is_refused_in_a_sentence(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "recipe.toml"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new), "utf-8")
    with pytest.raises(TrainingError, match=said):
        read_recipe(path)


def test_a_recipe_may_ask_for_the_camera(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(TEXT, "utf-8")
    assert read_recipe(path).camera is None
    path.write_text(TEXT + "[camera]\ncaptures = 2\nphotographs = 300\n", "utf-8")
    assert read_recipe(path).camera == CameraRecipe(captures=2, photographs=300)


def test_a_folder_in_a_recipe_starts_from_the_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(TEXT + 'folder = "data/ct"\n', "utf-8")
    assert read_recipe(path).sources == {"ct_ich": tmp_path / "data/ct"}
    path.write_text(TEXT, "utf-8")
    arguments = ["all", "--config", str(path), "--work", str(tmp_path), "--to", str(tmp_path)]
    assert main(arguments) == 2
    assert "--data ct_ich:DIR" in capsys.readouterr().err
    assert main([*arguments, "--data", "cq500:x", "--data", "ct_ich:y"]) == 2
    assert "does not use cq500" in capsys.readouterr().err


def test_the_recipe_is_that_of_the_released_network() -> None:
    files = (RELEASED / name for name in ("manifest.json", "evaluation.json"))
    manifest, evaluation = (json.loads(path.read_text("utf-8")) for path in files)
    recipe = read_recipe(RECIPE)
    assert isinstance(recipe, Recipe)
    assert recipe.version == manifest["version"]
    assert {"seed": recipe.seed, "folds": recipe.folds} == evaluation["splits"]
    assert recipe.epochs == evaluation["settings"]["epochs"]
    assert sorted(set(recipe.seeds)) == evaluation["settings"]["seed"]
    assert list(recipe.sources) == [source["name"] for source in evaluation["sources"]]
