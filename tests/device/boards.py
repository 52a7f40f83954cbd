"""File systems as two Jetsons show them, and what strains them: made by hand after NVIDIA's own files.

The places are those of Jetson Linux 35 on an AGX Xavier and of 36 on an AGX Orin; the tables of power modes are the
boards' own, less what nobody reads here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterable, Optional, Tuple

PACKAGES = """Package: nvidia-l4t-core
Status: install ok installed
Architecture: arm64
Version: {l4t}

Package: nvidia-jetpack
Status: install ok installed
Priority: standard
Architecture: arm64
Version: {jetpack}
Depends: nvidia-jetpack-runtime (= {jetpack})

Package: zlib1g
Status: install ok installed
Version: 1:1.2.11
"""

# name: cores online, the GPU's limit
XAVIER_MODES: Dict[str, Tuple[int, int]] = {
    "MAXN": (8, -1),
    "MODE_10W": (2, 520000000),
    "MODE_15W": (4, 670000000),
    "MODE_30W_ALL": (8, 900000000),
    "MODE_30W_6CORE": (6, 900000000),
    "MODE_30W_4CORE": (4, 900000000),
    "MODE_30W_2CORE": (2, 900000000),
    "MODE_15W_DESKTOP": (4, 670000000),
}
ORIN_MODES: Dict[str, Tuple[int, int]] = {
    "MAXN": (12, -1),
    "MODE_15W": (4, 420750000),
    "MODE_30W": (8, 612000000),
    "MODE_50W": (12, 828750000),
}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def modes(kinds: Dict[str, Tuple[int, int]], cores: int, default: int) -> str:
    """``/etc/nvpmodel.conf`` as NVIDIA writes it."""
    lines = [
        "< PARAM TYPE=FILE NAME=CPU_ONLINE >",
        *(f"CORE_{core} /sys/devices/system/cpu/cpu{core}/online" for core in range(cores)),
        "",
        "< PARAM TYPE=CLOCK NAME=GPU >",
        "FREQ_TABLE /sys/devices/17000000.gv11b/devfreq/17000000.gv11b/available_frequencies",
        "MAX_FREQ /sys/devices/17000000.gv11b/devfreq/17000000.gv11b/max_freq",
        "",
    ]
    for number, (name, (online, gpu)) in enumerate(kinds.items()):
        lines += [f"< POWER_MODEL ID={number} NAME={name} >"]
        lines += [f"CPU_ONLINE CORE_{core} {int(core < online)}" for core in range(cores)]
        lines += ["GPU_POWER_CONTROL_ENABLE GPU_PWR_CNTL_EN on", "GPU MIN_FREQ 0", f"GPU MAX_FREQ {gpu}"]
        lines += ["EMC MAX_FREQ 0", ""]
    lines += ["# mandatory section to configure the default power mode", f"< PM_CONFIG DEFAULT={default} >", ""]
    return "\n".join(lines)


def thermal(root: Path, zones: Iterable[Tuple[str, Optional[int]]], coolers: Iterable[str]) -> None:
    """``/sys/class/thermal``; a zone without a temperature is of a part that is switched off."""
    folder = root / "sys/class/thermal"
    for number, (name, temperature) in enumerate(zones):
        zone = folder / f"thermal_zone{number}"
        write(zone / "type", name + "\n")
        for trip, (kind, limit) in enumerate((("critical", 104500), ("passive", 99000), ("active", 35000))):
            write(zone / f"trip_point_{trip}_type", kind + "\n")
            write(zone / f"trip_point_{trip}_temp", f"{limit}\n")
        if temperature is None:
            (zone / "temp").mkdir()  # it cannot be read either
        else:
            write(zone / "temp", f"{temperature}\n")
    for number, name in enumerate(coolers):
        write(folder / f"cooling_device{number}" / "type", name + "\n")
        write(folder / f"cooling_device{number}" / "cur_state", "3\n" if name == "pwm-fan" else "0\n")


def gpu(root: Path, place: str, name: str, frequencies: str) -> None:
    device = root / place / name
    clock = device / "devfreq" / name
    write(device / "load", "437\n")
    write(clock / "cur_freq", frequencies.split()[-1] + "\n")
    write(clock / "available_frequencies", frequencies + " \n")
    (clock / "device").symlink_to(device)
    (root / "sys/class/devfreq").mkdir(parents=True)
    (root / "sys/class/devfreq" / name).symlink_to(clock)


def xavier(root: Path, mode: Optional[int] = 0) -> Path:
    """An AGX Xavier on JetPack 5.1.4; its default is 15 W."""
    write(root / "proc/device-tree/model", "Jetson-AGX\0")
    write(root / "proc/meminfo", "MemTotal:       31190788 kB\nMemFree:   1 kB\nMemAvailable:   27912340 kB\n")
    write(
        root / "etc/nv_tegra_release",
        "# R35 (release), REVISION: 6.0, GCID: 37391689, BOARD: t186ref, EABI: aarch64, DATE: Wed Aug 28 2024\n",
    )
    write(root / "var/lib/dpkg/status", PACKAGES.format(l4t="35.6.0-20240828091227", jetpack="5.1.4-b17"))
    write(root / "etc/nvpmodel.conf", modes(XAVIER_MODES, 8, 2))
    if mode is not None:
        write(root / "var/lib/nvpmodel/status", f"pmode:{mode:04d} fmode:quiet\n")
    zones = [("CPU-therm", 45500), ("GPU-therm", 47250), ("AUX-therm", 43500), ("AO-therm", 44000)]
    rest = [("PMIC-Die", 100000), ("Tboard_tegra", 41000), ("Tdiode_tegra", 43750), ("thermal-fan-est", 45000)]
    thermal(root, [*zones, *rest], ["pwm-fan", "cpu-throttle-alert", "gpu-throttle-alert", "hot-surface-alert"])
    gpu(root, "sys/devices", "17000000.gv11b", "114750000 670000000 900000000 1377000000")
    (root / "sys/devices/gpu.0").symlink_to(root / "sys/devices/17000000.gv11b")
    for number in range(1, 7):
        write(root / f"sys/class/hwmon/hwmon4/oc{number}_irq_cnt", "0\n")
    write(root / "sys/class/hwmon/hwmon4/name", "soctherm_oc\n")
    write(root / "sys/class/hwmon/hwmon1/name", "ina3221x\n")
    return root


def orin(root: Path, mode: int = 0) -> Path:
    """An AGX Orin on JetPack 6.2."""
    write(root / "proc/device-tree/model", "NVIDIA Jetson AGX Orin Developer Kit\0")
    write(root / "proc/meminfo", "MemTotal:       64349340 kB\nMemAvailable:   60211004 kB\n")
    write(
        root / "etc/nv_tegra_release",
        "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 2025\n"
        "# KERNEL_VARIANT: oot\nTARGET_USERSPACE_LIB_DIR=nvidia\n",
    )
    write(root / "var/lib/dpkg/status", PACKAGES.format(l4t="36.4.3-20250107174145", jetpack="6.2+b77"))
    write(root / "etc/nvpmodel.conf", modes(ORIN_MODES, 12, 2))
    write(root / "var/lib/nvpmodel/status", f"pmode:{mode:04d}\n")
    zones = [("cpu-thermal", 51125), ("gpu-thermal", 48500), ("cv0-thermal", None), ("tj-thermal", 51125)]
    coolers = ["cpufreq-cpu0", "pwm-fan", "cpu-throttle-alert", "hot-surface-alert", "devfreq-17000000.gpu"]
    thermal(root, zones, coolers)
    gpu(root, "sys/devices/platform/bus@0", "17000000.gpu", "306000000 612000000 828750000 1300500000")
    for number in range(1, 4):
        write(root / f"sys/class/hwmon/hwmon3/oc{number}_event_cnt", "0\n")
        write(root / f"sys/class/hwmon/hwmon3/oc{number}_throt_en", "1\n")
    write(root / "sys/class/hwmon/hwmon3/name", "soctherm_oc\n")
    return root


def cool_down(root: Path, cooler: str, state: int) -> None:
    """Let a cooling device work, or not."""
    for kind in (root / "sys/class/thermal").glob("cooling_device*/type"):
        if kind.read_text().strip() == cooler:
            kind.with_name("cur_state").write_text(f"{state}\n")


def heat(root: Path, zone: str, temperature: int) -> None:
    """Set the temperature of a zone."""
    for kind in (root / "sys/class/thermal").glob("thermal_zone*/type"):
        if kind.read_text().strip() == zone:
            kind.with_name("temp").write_text(f"{temperature}\n")


def count(root: Path, counter: str, number: int) -> None:
    """Set one of the counters of over-current events."""
    (path,) = (root / "sys/class/hwmon").glob(f"hwmon*/{counter}_*_cnt")
    path.write_text(f"{number}\n")
