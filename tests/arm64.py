"""The appliance on aarch64, without such a machine: ``make arm64``.

It installs the appliance into a Debian bullseye root for arm64, whose glibc 2.31 is that of JetPack 5 (its Python is
3.9), lets it judge the simulated study there under QEMU's user-mode emulation, and compares every slab's probability
with this machine's. The emulator translates each instruction, so what took the time here says nothing of a board.

Needs Debian's packages ``debootstrap`` and ``qemu-user-static``, root, for debootstrap makes device nodes, and 1.5 GB.
Neither a chroot nor binfmt_misc: the emulator is told where the root is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from appliance.phantom.disc import DEMO_BLEED, write_demo_disc

CHECKOUT = Path(__file__).parent.parent
FOLDER = Path(os.environ.get("ARM64_ROOT", CHECKOUT / ".arm64")).resolve()
MIRROR = os.environ.get("ARM64_MIRROR", "http://deb.debian.org/debian")
SUITE, PYTHON = "bullseye", "python3.9"
EMULATOR = "qemu-aarch64-static"

AGREES = {"fp32": 1e-5, "int8": 1e-3}
"""Probabilities may differ by this, by the network's precision: both machines add up the same products, but not in the
same order. In the 8-bit network the last bit of such a sum may become a step of 1/255 of a layer's range."""

STUDY = """
import sys
from appliance.cli import main
from appliance.dicom import reader

reader.START_SECONDS = 900.0
sys.exit(main())
"""
"""``triage study``, whose child processes may load for longer than they may on a board."""

VERSIONS = ("numpy", "onnxruntime", "opencv-python-headless", "pydicom", "python-gdcm", "pylibjpeg-openjpeg")

root, packages, interpreter = FOLDER / "root", FOLDER / "packages", FOLDER / "root" / "usr" / "bin" / "python-arm64"


def make_root() -> None:
    """Unpack a minimal Debian with Python; its packages are not configured, for nothing of them runs but Python."""
    if interpreter.exists():
        return
    shutil.rmtree(root, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    options = ["--foreign", "--arch=arm64", "--variant=minbase", "--no-merged-usr"]
    options += [f"--include={PYTHON},python3-distutils,libstdc++6"]  # pip needs distutils
    _run(["debootstrap", *options, SUITE, str(root), MIRROR])
    for package in sorted((root / "var" / "cache" / "apt" / "archives").glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(package), str(root)])
    # the appliance starts itself again for its children: this is what it finds as its interpreter
    script = f'#!/bin/sh\nexec {shutil.which(EMULATOR)} -L {root} -0 "$0" {root}/usr/bin/{PYTHON} "$@"\n'
    interpreter.write_text(script, "ascii")
    interpreter.chmod(0o755)


def install() -> None:
    """Install the appliance as on a board: with the emulated Python's own pip, from wheels alone."""
    shutil.rmtree(packages, ignore_errors=True)
    pip, wheels = FOLDER / "pip", FOLDER / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    own = [sys.executable, "-m", "pip"]
    if not pip.exists():
        _run([*own, "install", "--quiet", "--target", str(pip), "pip<26"])
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        kept = shutil.ignore_patterns(".*", "*.egg-info", "build", "__pycache__")
        shutil.copytree(CHECKOUT, source, ignore=kept)
        _run([*own, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(source)])
    (wheel,) = wheels.glob("*.whl")
    options = ["--only-binary", ":all:", "--prefer-binary", "--no-compile"]
    options += ["--disable-pip-version-check", "--root-user-action=ignore"]
    command = [str(interpreter), "-m", "pip", "install", "--quiet", *options, "--target", str(packages), str(wheel)]
    _run(command, _environment(pip))


def judge(command: Sequence[str], disc: Path, precision: str, environment: Mapping[str, str]) -> Dict[str, Any]:
    """Return what ``triage study`` says of a disc with the network of one precision."""
    began = time.monotonic()
    run = subprocess.run(
        [*command, "-c", STUDY, "study", str(disc), "--json"],
        cwd=FOLDER,
        env={**environment, "TRIAGE_ENGINE_PRECISION": precision},
        stdout=subprocess.PIPE,
        text=True,
    )
    if run.returncode not in (0, 3):
        raise SystemExit(f"triage study ended with status {run.returncode}")
    answer: Dict[str, Any] = json.loads(run.stdout)
    answer["took_s"] = time.monotonic() - began
    return answer


def compare(here: Dict[str, Any], there: Dict[str, Any], limit: float) -> List[str]:
    """List what differs between two answers on one study."""
    wrong = [f"{key}: {here[key]} and {there[key]}" for key in ("verdict", "reasons") if here[key] != there[key]]
    positions = [[slab["position_mm"] for slab in answer["slabs"]] for answer in (here, there)]
    if not positions[0] or positions[0] != positions[1]:
        wrong.append(f"{len(positions[0])} and {len(positions[1])} slabs, or at other positions")
    if difference(here, there) > limit:
        wrong.append(f"probabilities differ by up to {difference(here, there):.2e}, more than {limit:.0e}")
    return wrong


def difference(here: Dict[str, Any], there: Dict[str, Any]) -> float:
    """Return by how much two answers' probabilities differ at most: of the study, its zones and its slabs."""
    pairs = [(here["urgent_probability"], there["urgent_probability"])]
    for key in ("zones", "slabs"):
        pairs += [(one["probability"], other["probability"]) for one, other in zip(here[key], there[key])]
    # what neither judged stands among the reasons
    return max((abs(float(one) - float(other)) for one, other in pairs if None not in (one, other)), default=0.0)


def main() -> int:
    """Entry point."""
    for program, package in (("debootstrap", "debootstrap"), (EMULATOR, "qemu-user-static"), ("dpkg-deb", "dpkg")):
        if shutil.which(program) is None:
            print(f"{program} is absent: install Debian's package {package}, then try again", file=sys.stderr)
            return 2
    print(f"Making a root for arm64 in {FOLDER} ...", flush=True)
    make_root()
    print("Installing the appliance into it, from wheels for aarch64 ...", flush=True)
    install()
    machine = "import platform, sys; print(platform.machine(), platform.python_version(), *platform.libc_ver())"
    names = f"from importlib.metadata import version; print(*(n + ' ' + version(n) for n in {VERSIONS!r}), sep=', ')"
    for code in (machine, names):
        _run([str(interpreter), "-c", code], _environment(packages))
    wrong: List[str] = []
    for name, bleed, precision in (
        ("with a bleed", DEMO_BLEED, "fp32"),
        ("without one", None, "fp32"),
        ("with a bleed", DEMO_BLEED, "int8"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            disc = write_demo_disc(Path(folder) / "disc", bleed, 0).folder
            here = judge([sys.executable], disc, precision, _environment(CHECKOUT))
            there = judge([str(interpreter)], disc, precision, _environment(packages))
        found = compare(here, there, AGREES[precision])
        wrong += found
        told = f"{there['verdict']} of {len(there['slabs'])} slabs; probabilities differ by at most"
        took = f"{here['took_s']:.1f} s here, {there['took_s']:.0f} s emulated"
        print(f"The simulated study {name}, {precision}: {told} {difference(here, there):.1e}; {took}", flush=True)
    print("\n".join(wrong) or "arm64 judges as this machine")
    return 1 if wrong else 0


def _environment(path: Path) -> Dict[str, str]:
    own = {"PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
    return {**os.environ, **own, "TRIAGE_DECODE_SECONDS_PER_FILE": "900"}  # time is another under emulation


def _run(command: Sequence[str], environment: Optional[Mapping[str, str]] = None) -> None:
    subprocess.run(command, check=True, cwd=FOLDER, env=environment)


if __name__ == "__main__":
    sys.exit(main())
