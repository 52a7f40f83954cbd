"""What is known of the board that the appliance runs on, and what strains it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Mapping, Optional, Tuple

SLOW = 0.6
"""A power mode is low that allows less than this share of the board's speed. Of a Jetson AGX Xavier's modes 10W, 15W
and those with four cores or fewer are low, and 30W_ALL is not; of an AGX Orin's 15W and 30W, and 50W is not."""


class Strain(str, Enum):
    """Why answers take longer than they need to."""

    HEAT = "heat"
    """The board slows itself down because it is hot."""
    POWER = "power"
    """The board slows itself down because its supply gives too little, or it drew more than it may."""
    LOW_POWER_MODE = "low_power_mode"
    """Somebody chose, or nobody changed, a power mode that allows less than `SLOW`."""


@dataclass(frozen=True)
class PowerMode:
    """A power mode of NVIDIA's ``nvpmodel``.

    Attributes
    ----------
    name : str
        Its name, as ``MODE_15W``.
    share : float or None
        Of the speed of the board's fastest mode, the smaller of the shares of the GPU's clock and of the processor
        cores; None where the modes' table does not say.
    """

    name: str
    share: Optional[float] = None

    @property
    def low(self) -> bool:
        """Whether a much faster mode could be chosen."""
        return self.share is not None and self.share < SLOW


@dataclass(frozen=True)
class Board:
    """What a board says of itself; None, or nothing, where it does not say.

    Attributes
    ----------
    model : str or None
        As ``Jetson-AGX`` or ``NVIDIA Jetson AGX Orin Developer Kit``.
    l4t : str or None
        Release of NVIDIA's Linux for Tegra, as ``35.6.0``.
    jetpack : str or None
        Release of JetPack, as ``5.1.4``.
    power_mode : PowerMode or None
        The one it is in.
    temperatures_c : mapping of str to float
        In degrees Celsius, by the name of the sensor.
    gpu_load : float or None
        Share of the time in which the GPU works.
    gpu_hz : int or None
        The GPU's clock now.
    memory_bytes, memory_available_bytes : int or None
        All memory, which a Jetson's GPU shares, and what programs can still have of it.
    slowed_by_heat : tuple of str or None
        Parts whose clock is held down now because of heat.
    over_current : mapping of str to int
        How often since the start of the board a limit of its power supply was touched, by the counter's name.
    source : str or None
        What else than the kernel's files was asked, as ``jetson-stats 4.3.2``.
    """

    model: Optional[str] = None
    l4t: Optional[str] = None
    jetpack: Optional[str] = None
    power_mode: Optional[PowerMode] = None
    temperatures_c: Mapping[str, float] = field(default_factory=dict)
    gpu_load: Optional[float] = None
    gpu_hz: Optional[int] = None
    memory_bytes: Optional[int] = None
    memory_available_bytes: Optional[int] = None
    slowed_by_heat: Optional[Tuple[str, ...]] = None
    over_current: Mapping[str, int] = field(default_factory=dict)
    source: Optional[str] = None

    @property
    def hottest(self) -> Optional[Tuple[str, float]]:
        """The hottest sensor and its temperature."""
        if not self.temperatures_c:
            return None
        name = max(self.temperatures_c, key=lambda name: self.temperatures_c[name])
        return name, self.temperatures_c[name]
