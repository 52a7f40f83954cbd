"""What `triage-train all` does, from a TOML file: every choice of a release in one place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from training.documents import TrainingError
from training.sources import NAMES, info

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class CameraRecipe:
    """The choices of a release that judges photographs of a screen as well.

    Attributes
    ----------
    captures : int
        How often each study is photographed, to learn from.
    photographs : int
        How many the gate is fitted to; it is measured on as many of viewers that nothing has learned from.
    """

    captures: int
    photographs: int


@dataclass(frozen=True)
class Recipe:
    """The choices of a release.

    Attributes
    ----------
    sources : dict of str to Path or None
        The data sets by name, and the folder of each; None where the command line names it.
    version : str
        Of the release.
    seed : int
        From which the folds are drawn.
    folds : int
        Into how many parts each data set is divided.
    epochs : int
        Passes over the data.
    seeds : tuple of int
        Of initial weights, order and augmentation: one for all folds, or one for each.
    threads : int
        Of the training.
    camera : CameraRecipe or None
        None for a release that judges no photographs.
    """

    sources: dict[str, Path | None]
    version: str
    seed: int
    folds: int
    epochs: int
    seeds: tuple[int, ...]
    threads: int
    camera: CameraRecipe | None

    def seed_of(self, fold: int) -> int:
        """Return the seed of a fold's training."""
        return self.seeds[fold % len(self.seeds)]


def read_recipe(path: Path) -> Recipe:
    """Read the choices of a release.

    Parameters
    ----------
    path : pathlib.Path
        TOML: ``version, seed, folds, epochs, seeds, threads``, and a table ``[[source]]`` for each data set with
        ``name`` and, unless the command line is to name it, ``folder``, which starts from the file's own folder. A
        table ``[camera]`` with ``captures`` and ``photographs`` where the release is to judge photographs.

    Raises
    ------
    TrainingError
        When the file cannot be read, a key is missing, unknown or of another type, a data set is unknown, or two
        are of the same patients.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{path} cannot be read; name the recipe of a release with --config.") from error
    except ValueError as error:
        raise TrainingError(f"{path} is not TOML ({error}).") from error
    wanted = {field.name for field in fields(Recipe)} - {"sources", "camera"}
    _refuse_other_keys(path, document, needed=wanted | {"source"}, allowed={"camera"})
    sources: dict[str, Path | None] = {}
    for table in _tables(path, document["source"]):
        _refuse_other_keys(path, table, needed={"name"}, allowed={"folder"})
        name = _text(path, table, "name")
        if name not in NAMES or name in sources:
            raise TrainingError(f"{path} names the source {name!r}; name each of {', '.join(NAMES)} at most once.")
        for other in sources:
            if info(other).people == info(name).people:
                raise TrainingError(f"{path}: {other} and {name} are of the same patients; name one of them.")
        sources[name] = path.parent / _text(path, table, "folder") if "folder" in table else None
    numbers = {name: _number(path, name, document[name]) for name in ("seed", "folds", "epochs", "threads")}
    if not isinstance(document["seeds"], list):
        raise TrainingError(f"{path}: seeds is a list of whole numbers.")
    seeds = tuple(_number(path, "seeds", value) for value in document["seeds"])
    if len(seeds) not in (1, numbers["folds"]):
        raise TrainingError(f"{path}: seeds has {len(seeds)} numbers; give one, or one for each of the folds.")
    version = _text(path, document, "version")
    return Recipe(sources=sources, version=version, seeds=seeds, camera=_camera(path, document), **numbers)


def _camera(path: Path, document: Mapping[str, Any]) -> CameraRecipe | None:
    if "camera" not in document:
        return None
    table = document["camera"]
    if not isinstance(table, dict):
        raise TrainingError(f"{path}: write what concerns the camera as a table [camera].")
    names = {field.name for field in fields(CameraRecipe)}
    _refuse_other_keys(path, table, needed=names, allowed=set())
    return CameraRecipe(**{name: _number(path, name, table[name]) for name in names})


def _refuse_other_keys(path: Path, table: Mapping[str, Any], needed: set[str], allowed: set[str]) -> None:
    unknown, missing = sorted(set(table) - needed - allowed), sorted(needed - set(table))
    if unknown:
        raise TrainingError(
            f"{path} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(needed | allowed))}."
        )
    if missing:
        raise TrainingError(f"{path} has no key {missing[0]!r}.")


def _tables(path: Path, value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not value or not all(isinstance(table, dict) for table in value):
        raise TrainingError(f"{path}: write each data set as a table [[source]].")
    return value


def _text(path: Path, table: Mapping[str, Any], key: str) -> str:
    if not isinstance(table[key], str) or not table[key]:
        raise TrainingError(f"{path}: {key} is a text in quotes.")
    return str(table[key])


def _number(path: Path, key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or (value == 0 and "seed" not in key):
        raise TrainingError(f"{path}: {key} takes whole numbers above 0, and {value!r} is none.")
    return value
