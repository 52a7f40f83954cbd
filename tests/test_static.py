"""ruff and mypy have nothing to say."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", ["ruff check --output-format=concise .", "mypy"])
def test_nothing_to_say(repository: Path, command: str) -> None:
    tool, *options = command.split()
    if importlib.util.find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed")
    run = subprocess.run([sys.executable, "-m", tool, *options], cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
