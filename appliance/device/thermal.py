"""Temperatures, and what is slowed down because of them, as the kernel tells (``sysfs-class-thermal``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Iterator, Optional, Tuple

from appliance.device.sysfs import number, text

_NO_SENSOR = re.compile(r"PMIC|thermal-fan-est|iwlwifi")
"""Zones that are no temperature of the board: Xavier's PMIC always says 50 or 100 degrees, the next is an estimate."""

_SLOWS_DOWN = re.compile(r".+-throttle-alert$|(thermal-)?cpufreq-|devfreq-|Processor$")
"""Cooling devices that work by lowering clocks. Fans do not, and ``hot-surface-alert`` only warns of a hot case."""


def temperatures_c(folder: Path) -> Dict[str, float]:
    """Return the temperature of each sensor, in degrees Celsius.

    Parameters
    ----------
    folder : pathlib.Path
        ``/sys/class/thermal``.
    """
    return dict(sorted((name, said / 1000) for name, said, _ in _zones(folder)))


def slowed_by_heat(folder: Path) -> Optional[Tuple[str, ...]]:
    """Name what is slowed down by heat: by the kernel's or the firmware's own word, or because a zone has reached its
    passive trip point, where the kernel begins to lower clocks. None where nothing tells.
    """
    found, asked = set(), False
    for cooler in folder.glob("cooling_device*"):
        kind, state = text(cooler / "type"), number(cooler / "cur_state")
        if kind and _SLOWS_DOWN.match(kind) and state is not None:
            asked = True
            if state > 0:
                found.add(re.sub(r"-throttle-alert$", "", kind))
    for name, said, zone in _zones(folder):
        trips = [path for path in zone.glob("trip_point_*_type") if text(path) == "passive"]
        limits = [number(path.with_name(path.name.replace("_type", "_temp"))) for path in trips]
        known = [limit for limit in limits if limit is not None and limit > 0]
        asked = asked or bool(known)
        if any(limit <= said for limit in known):
            found.add(name)
    return tuple(sorted(found)) if asked else None


def _zones(folder: Path) -> Iterator[Tuple[str, int, Path]]:
    """Yield each zone that is a sensor and says something: its name, thousandths of a degree, its folder."""
    for zone in folder.glob("thermal_zone*"):
        name, said = text(zone / "type") or zone.name, number(zone / "temp")
        # what is switched off cannot be read, or says -256
        if said is not None and said > -100_000 and not _NO_SENSOR.match(name):
            yield re.sub(r"[-_](therm|thermal|tegra)$", "", name), said, zone
