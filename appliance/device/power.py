"""The power mode of a Jetson, and how much of the board's speed it allows.

``nvpmodel`` writes the mode it has set into a file, and the modes of a board stand in another, so neither root nor a
run of the program is needed. In that table ``GPU MAX_FREQ -1`` means that the GPU's clock has no limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional

from appliance.board import PowerMode
from appliance.device.sysfs import text

_MODES = Path("etc/nvpmodel.conf")
_CURRENT = Path("var/lib/nvpmodel/status")

_MODE = re.compile(r"<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+)\s*>")
_DEFAULT = re.compile(r"<\s*PM_CONFIG\s+DEFAULT=(\d+)\s*>")
_CORE = re.compile(r"CPU_ONLINE\s+CORE_\d+\s+1\b")
_GPU = re.compile(r"GPU\s+MAX_FREQ\s+(-?\d+)\b")
_STATUS = re.compile(r"pmode:(\d+)")


@dataclass
class _Limits:
    name: str
    cores: int = 0
    gpu_hz: Optional[int] = None  # None: no limit, or not said


def power_mode(root: Path, gpu_full_hz: Optional[int]) -> Optional[PowerMode]:
    """Return the power mode of the board; None where it has none, or its number stands in no table.

    Parameters
    ----------
    root : pathlib.Path
        The file system's root.
    gpu_full_hz : int or None
        The highest clock that the GPU can have.
    """
    table = text(root / _MODES) or ""
    modes = _read(table)
    status = _STATUS.match(text(root / _CURRENT) or "")
    # a board whose mode nobody has changed has no status yet, and is in its default
    number = status or _DEFAULT.search(table)
    if number is None or int(number.group(1)) not in modes:
        return None
    current = modes[int(number.group(1))]
    return PowerMode(current.name, _share(current, modes, gpu_full_hz))


def named_mode(root: Path, name: str, gpu_full_hz: Optional[int]) -> PowerMode:
    """Return a power mode of the board by its name, which may have spaces for underscores."""
    modes = _read(text(root / _MODES) or "")
    for mode in modes.values():
        if mode.name.replace("_", " ") == name.replace("_", " "):
            return PowerMode(mode.name, _share(mode, modes, gpu_full_hz))
    return PowerMode(name)


def _read(table: str) -> Dict[int, _Limits]:
    modes: Dict[int, _Limits] = {}
    mode: Optional[_Limits] = None
    for line in map(str.strip, table.splitlines()):
        begins, gpu = _MODE.match(line), _GPU.match(line)
        if begins:
            mode = modes.setdefault(int(begins.group(1)), _Limits(begins.group(2)))
        elif mode is not None and _CORE.match(line):
            mode.cores += 1
        elif mode is not None and gpu:
            mode.gpu_hz = int(gpu.group(1)) if int(gpu.group(1)) > 0 else None
    return modes


def _share(current: _Limits, modes: Dict[int, _Limits], gpu_full_hz: Optional[int]) -> Optional[float]:
    shares = []
    cores = max(mode.cores for mode in modes.values())
    if cores:
        shares.append(current.cores / cores)
    # where the GPU does not say how fast it can be, the highest limit of any mode is surely not too much
    full = max([gpu_full_hz or 0, *(mode.gpu_hz or 0 for mode in modes.values())])
    if full:
        shares.append(min(1.0, (current.gpu_hz or full) / full))
    return min(shares, default=None)
