"""The released network: its ONNX file and the manifest that says how to feed it and how to read its scores."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional, Tuple

from appliance.errors import ModelError
from appliance.manifest import manifest_path


@dataclass(frozen=True)
class Calibration:
    """Platt scaling (Platt 1999): probability = 1 / (1 + exp(-(slope * score + offset))); the slope is positive."""

    slope: float
    offset: float


@dataclass(frozen=True)
class RouteCalibration:
    """How the scores of slices that came by one route are read.

    Attributes
    ----------
    slice_calibration, study_calibration : Calibration
        From scores to probabilities.
    slice_operating_point, operating_point : float
        Probabilities at and above which a slice, and a study, is urgent.
    highest : int
        How many of the highest zones are averaged into the study's score.
    """

    slice_calibration: Calibration
    study_calibration: Calibration
    slice_operating_point: float
    operating_point: float
    highest: int


@dataclass(frozen=True)
class GoldenReference:
    """Simulated slices, and how the float network scores them on ONNX Runtime.

    Attributes
    ----------
    file : pathlib.Path
        The slices; its hash has been checked.
    scores : tuple of tuple of float
        One row a head.
    """

    file: Path
    scores: Tuple[Tuple[float, ...], ...]


@dataclass(frozen=True)
class Release:
    """A released network.

    Attributes
    ----------
    name, version, sha256 : str
        Its identity; the hash is that of the ONNX file `onnx`, also where the network runs in 8-bit integers, and has
        been checked.
    onnx : pathlib.Path
        The slice network, opset 13, free batch axis.
    size : int
        Side of its input in pixels.
    window_width, window_level : float
        Brain window of its input in Hounsfield units.
    files : RouteCalibration
        For slices out of files, DICOM objects or pictures.
    photographs : RouteCalibration or None
        For slices that a camera saw on a screen; None where that was not measured.
    int8 : pathlib.Path or None
        The same network in 8-bit integers, where it was released; its hash has been checked as well.
    int8_tensorrt : pathlib.Path or None
        The same for TensorRT: with scales of its own, and biases in float.
    golden : GoldenReference or None
        What an engine is checked with before it judges; None in releases without.
    """

    name: str
    version: str
    sha256: str
    onnx: Path
    size: int
    window_width: float
    window_level: float
    files: RouteCalibration
    photographs: Optional[RouteCalibration]
    int8: Optional[Path]
    int8_tensorrt: Optional[Path]
    golden: Optional[GoldenReference]


def load_release(manifest: Optional[Path] = None) -> Release:
    """Read a manifest and check the network it names.

    Parameters
    ----------
    manifest : pathlib.Path, optional
        Another manifest than the installed one.

    Returns
    -------
    Release
        The network and its parameters.

    Raises
    ------
    ModelError
        When either file is absent or damaged, or the network is not the one that the manifest names.
    """
    path = manifest_path(manifest)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        onnx = _network(path.parent, document)
        release = _release(path.parent, document, onnx)
    except OSError as error:
        raise ModelError(f"The network cannot be read ({error.filename}); install the appliance again.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The manifest {path} is damaged ({error}); install the appliance again.") from error
    routes = [route for route in (release.files, release.photographs) if route]
    if any(min(route.slice_calibration.slope, route.study_calibration.slope) <= 0 for route in routes):
        raise ModelError(
            f"The manifest {path} has a calibration that turns scores around; install the appliance again."
        )
    return release


def _network(folder: Path, document: Mapping[str, Any]) -> Path:
    """Check a network against the hash beside its name."""
    path = folder / str(document["file"])
    if hashlib.sha256(path.read_bytes()).hexdigest() != document["sha256"]:
        raise ModelError(
            f"The network {path.name} is not the one that its manifest names; install the appliance again."
        )
    return path


def _release(folder: Path, document: Mapping[str, Any], onnx: Path) -> Release:
    beside = {name: _network(folder, document[name]) for name in ("int8", "int8_tensorrt") if name in document}
    picture = document["input"]
    return Release(
        name=str(document["name"]),
        version=str(document["version"]),
        sha256=str(document["sha256"]),
        onnx=onnx,
        size=int(picture["size"]),
        window_width=float(picture["window_width"]),
        window_level=float(picture["window_level"]),
        files=_route(document),
        photographs=_route(document["photographs"]) if "photographs" in document else None,
        int8=beside.get("int8"),
        int8_tensorrt=beside.get("int8_tensorrt"),
        golden=_golden(folder, document["golden"]) if "golden" in document else None,
    )


def _golden(folder: Path, document: Mapping[str, Any]) -> GoldenReference:
    scores = tuple(tuple(float(score) for score in row) for row in document["scores"])
    return GoldenReference(_network(folder, document), scores)


def _route(document: Mapping[str, Any]) -> RouteCalibration:
    return RouteCalibration(
        slice_calibration=_calibration(document["slice_calibration"]),
        study_calibration=_calibration(document["study_calibration"]),
        slice_operating_point=float(document["slice_operating_point"]),
        operating_point=float(document["operating_point"]),
        highest=int(document["pooling"]["highest"]),
    )


def _calibration(document: Mapping[str, Any]) -> Calibration:
    return Calibration(float(document["slope"]), float(document["offset"]))
