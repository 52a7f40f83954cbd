"""Bundles that install.sh is run from, and what it leaves in a scratch root."""

from __future__ import annotations

import ensurepip
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Dict, List

from appliance import __version__

NEWER = "999.0.0"
OPT = "opt/headct-triage"
STATE = "var/lib/headct-triage"


def wheel(repository: Path, folder: Path, version: str) -> None:
    """The appliance as a wheel, as far as the installer runs it; a newer one also has newer tables."""
    name = f"headct_triage-{version}"
    files: Dict[str, bytes] = {}
    for path in (repository / "appliance").rglob("*"):
        if path.suffix in (".py", ".sql", ".json"):
            files[path.relative_to(repository).as_posix()] = path.read_bytes()
    if version != __version__:
        number = 1 + sum(name.startswith("appliance/store/migrations/") for name in files)
        files[f"appliance/store/migrations/{number:04}_later.sql"] = b"CREATE TABLE later (number INTEGER);\n"
        files["appliance/__init__.py"] = f'__version__ = "{version}"\n'.encode()
    about = f"{name}.dist-info/"
    files[about + "METADATA"] = f"Metadata-Version: 2.1\nName: headct-triage\nVersion: {version}\n".encode()
    files[about + "WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[about + "entry_points.txt"] = b"[console_scripts]\ntriage = appliance.cli:main\n"
    files[about + "RECORD"] = "".join(f"{file},,\n" for file in [*files, about + "RECORD"]).encode()
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)


def bundle(repository: Path, folder: Path, version: str) -> None:
    """What `make wheelhouse` makes, with nothing in it but pip and the appliance."""
    (folder / "wheels").mkdir(parents=True)
    # Debian keeps the wheels that ensurepip installs in a folder of their own
    kept = [Path(ensurepip.__file__).parent / "_bundled", Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or os.devnull)]
    pip = next(path for folder_of_wheels in kept for path in folder_of_wheels.glob("pip-*.whl"))
    shutil.copy(pip, folder / "wheels")
    digest, number = hashlib.sha256(pip.read_bytes()).hexdigest(), pip.name.split("-")[1]
    (folder / "requirements.txt").write_text(f"pip=={number} \\\n    --hash=sha256:{digest}\n")
    (folder / "python").write_text("{}.{}\n".format(*sys.version_info))
    wheel(repository, folder / "wheels", version)
    shutil.copytree(repository / "systemd", folder / "systemd")
    shutil.copy(repository / "install.sh", folder)


def environment(root: Path) -> Dict[str, str]:
    """The releases find what the appliance needs where this test does."""
    paths = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRIAGE_", "PYTHON"))}
    return {**kept, "DESTDIR": str(root), "PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(paths)}


def install(folder: Path, root: Path, *action: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the installer of a folder."""
    command = [str(folder / "install.sh"), *action]
    return subprocess.run(command, env={**environment(root), **more}, capture_output=True, text=True, cwd=folder)


def done(run: subprocess.CompletedProcess[str]) -> str:
    """What a run that went well said."""
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stderr


def tree(root: Path) -> List[str]:
    """Each entry below a folder with its permissions and content."""
    found = []
    for path in sorted(root.rglob("*")):
        name = f"{path.relative_to(root)} {path.lstat().st_mode:o}"
        if path.is_symlink():
            name += f" -> {os.readlink(path)}"
        elif path.is_file():
            name += f" {hashlib.sha256(path.read_bytes()).hexdigest()}"
        found.append(name)
    return found


def triage(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the current release's `triage` over its records."""
    store = {"TRIAGE_STORE_FOLDER": str(root / STATE / "store")}
    command = [str(root / OPT / "current/bin/python"), "-m", "appliance.cli", *arguments]
    return subprocess.run(command, env={**environment(root), **store}, capture_output=True, text=True, cwd=root)


def tables(database: Path) -> int:
    """Number of the newest tables of a copy of the records."""
    connection = sqlite3.connect(str(database))
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def current(root: Path) -> str:
    return os.readlink(root / OPT / "current")
