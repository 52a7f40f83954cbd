from __future__ import annotations

from pathlib import Path

import pytest

from appliance.board import Board
from appliance.device.board import identity, read_board
from appliance.device.jetson_stats import Told
from tests.device.boards import XAVIER_MODES, cool_down, count, heat, orin, write, xavier


def seen(root: Path) -> Board:
    return read_board(identity(root), root)


def test_an_agx_xavier_on_jetpack_5(tmp_path: Path) -> None:
    board = seen(xavier(tmp_path))
    assert (board.model, board.l4t, board.jetpack) == ("Jetson-AGX", "35.6.0", "5.1.4")
    assert board.power_mode is not None
    assert (board.power_mode.name, board.power_mode.share, board.power_mode.low) == ("MAXN", 1.0, False)
    # neither the sensor that always says 100 degrees, nor an estimate
    assert board.temperatures_c == {"AO": 44, "AUX": 43.5, "CPU": 45.5, "GPU": 47.25, "Tboard": 41, "Tdiode": 43.75}
    assert board.hottest == ("GPU", 47.25)
    assert (board.gpu_load, board.gpu_hz) == (0.437, 1377000000)
    assert (board.memory_bytes, board.memory_available_bytes) == (31190788 * 1024, 27912340 * 1024)
    assert board.slowed_by_heat == () and board.source is None
    assert board.over_current == {f"oc{number}": 0 for number in range(1, 7)}


def test_an_agx_orin_on_jetpack_6(tmp_path: Path) -> None:
    board = seen(orin(tmp_path, 2))
    assert (board.model, board.l4t, board.jetpack) == ("NVIDIA Jetson AGX Orin Developer Kit", "36.4.3", "6.2")
    assert board.power_mode is not None
    assert (board.power_mode.name, board.power_mode.low) == ("MODE_30W", True)
    assert board.power_mode.share == pytest.approx(612 / 1300.5)
    assert board.temperatures_c == {"cpu": 51.125, "gpu": 48.5, "tj": 51.125}, "the camera engine is switched off"
    assert (board.gpu_load, board.gpu_hz) == (0.437, 1300500000)
    assert board.over_current == {"oc1": 0, "oc2": 0, "oc3": 0}


def test_a_pc(tmp_path: Path) -> None:
    write(tmp_path / "sys/class/dmi/id/sys_vendor", "LENOVO\n")
    write(tmp_path / "sys/class/dmi/id/product_name", "ThinkStation P340\n")
    write(tmp_path / "sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n")
    write(tmp_path / "sys/class/thermal/thermal_zone0/temp", "38000\n")
    write(tmp_path / "var/lib/dpkg/status", "Package: zlib1g\nVersion: 1\n")
    assert seen(tmp_path) == Board(model="LENOVO ThinkStation P340", temperatures_c={"x86_pkg_temp": 38.0})


def test_what_a_machine_does_not_tell_is_none(tmp_path: Path) -> None:
    assert seen(tmp_path) == Board()
    assert Board().hottest is None


@pytest.mark.parametrize(
    "path",
    [
        "proc/device-tree/model",
        "etc/nv_tegra_release",
        "var/lib/dpkg/status",
        "etc/nvpmodel.conf",
        "sys/devices/17000000.gv11b/load",
        "proc/meminfo",
        "sys/class/hwmon/hwmon4/name",
        "sys/class/thermal/thermal_zone1/temp",
    ],
)
@pytest.mark.parametrize("damage", ["", "\xff?? no number", None])
def test_a_file_that_is_absent_or_makes_no_sense_costs_its_fact_alone(tmp_path: Path, path: str, damage: str) -> None:
    whole = seen(xavier(tmp_path))
    (tmp_path / path).unlink()
    if damage is not None:
        write(tmp_path / path, damage)
    board = seen(tmp_path)
    differ = [name for name, value in vars(whole).items() if vars(board)[name] != value]
    assert len(differ) == (2 if path == "proc/meminfo" else 1)


@pytest.mark.parametrize(
    ("number", "name", "share", "low"),
    [
        (0, "MAXN", 1.0, False),
        (1, "MODE_10W", 0.25, True),
        (2, "MODE_15W", 670 / 1377, True),
        (3, "MODE_30W_ALL", 900 / 1377, False),
        (4, "MODE_30W_6CORE", 900 / 1377, False),
        (5, "MODE_30W_4CORE", 0.5, True),
    ],
)
def test_each_power_mode_of_a_xavier(tmp_path: Path, number: int, name: str, share: float, low: bool) -> None:
    mode = seen(xavier(tmp_path, number)).power_mode
    assert mode is not None
    assert (mode.name, mode.low) == (name, low) and mode.share == pytest.approx(share)
    assert name in XAVIER_MODES


def test_a_board_whose_mode_nobody_changed_is_in_its_default(tmp_path: Path) -> None:
    mode = seen(xavier(tmp_path, None)).power_mode
    assert mode is not None and mode.name == "MODE_15W"


def test_a_mode_that_stands_in_no_table_is_not_guessed(tmp_path: Path) -> None:
    assert seen(xavier(tmp_path, 42)).power_mode is None


def test_without_the_gpus_own_word_the_tables_highest_limit_counts(tmp_path: Path) -> None:
    xavier(tmp_path, 2)
    (tmp_path / "sys/devices/17000000.gv11b/devfreq/17000000.gv11b/available_frequencies").unlink()
    mode = seen(tmp_path).power_mode
    assert mode is not None and mode.share == 0.5, "of its cores; the GPU's share may be 670 / 900"


def test_heat_slows_down(tmp_path: Path) -> None:
    orin(tmp_path)
    cool_down(tmp_path, "hot-surface-alert", 1)
    cool_down(tmp_path, "pwm-fan", 4)
    assert seen(tmp_path).slowed_by_heat == (), "a fan that runs and a case that is hot slow nothing down"
    cool_down(tmp_path, "cpu-throttle-alert", 1)
    cool_down(tmp_path, "devfreq-17000000.gpu", 2)
    assert seen(tmp_path).slowed_by_heat == ("cpu", "devfreq-17000000.gpu")


def test_a_zone_above_its_passive_trip_point_slows_down(tmp_path: Path) -> None:
    xavier(tmp_path)
    heat(tmp_path, "GPU-therm", 98999)
    assert seen(tmp_path).slowed_by_heat == ()
    heat(tmp_path, "GPU-therm", 99000)
    assert seen(tmp_path).slowed_by_heat == ("GPU",)


def test_over_current_is_counted(tmp_path: Path) -> None:
    count(orin(tmp_path), "oc2", 15)
    assert seen(tmp_path).over_current == {"oc1": 0, "oc2": 15, "oc3": 0}


def test_root_may_read_the_firmwares_own_counters(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"sys/kernel/debug/bpmp/debug/soctherm/oc{number}/event_cnt", f"{number * 7}\n")
    assert seen(tmp_path).over_current == {"oc1": 0, "oc2": 7, "oc3": 14}


def test_jetson_stats_goes_before_the_files_which_fill_what_it_leaves_open(tmp_path: Path) -> None:
    xavier(tmp_path)
    told = Told("jetson-stats 4.3.2", model="another", power_mode="MODE 15W", gpu_load=0.25)
    board = read_board(identity(tmp_path), tmp_path, told)
    assert (board.model, board.gpu_load, board.source) == ("Jetson-AGX", 0.25, "jetson-stats 4.3.2")
    assert board.power_mode is not None and (board.power_mode.name, board.power_mode.low) == ("MODE_15W", True)
    assert board.temperatures_c["GPU"] == 47.25
    (tmp_path / "var/lib/dpkg/status").unlink()
    board = read_board(identity(tmp_path), tmp_path, Told("jetson-stats 4.3.2", jetpack="5.1.4", power_mode="NEW"))
    assert board.jetpack == "5.1.4", "nvidia-jetpack itself need not be installed"
    assert board.power_mode is not None and (board.power_mode.name, board.power_mode.share) == ("NEW", None)


def test_a_look_leaves_the_long_list_of_packages_alone(tmp_path: Path) -> None:
    known = identity(xavier(tmp_path))
    before = read_board(known, tmp_path)
    (tmp_path / "var/lib/dpkg/status").unlink()
    assert read_board(known, tmp_path) == before
    assert before.jetpack == "5.1.4"
