"""Every test that docs/security.md and docs/risk.md name exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_line_of_the_security_tables_names_a_test(repository: Path) -> None:
    text = (repository / "docs" / "security.md").read_text("utf-8")
    lines = [
        line
        for line in text.splitlines()
        if line.startswith("| ") and not line.startswith(("| ---", "| line", "| number"))
    ]
    assert len(lines) > 70
    assert [line for line in lines if not NAMED.search(line)] == []


def test_every_named_test_exists(repository: Path) -> None:
    found = NAMED.findall((repository / "docs" / "security.md").read_text("utf-8"))
    for path in {path for path, _ in found}:
        tree = ast.parse((repository / path).read_text("utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert {name for file, name in found if file == path} <= functions, path


def test_no_number_is_listed_twice(repository: Path) -> None:
    text = (repository / "docs" / "security.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d[\d., to]+) \|", text, re.M)
    single = [number for row in rows for number in re.findall(r"\d+\.\d+\.\d+", row)]
    assert sorted(single) == sorted(set(single))


@pytest.mark.parametrize("document", ["security.md", "risk.md"])
def test_every_named_file_exists(repository: Path, document: str) -> None:
    for path in re.findall(r"`(tests/[\w/]+\.py)(?:::\w+)?`", (repository / "docs" / document).read_text("utf-8")):
        assert (repository / path).is_file(), path
