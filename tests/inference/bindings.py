"""NVIDIA's own Python bindings without the libraries behind them: small stubs stand in for those."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import List, NamedTuple

import pytest


class Bindings(NamedTuple):
    """A published wheel of bindings."""

    requirement: str
    python: str
    release: str


JETPACK_5 = Bindings("tensorrt-bindings==8.6.1", "3.8", "8.6.1")
JETPACK_6 = Bindings("tensorrt-cu12-bindings==10.3.0", "3.10", "10.3.0")

_OURS = re.compile(
    r"\bU (\w*(?:nvuffparser|nvcaffeparser|_INTERNAL|PluginRegistry|NvOnnxParserVersion|NvInferPlugins)\w*)"
)


def unpacked(bindings: Bindings, folder: Path) -> Path:
    """Fetch a wheel, unpack it, and put stubs of the libraries that it loads beside it; skips where there is none."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    target = ["--python-version", bindings.python, "--platform", "manylinux_2_17_x86_64", "--dest", str(folder)]
    run = subprocess.run([*pip, *target, bindings.requirement], capture_output=True, text=True, timeout=120)
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        pytest.skip(f"{bindings.requirement} cannot be fetched: {run.stderr.strip().splitlines()[-1:]}")
    site = folder / "site"
    with zipfile.ZipFile(wheels[0]) as archive:
        archive.extractall(site)
    _write_stubs(site / "tensorrt_bindings")
    return site


def interpreter(bindings: Bindings) -> Path:
    """Return the Python that a wheel was built for; skips where there is none."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: List[Path] = sorted(versions.glob(f"{bindings.python}.*/bin/python"))
    for path in [*found, Path(f"/usr/bin/python{bindings.python}")]:
        if path.exists():
            return path
    pytest.skip(f"there is no Python {bindings.python} under pyenv")


def _write_stubs(folder: Path) -> None:
    """Compile a library for each that the bindings are linked with; nothing calls its functions."""
    module = folder / "tensorrt.so"
    needed = re.findall(r"Shared library: \[(libnv\S+)\]", _output("readelf", "-d", str(module)))
    functions = _OURS.findall(_output("nm", "-D", "--undefined-only", str(module)))
    assert needed and functions, "the bindings are linked with nothing of NVIDIA's"
    source = folder / "stub.c"
    for number, name in enumerate(needed):
        # all symbols in the first one: the loader looks in every library
        source.write_text("\n".join(f"void *{function}(void) {{ return 0; }}" for function in functions if not number))
        _output("gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(folder / name), str(source))


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip(f"{command[0]} is not installed")


def run(python: Path, site: Path, script: Path, *arguments: str) -> str:
    """Run a script with bindings on its path, and return what it prints."""
    done = subprocess.run(
        [str(python), str(script), *arguments],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(site), "PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
