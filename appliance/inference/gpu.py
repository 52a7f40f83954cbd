"""The graphics processor and its TensorRT, found when they are asked for: most machines have neither."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Tuple

from appliance.engine import Engine
from appliance.engine_state import EngineState, EngineUnusable
from appliance.errors import TriageError

PROFILE: Tuple[int, int, int] = (1, 32, 64)
"""Fewest, likely and most slices at once. One profile, and not a second one for 8 slices: a head has about 30 slabs of
5 mm, a batch of 8 is the quicker one anyway, and each profile doubles the time of building and the memory of a context.
A series with more slabs is scored in parts."""

DRIVER_FILES = (Path("/proc/driver/nvidia/version"), Path("/etc/nv_tegra_release"))
"""Where the kernel module, and on a Jetson the board support package it belongs to, tell their release."""

Say = Callable[[str], None]
"""Takes what is being done, for a person who waits."""


class CannotBuildError(TriageError):
    """TensorRT cannot make an engine of the network."""

    code = "cannot_build"


@dataclass(frozen=True)
class Built:
    """What building gave.

    Attributes
    ----------
    engine : bytes
        The engine.
    timings : bytes
        The timing cache, for the next time.
    """

    engine: bytes
    timings: bytes


@dataclass(frozen=True)
class Gpu:
    """A graphics processor with its software.

    Attributes
    ----------
    device, architecture : str
        Its name and kind, as ``Orin`` and ``sm_87``.
    tensorrt, cuda, driver : str
        Versions.
    flags : callable
        From a precision to the builder flags that this version has for it, in words.
    build : callable
        From ONNX, side of a slice, precision, an earlier timing cache and where to say what is done, to an engine.
        Raises `CannotBuildError`.
    engine : callable
        From an engine, side of a slice and precision, to what runs it.
    """

    device: str
    architecture: str
    tensorrt: str
    cuda: str
    driver: str
    flags: Callable[[str], str]
    build: Callable[[bytes, int, str, bytes, Say], Built]
    engine: Callable[[bytes, int, str], Engine]


def find_gpu() -> Gpu:
    """Load TensorRT and pycuda and look for the device.

    Raises
    ------
    EngineUnusable
        With ``NO_TENSORRT`` where one of them is not installed, ``NO_GPU`` where there is no device or no driver.
    """
    try:
        from appliance.inference.tensorrt_device import open_gpu
    except ModuleNotFoundError as error:
        raise EngineUnusable(EngineState.NO_TENSORRT, detail=f"{error.name} is absent") from error
    except ImportError as error:  # the driver's own library, libcuda.so.1, comes with the driver
        raise EngineUnusable(EngineState.NO_GPU, detail=str(error)) from error
    return open_gpu()


def driver_release(files: Tuple[Path, ...] = DRIVER_FILES) -> str:
    """Return the release of the driver, as ``535.104.05`` or ``540.3.0 R36.4.3``; ``unknown`` where nothing tells it.

    From JetPack 6 on a Jetson has both files, and updates of its board support package keep the module's number.
    """
    found = []
    for path in files:
        try:
            text = path.read_text("ascii", "replace")
        except OSError:
            continue
        module = re.search(r"Kernel Module.*?\s([0-9]+(?:\.[0-9]+)+)", text)
        if module:
            found.append(module[1])
        board = re.search(r"# (R[0-9]+).*?REVISION: ([0-9.]+)", text)
        if board:
            found.append(f"{board[1]}.{board[2]}")
    return " ".join(found) or "unknown"
