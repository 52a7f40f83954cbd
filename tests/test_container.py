"""The Jetson image, as far as it can be looked at without building it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest


@pytest.fixture(scope="module")
def dockerfile(repository: Path) -> str:
    return (repository / "Dockerfile.l4t").read_text("utf-8").replace("\\\n", " ")


def instructions(dockerfile: str, name: str) -> List[str]:
    """Arguments of each instruction of a kind."""
    return re.findall(f"^{name} +(.*)$", dockerfile, re.M)


def test_hadolint_has_nothing_to_say(repository: Path) -> None:
    tool = shutil.which("hadolint") or str(Path(sys.executable).with_name("hadolint"))
    if not Path(tool).exists():
        pytest.skip("hadolint is not installed")
    run = subprocess.run([tool, str(repository / "Dockerfile.l4t")], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_base_is_an_argument(dockerfile: str) -> None:
    assert instructions(dockerfile, "ARG")[0] == "BASE=nvcr.io/nvidia/l4t-jetpack:r35.4.1"
    assert instructions(dockerfile, "FROM") == ["${BASE} AS builder", "${BASE}"]


def test_nothing_runs_as_root(dockerfile: str) -> None:
    (user,) = instructions(dockerfile, "USER")
    assert re.match("[1-9][0-9]*:[1-9][0-9]*$", user)
    assert dockerfile.index("USER ") < dockerfile.index("ENTRYPOINT ")


def test_no_engine_is_built_or_copied(dockerfile: str, repository: Path) -> None:
    assert not [command for command in instructions(dockerfile, "RUN") if "build-engine" in command]
    assert "**/*.engine" in (repository / ".dockerignore").read_text("utf-8").splitlines()
    assert instructions(dockerfile, "VOLUME") == ["/var/lib/headct-triage"]


def test_what_is_copied_is_there(dockerfile: str, repository: Path) -> None:
    ignored = (repository / ".dockerignore").read_text("utf-8").splitlines()
    for arguments in instructions(dockerfile, "COPY"):
        if arguments.startswith("--from"):
            continue
        for source in arguments.split()[:-1]:
            first = source.split("/")[0].rstrip("*")
            assert f"!{first}" in ignored, f"{source} does not get into the build"
            for jetpack in "56":
                path = repository / source.replace("${JETPACK}", jetpack)
                assert "*" in source or path.exists(), f"{source} is absent"


@pytest.mark.parametrize("jetpack", ["jetpack5", "jetpack6"])
def test_every_package_is_pinned_with_its_hashes(repository: Path, jetpack: str) -> None:
    for name in (f"{jetpack}.txt", f"{jetpack}-cuda.txt"):
        text = re.sub("(^|\n) *#[^\n]*", "", (repository / "requirements" / name).read_text("utf-8"))
        for entry in re.split(r"\n(?=\S)", text.strip()):
            assert re.match(r"[a-z0-9-]+==[^ ]+ \\\n +--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize(("jetpack", "python"), [("jetpack5", "3.8"), ("jetpack6", "3.10")])
def test_the_pinned_set_is_what_setup_py_asks_for(repository: Path, jetpack: str, python: str) -> None:
    """A new dependency, or a bound that moved, needs a new set; the command stands in the .in file."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    setup = (repository / "setup.py").read_text("utf-8")
    lists = re.search("^APPLIANCE = (.*?^])", setup, re.M | re.S), re.search("^MEDIA = (.*?^])", setup, re.M | re.S)
    wanted = [Requirement(text) for found in lists if found for text in eval(found.group(1))]
    pins = dict(re.findall("^([a-z0-9-]+)==([^ ]+)", (repository / f"requirements/{jetpack}.txt").read_text(), re.M))
    assert len(wanted) > 10
    for requirement in wanted:
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            pin = pins.get(canonicalize_name(requirement.name))
            assert pin and requirement.specifier.contains(pin), f"{requirement} is {pin or 'not'} in {jetpack}.txt"
