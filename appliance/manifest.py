"""The manifest of the released network, for whoever names the network without running it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional

import trt_engines
from appliance.errors import ModelError


@dataclass(frozen=True)
class ReleaseFacts:
    """What a manifest says of its network. The hash is what should be; `appliance.inference.release` checks it.

    Attributes
    ----------
    name, version, sha256 : str
        Identity of the network.
    slice_operating_point, operating_point : float
        Probabilities at and above which a slice, and a study, is urgent. They were chosen with the network.
    window_width, window_level : float
        Brain window of its input in Hounsfield units.
    gate : mapping or None
        What refuses photographs that it would misjudge (`appliance.camera.quality.Gate`); None where it was not
        measured on photographs.
    """

    name: str
    version: str
    sha256: str
    slice_operating_point: float
    operating_point: float
    window_width: float
    window_level: float
    gate: Optional[Mapping[str, Any]]


def manifest_path(manifest: Optional[Path] = None) -> Path:
    """Return where the manifest is: the one that is named, or that which was installed with the package."""
    return manifest or Path(trt_engines.__file__).parent / "manifest.json"


def read_facts(manifest: Optional[Path] = None) -> ReleaseFacts:
    """Read what a manifest says of its network.

    Parameters
    ----------
    manifest : pathlib.Path, optional
        Another manifest than the installed one.

    Raises
    ------
    ModelError
        When it is absent or damaged.
    """
    path = manifest_path(manifest)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return ReleaseFacts(
            name=str(document["name"]),
            version=str(document["version"]),
            sha256=str(document["sha256"]),
            slice_operating_point=float(document["slice_operating_point"]),
            operating_point=float(document["operating_point"]),
            window_width=float(document["input"]["window_width"]),
            window_level=float(document["input"]["window_level"]),
            gate=document["photographs"]["gate"] if "photographs" in document else None,
        )
    except OSError as error:
        raise ModelError(f"The manifest {path} cannot be read; install the appliance again.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The manifest {path} is damaged ({error}); install the appliance again.") from error
