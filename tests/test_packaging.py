"""What an installation holds."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Iterator

import pytest

PACKAGES = ("appliance", "training", "trt_engines")
NOT_INSTALLED = ("__pycache__", "*.pyc", "*.engine", ".*")


@pytest.fixture(scope="module")
def source(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy of what a wheel is built from, since building leaves files behind."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("setup.py", "pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(repository / name, folder / name)
    for name in PACKAGES:
        shutil.copytree(repository / name, folder / name, ignore=shutil.ignore_patterns(*NOT_INSTALLED))
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Wheel built as pip builds it, with an engine lying about that must not be shipped."""
    engine = source / "trt_engines" / "fits_one_device.engine"
    engine.write_bytes(b"")
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    run = subprocess.run([*pip, "--wheel-dir", folder, source], capture_output=True, text=True)
    engine.unlink()
    assert run.returncode == 0, run.stdout + run.stderr
    (path,) = folder.glob("headct_triage-*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_every_module_and_data_file_is_inside(wheel: zipfile.ZipFile, source: Path) -> None:
    files = (path for package in PACKAGES for path in (source / package).rglob("*") if path.is_file())
    present = {path.relative_to(source).as_posix() for path in files}
    installed = {name for name in wheel.namelist() if name.split("/")[0] in PACKAGES}
    assert present - installed == set(), "not installed"
    assert installed - present == set(), "installed, but not in the checkout"


def test_the_tests_stay_outside(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name} == set(PACKAGES)


def test_console_scripts(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    entry_points = configparser.ConfigParser()
    entry_points.read_string(wheel.read(name).decode())
    assert dict(entry_points["console_scripts"]) == {
        "triage": "appliance.cli:main",
        "triage-train": "training.cli:main",
    }
