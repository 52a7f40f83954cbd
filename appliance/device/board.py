"""What the kernel and NVIDIA's packages say of the board: plain files, readable by everybody.

Where they lie: NVIDIA's Jetson Linux Developer Guide, "Platform Power and Performance", and the kernel's
``sysfs-class-devfreq`` and ``sysfs-class-hwmon``. Another machine than a Jetson says what it has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from appliance.board import Board
from appliance.device.jetson_stats import Told
from appliance.device.power import named_mode, power_mode
from appliance.device.sysfs import number, text
from appliance.device.thermal import slowed_by_heat, temperatures_c

ROOT = Path("/")

_RELEASE = re.compile(r"# R(\d+) \(release\), REVISION: ([\d.]+)")
_JETPACK = re.compile(r"^Package: nvidia-jetpack\n(?:.+\n)*?Version: ([\d.]+)", re.M)
_GPUS = ("gv11b", "gp10b", "ga10b", "gpu")
_COUNTER = re.compile(r"(oc\d+)_(?:event|irq)_cnt$")


@dataclass(frozen=True)
class Identity:
    """What does not change while the board runs.

    Attributes
    ----------
    model, l4t, jetpack : str or None
        As in `Board`.
    """

    model: Optional[str]
    l4t: Optional[str]
    jetpack: Optional[str]


def identity(root: Path = ROOT) -> Identity:
    """Read what the board is. The list of packages is large: this is nothing to ask for often."""
    release = _RELEASE.match(text(root / "etc/nv_tegra_release") or "")
    jetpack = _JETPACK.search(text(root / "var/lib/dpkg/status") or "")
    return Identity(
        model=text(root / "proc/device-tree/model") or _pc(root / "sys/class/dmi/id"),
        l4t=f"{release.group(1)}.{release.group(2)}" if release else None,
        jetpack=jetpack.group(1) if jetpack else None,
    )


def read_board(known: Identity, root: Path = ROOT, told: Optional[Told] = None) -> Board:
    """Read how the board is now.

    Parameters
    ----------
    known : Identity
        What it is.
    root : pathlib.Path
        The file system's root.
    told : Told or None
        What jetson-stats says. It goes before the files, but what it does not say is taken from them.
    """
    gpu, clock = _gpu(root)
    full = _highest(clock)
    load = number(gpu / "load") if gpu else None
    memory = dict(_memory(root / "proc/meminfo"))
    board = Board(
        model=known.model,
        l4t=known.l4t,
        jetpack=known.jetpack,
        power_mode=power_mode(root, full),
        temperatures_c=temperatures_c(root / "sys/class/thermal"),
        gpu_load=None if load is None else min(1.0, max(0.0, load / 1000)),  # in thousandths
        gpu_hz=number(clock / "cur_freq") if clock else None,
        memory_bytes=memory.get("MemTotal"),
        memory_available_bytes=memory.get("MemAvailable"),
        slowed_by_heat=slowed_by_heat(root / "sys/class/thermal"),
        over_current=dict(sorted(_over_current(root))),
    )
    if told is None:
        return board
    return replace(
        board,
        model=board.model or told.model,
        l4t=board.l4t or told.l4t,
        jetpack=board.jetpack or told.jetpack,
        power_mode=named_mode(root, told.power_mode, full) if told.power_mode else board.power_mode,
        temperatures_c=told.temperatures_c or board.temperatures_c,
        gpu_load=board.gpu_load if told.gpu_load is None else told.gpu_load,
        source=told.source,
    )


def _pc(folder: Path) -> Optional[str]:
    """Return what a PC's firmware calls the machine (DMI)."""
    names = [text(folder / name) for name in ("sys_vendor", "product_name")]
    return " ".join(name for name in names if name) or None


def _gpu(root: Path) -> Tuple[Optional[Path], Optional[Path]]:
    """Return the folders of a Jetson's GPU and of its clock.

    Its place changed with every generation; the class of devices with a clock does not. JetPack 6 has ``load`` only
    where the device is, as it always had.
    """
    for clock in sorted((root / "sys/class/devfreq").glob("*")):
        if clock.name.split(".")[-1] in _GPUS:
            return clock / "device", clock
    for place in ("sys/devices/gpu.0", "sys/devices/platform/gpu.0"):
        if (root / place).is_dir():
            return root / place, next(iter(sorted((root / place / "devfreq").glob("*"))), None)
    return None, None


def _highest(clock: Optional[Path]) -> Optional[int]:
    said = text(clock / "available_frequencies") if clock else None
    return max((int(word) for word in (said or "").split() if word.isdigit()), default=None)


def _memory(path: Path) -> Iterator[Tuple[str, int]]:
    for line in (text(path) or "").splitlines():
        words = line.replace(":", " ").split()
        if len(words) > 1 and words[1].isdigit():
            yield words[0], int(words[1]) * 1024


def _over_current(root: Path) -> Iterator[Tuple[str, int]]:
    """Yield the counters of a Jetson's ``soctherm``: of its driver, or, for root alone, of the firmware."""
    counted: Dict[str, int] = {}
    for monitor in sorted((root / "sys/class/hwmon").glob("hwmon*")):
        if text(monitor / "name") == "soctherm_oc":
            for path in monitor.glob("oc*_cnt"):
                name, count = _COUNTER.match(path.name), number(path)
                if name and count is not None:
                    counted[name.group(1)] = count
    if not counted:
        for path in _listed(root / "sys/kernel/debug/bpmp/debug/soctherm"):
            count = number(path / "event_cnt")
            if re.match(r"oc\d+$", path.name) and count is not None:
                counted[f"oc{int(path.name[2:]) + 1}"] = count  # the firmware counts from 0
    yield from counted.items()


def _listed(folder: Path) -> List[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
