"""How the machine is, as Linux says it of every board: load, memory, temperature, time since its start."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from appliance.device.thermal import temperatures_c

_THERMAL = Path("/sys/class/thermal")
_MEMORY = Path("/proc/meminfo")


@dataclass(frozen=True)
class Health:
    """How the machine is.

    Attributes
    ----------
    name, architecture : str
        Its own name, and its processor's kind.
    cores : int
        Processor cores.
    load : float
        Processes that ran or waited to run, mean of the last minute.
    memory_mb, memory_available_mb : int or None
        All memory, and what programs can still have of it; None where the kernel does not say.
    hottest_c : float or None
        The hottest sensor, in degrees Celsius; None where there is none.
    up_s : float
        Seconds since the machine was started.
    """

    name: str
    architecture: str
    cores: int
    load: float
    memory_mb: Optional[int]
    memory_available_mb: Optional[int]
    hottest_c: Optional[float]
    up_s: float


def health(thermal: Path = _THERMAL, memory: Path = _MEMORY) -> Health:
    """Look at the machine.

    Parameters
    ----------
    thermal, memory : pathlib.Path
        Where the kernel tells temperatures (``sysfs-class-thermal``) and memory (``proc(5)``).
    """
    return Health(
        name=platform.node(),
        architecture=platform.machine(),
        cores=os.cpu_count() or 1,
        load=os.getloadavg()[0],
        memory_mb=_megabytes(memory, "MemTotal"),
        memory_available_mb=_megabytes(memory, "MemAvailable"),
        hottest_c=max(temperatures_c(thermal).values(), default=None),
        up_s=time.clock_gettime(time.CLOCK_BOOTTIME),
    )


def _megabytes(memory: Path, name: str) -> Optional[int]:
    try:
        lines = memory.read_text("ascii").splitlines()
        return next((int(line.split()[1]) * 1024 // 1_000_000 for line in lines if line.startswith(name + ":")), None)
    except (OSError, ValueError, IndexError):
        return None
