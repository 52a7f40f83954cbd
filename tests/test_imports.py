"""Who may import whom, as DESIGN.md says."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator, List, Optional

import pytest

LAYERS = {
    "errors": 1,
    "study": 1,
    "reasons": 1,
    "verdict": 1,
    "progress": 1,
    "guidance": 1,
    "board": 1,
    "engine": 1,
    "engine_state": 1,
    "files": 1,
    "presence": 1,
    "stop": 1,
    "notify": 1,
    "config": 2,
    "manifest": 2,
    "imaging": 2,
    "config_file": 3,
    "forest_plot": 3,
    "dicom": 3,
    "camera": 3,
    "inference": 3,
    "store": 3,
    "phantom": 3,
    "device": 3,
    "scoring": 4,
    "picture_judging": 5,
    "pipeline": 6,
    "ingest": 6,
    "rendering": 6,
    "heartbeat": 6,
    "board_watch": 6,
    "worker": 7,
    "web": 7,
    "doctor": 8,
    "records": 8,
    "engine_commands": 8,
    "part_commands": 8,
    "people_commands": 8,
    "report": 8,
    "serve": 8,
    "cli": 9,
    "__main__": 9,
}
"""Layer of each room of the appliance. A room knows those below it; only those of layer 1 know each other."""

WEB_NEVER = {"appliance.inference", "appliance.pipeline", "appliance.dicom", "pydicom", "gdcm"}

TRAINING_MAY = {
    "imaging",
    "dicom",
    "camera",
    "study",
    "errors",
    "engine",
    "reasons",
    "verdict",
    "files",
    "config",
    "phantom",
}
"""Rooms that training shares with the appliance."""


def module_name(path: Path, root: Path) -> str:
    """Dotted name of a source file."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Yield the dotted name of all that a module imports, wherever in it and under whatever condition.

    ``from a import b`` yields ``a.b``, since ``b`` may be a module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [] if node.module is None else [node.module]
            if node.level:
                above = module.split(".")
                base = above[: len(above) - node.level + is_package] + base
            yield from (".".join([*base, alias.name]) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            if function in ("import_module", "__import__"):
                yield str(node.args[0].value)


def within(name: str, package: str) -> bool:
    """Tell whether a dotted name is a package or something inside it."""
    return name == package or name.startswith(package + ".")


def fault(module: str, target: str) -> Optional[str]:
    """Say what is wrong with one import; None where nothing is."""
    package, room = (module + ".").split(".")[:2]
    library, other = (target + ".").split(".")[:2]
    if library in ("tensorrt", "pycuda") and not module.startswith("appliance.inference.tensorrt"):
        return "only appliance/inference/tensorrt*.py may import it"
    if library == "jtop" and not within(module, "appliance.device"):
        return "only appliance/device may import it"
    if package == "appliance" and library in ("training", "torch"):
        return "the appliance runs without training"
    if within(module, "appliance.web") and any(within(target, never) for never in WEB_NEVER):
        return "the pages read the store and know neither networks nor DICOM"
    if library != "appliance" or other in ("", "__version__"):
        return None

    if package == "training":
        return None if other in TRAINING_MAY else "training shares only " + ", ".join(sorted(TRAINING_MAY))
    for name in (room, other):
        if name not in LAYERS:
            return f"no layer is given to {name or 'the package itself'}"
    if room == other or LAYERS[other] < LAYERS[room] or LAYERS[other] == LAYERS[room] == 1:
        return None
    return f"layer {LAYERS[room]} must not know layer {LAYERS[other]}"


def faults(root: Path) -> List[str]:
    """List every import under a checkout that goes the wrong way."""
    found = []
    for package in ("appliance", "training"):
        for path in sorted((root / package).rglob("*.py")):
            module = module_name(path, root)
            for target in imported(path.read_text("utf-8"), module, path.name == "__init__.py"):
                reason = fault(module, target)
                if reason:
                    found.append(f"{module} imports {target}: {reason}")
    return found


def test_every_import_goes_the_right_way(repository: Path) -> None:
    assert faults(repository) == []


def test_every_room_has_a_layer(repository: Path) -> None:
    children = (repository / "appliance").iterdir()
    rooms = {path.stem for path in children if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert rooms - {"__init__"} <= set(LAYERS)
    assert {"errors", "study", "config"} <= rooms


WRONG = [
    ("appliance/errors.py", "import appliance.config"),
    ("appliance/study.py", "from appliance import dicom"),
    ("appliance/config.py", "from .imaging.head import outline"),
    ("appliance/imaging/head.py", "from appliance.dicom import reader"),
    ("appliance/imaging/head.py", "from ..dicom.reader import read"),
    ("appliance/dicom/__init__.py", "from ..pipeline import judge"),
    ("appliance/dicom/sub/__init__.py", "from ...store import cases"),
    ("appliance/store/cases.py", "def later():\n    import appliance.phantom"),
    ("appliance/pipeline.py", "from appliance.ingest import spool"),
    ("appliance/worker.py", "import appliance.web.app"),
    ("appliance/web/app.py", "from appliance.pipeline import judge"),
    ("appliance/web/app.py", "from appliance import inference"),
    ("appliance/web/app.py", "from ..dicom import reader"),
    ("appliance/web/app.py", "try:\n    import pydicom.dataset\nexcept ImportError:\n    pass"),
    ("appliance/web/app.py", "from appliance.cli import main"),
    ("appliance/web/app.py", "import importlib\nimportlib.import_module('appliance.inference')"),
    ("appliance/inference/onnx.py", "import tensorrt as trt"),
    ("appliance/inference/tensorrt.py", "import jtop"),
    ("appliance/device/tensorrt.py", "from pycuda import driver"),
    ("appliance/pipeline.py", "from training.network import Network"),
    ("appliance/imaging/tensor.py", "import torch"),
    ("appliance/novelty.py", "from appliance.errors import TriageError"),
    ("appliance/cli.py", "from appliance import novelty"),
    ("appliance/__init__.py", "from appliance.errors import TriageError"),
    ("training/evaluate.py", "from appliance.inference import onnx"),
    ("training/evaluate.py", "from appliance.pipeline import Pipeline"),
    ("training/evaluate.py", "import pycuda.driver"),
]

RIGHT = [
    ("appliance/__init__.py", "__version__ = '1'"),
    ("appliance/verdict.py", "from appliance.errors import TriageError"),
    ("appliance/config.py", "from appliance.errors import ConfigError"),
    ("appliance/imaging/__init__.py", "from .head import outline\nfrom . import zones"),
    ("appliance/dicom/reader.py", "import pydicom\nfrom ..config import Settings\nfrom . import series"),
    ("appliance/inference/tensorrt_build.py", "import tensorrt\nfrom pycuda import driver"),
    ("appliance/device/board.py", "import jtop"),
    ("appliance/pipeline.py", "from appliance import __version__\nfrom appliance.dicom import reader"),
    ("appliance/web/app.py", "from appliance.store import cases\nfrom appliance.ingest import spool"),
    ("appliance/__main__.py", "import appliance.worker, appliance.web"),
    ("training/data.py", "import torch\nfrom appliance.imaging import tensor\nfrom training import splits"),
]


@pytest.mark.parametrize(("name", "source"), WRONG)
def test_a_wrong_import_is_found(tmp_path: Path, name: str, source: str) -> None:
    assert len(faults_in(tmp_path, name, source)) == 1


@pytest.mark.parametrize(("name", "source"), RIGHT)
def test_a_right_import_is_left_alone(tmp_path: Path, name: str, source: str) -> None:
    assert faults_in(tmp_path, name, source) == []


def faults_in(root: Path, name: str, source: str) -> List[str]:
    """Write one source file and check it."""
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_text(source, "utf-8")
    return faults(root)
