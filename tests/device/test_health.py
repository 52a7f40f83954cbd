from __future__ import annotations

from pathlib import Path

from appliance.device.health import health


def test_the_machine_tells_its_load_memory_and_hottest_sensor(tmp_path: Path) -> None:
    for number, text in enumerate(["41500\n", "58250\n", "no number"]):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    (tmp_path / "meminfo").write_text("MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:    8000000 kB\n")
    found = health(tmp_path, tmp_path / "meminfo")
    assert found.hottest_c == 58.25
    assert (found.memory_mb, found.memory_available_mb) == (16384, 8192)
    assert found.cores >= 1 and found.load >= 0 and found.up_s > 0


def test_what_a_machine_does_not_tell_is_none(tmp_path: Path) -> None:
    found = health(tmp_path, tmp_path / "absent")
    assert (found.hottest_c, found.memory_mb, found.memory_available_mb) == (None, None, None)


def test_this_machine_tells() -> None:
    assert (health().memory_mb or 0) >= (health().memory_available_mb or 0)
