"""The units: right, no newer than JetPack 5's systemd, and hardened to what each part needs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from appliance import cli
from appliance.config_file import load_settings
from appliance.engine_state import QUIET, EngineState

SYSTEMD = 245
"""Of Ubuntu 20.04, on which JetPack 5 stands."""

SINCE = {
    # [Unit] and [Install]
    **dict.fromkeys(["Description", "After", "Wants", "BindsTo", "PartOf", "ConditionPathExists", "WantedBy"], 197),
    "StartLimitIntervalSec": 230,
    # [Service]
    **dict.fromkeys(
        ["Type", "ExecStart", "ExecStartPre", "ExecStopPost", "NotifyAccess", "Restart", "RestartSec"], 197
    ),
    **dict.fromkeys(["TimeoutStartSec", "TimeoutStopSec", "WatchdogSec"], 197),
    **dict.fromkeys(["User", "Group", "SupplementaryGroups", "Environment", "UMask", "Nice", "PrivateTmp"], 197),
    **dict.fromkeys(["CapabilityBoundingSet", "NoNewPrivileges", "PrivateNetwork", "SystemCallFilter"], 197),
    "DeviceAllow": 208,
    "DevicePolicy": 208,
    "PrivateDevices": 209,
    "SystemCallArchitectures": 209,
    "SystemCallErrorNumber": 209,
    "RestrictAddressFamilies": 211,
    "ProtectHome": 214,
    "ProtectSystem": 214,
    "ReadWritePaths": 231,
    "RestrictRealtime": 231,
    "PrivateUsers": 232,
    "ProtectControlGroups": 232,
    "ProtectKernelModules": 232,
    "ProtectKernelTunables": 232,
    "RemoveIPC": 232,
    "RestrictNamespaces": 233,
    "LockPersonality": 235,
    "StateDirectory": 235,
    "StateDirectoryMode": 235,
    "PrivateMounts": 239,
    "ProtectHostname": 242,
    "RestrictSUIDSGID": 242,
    "ProtectKernelLogs": 244,
    "ProtectClock": 245,
}
"""Release of systemd in which each directive came (its manual pages and NEWS; 197 stands for that or older)."""

VALUES_SINCE = {("Type", "exec"): 240, ("ProtectSystem", "strict"): 232, ("SystemCallFilter", "@system-service"): 239}

EXPOSURE = {
    "triage-web.service": 2.0,
    "triage-scp.service": 2.0,
    "triage-media.service": 2.0,
    "triage-worker.service": 4.0,
    "triage-engine.service": 4.0,
    "triage-camera.service": 4.0,
}
"""The most that `systemd-analyze security` may say."""

PARTS = {"worker", "web", "scp", "media", "camera"}


def directives(text: str) -> List[Tuple[str, str]]:
    """Each directive of a unit with its value."""
    joined = text.replace("\\\n", " ")
    return [(name, value) for name, value in re.findall(r"^([A-Za-z]+)=(.*)$", joined, re.M)]


def newer(text: str) -> List[str]:
    """Directives of a unit that JetPack 5's systemd does not know, and those that the table does not."""
    found = []
    for name, value in directives(text):
        values = [since for (key, word), since in VALUES_SINCE.items() if key == name and word in value.split()]
        if max([SINCE.get(name, 999), *values]) > SYSTEMD:
            found.append(f"{name}={value}")
    return found


@pytest.fixture(scope="module")
def units(repository: Path) -> Dict[str, str]:
    """Name and text of every unit."""
    folder = repository / "systemd"
    return {path.name: path.read_text("utf-8") for path in folder.iterdir() if path.suffix in (".service", ".target")}


@pytest.fixture(scope="module")
def analysed(units: Dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units in a folder of their own, their programs replaced by one that is installed everywhere."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    folder = tmp_path_factory.mktemp("units")
    for name, text in units.items():
        (folder / name).write_text(re.sub("^ExecStart=/opt/[^ ]+", "ExecStart=/bin/true", text, flags=re.M), "utf-8")
    return folder


def test_every_part_has_a_unit(units: Dict[str, str]) -> None:
    expected = {f"triage-{part}.service" for part in PARTS}
    assert set(units) == expected | {"triage-engine.service", "triage-media@.service", "triage.target"}


def test_nothing_is_newer_than_jetpack_5(units: Dict[str, str]) -> None:
    assert {name: newer(text) for name, text in units.items()} == dict.fromkeys(units, [])


@pytest.mark.parametrize("line", ["ProtectProc=invisible", "ProcSubset=pid", "RestartSteps=5", "Nonsense=1"])
def test_what_is_newer_or_unknown_is_found(line: str) -> None:
    assert newer(f"[Service]\nNice=1\n{line}\n") == [line]


def test_systemd_has_nothing_to_say(analysed: Path, units: Dict[str, str]) -> None:
    command = ["systemd-analyze", "verify", "--man=no", *(str(analysed / name) for name in units if "@" not in name)]
    run = subprocess.run([*command, str(analysed / "triage-media@sdb1.service")], capture_output=True, text=True)
    assert run.stdout + run.stderr == ""


def test_a_wrong_unit_is_found(analysed: Path) -> None:
    """It ends with status 0 all the same, which is why what it prints is looked at."""
    wrong = analysed.parent / "wrong.service"
    wrong.write_text("[Service]\nExecStart=/bin/true\nWatchdogSex=3\n", "utf-8")
    run = subprocess.run(["systemd-analyze", "verify", "--man=no", str(wrong)], capture_output=True, text=True)
    assert "WatchdogSex" in run.stderr


@pytest.mark.parametrize("name", sorted(EXPOSURE))
def test_a_unit_reaches_little(analysed: Path, name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(analysed / name)]
    run = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"exposure level for \S+ ([0-9.]+)", run.stdout)
    if found is None and "offline" in run.stderr:
        pytest.skip("this systemd-analyze judges no unit that is not loaded")
    assert found is not None, run.stdout + run.stderr
    assert float(found.group(1)) <= EXPOSURE[name]


def test_each_part_reaches_its_own_devices_alone(units: Dict[str, str]) -> None:
    def allowed(part: str) -> List[str]:
        return [value for name, value in directives(units[f"triage-{part}.service"]) if name == "DeviceAllow"]

    assert allowed("camera") == ["char-video4linux rw"]
    for part in ("web", "scp", "media"):
        assert allowed(part) == []
        assert ("PrivateDevices", "yes") in directives(units[f"triage-{part}.service"])
    gpu = re.compile(
        r"(char-(nv[a-z*-]*|drm|host1x-fence|\*\.(gpu|ga10b|gv11b))|"
        r"/dev/(nv[a-z-]*|host1x-fence|nvgpu/igpu0/[a-z]+)) rw$"
    )
    assert allowed("worker") and all(gpu.match(device) for device in allowed("worker"))
    assert allowed("worker") == allowed("engine")
    classes = [value.split()[0][len("char-") :] for value in allowed("worker") if value.startswith("char-")]
    for name in ["nvhost-gpu", "nvgpu", "17000000.gpu", "17000000.ga10b", "17000000.gv11b", "host1x-fence", "nvidia"]:
        assert any(fnmatchcase(name, pattern) for pattern in classes), f"{name} of /proc/devices"
    for name in ["mem", "tty", "input", "ttyS", "video4linux", "hidraw", "i2c", "gpiochip"]:
        assert not any(fnmatchcase(name, pattern) for pattern in classes), f"{name} of /proc/devices"
    assert {"/dev/nvgpu/igpu0/ctrl rw", "/dev/host1x-fence rw", "/dev/nvmap rw"} <= set(allowed("worker"))


def test_only_who_speaks_to_others_has_a_network(units: Dict[str, str]) -> None:
    for part in ("worker", "engine"):
        assert ("PrivateNetwork", "yes") in directives(units[f"triage-{part}.service"])
    assert ("RestrictAddressFamilies", "AF_UNIX AF_NETLINK") in directives(units["triage-media.service"])


def test_parts_tell_when_they_are_ready_and_are_watched(units: Dict[str, str]) -> None:
    for part in PARTS:
        found = directives(units[f"triage-{part}.service"])
        assert ("Type", "notify") in found and ("Restart", "always") in found
        assert "WatchdogSec" in dict(found)
    # what a part may do without a word is shorter than that: load a network, wait for a thread or a scratched disc
    for part, least in (("worker", 300), ("web", 180), ("media", 300)):
        assert int(dict(directives(units[f"triage-{part}.service"]))["WatchdogSec"]) >= least


def test_no_start_waits_for_the_engine(units: Dict[str, str]) -> None:
    """A target orders itself after what it wants."""
    assert ("WantedBy", "triage-worker.service") in directives(units["triage-engine.service"])
    assert ("TimeoutStartSec", "2h") in directives(units["triage-engine.service"])
    assert not [unit for unit, text in units.items() if re.search("^(After|Requires)=.*engine", text, re.M)]


def test_every_program_is_a_command_of_ours(units: Dict[str, str]) -> None:
    """The command line's own parser takes it; it would end with SystemExit otherwise."""
    for part in [*PARTS, "engine"]:
        (command,) = (value for name, value in directives(units[f"triage-{part}.service"]) if name == "ExecStart")
        program, *arguments = shlex.split(command)
        assert program == "/opt/headct-triage/current/bin/triage"
        assert callable(cli._parser().parse_args(arguments).run), part


def test_a_device_that_lacks_tensorrt_says_so(repository: Path) -> None:
    """With `auto` it would be silent, and a Jetson on which pycuda was not built would be slow for no reason shown."""
    assert load_settings(repository / "systemd/triage.toml", {}).engine.backend == "tensorrt"
    assert re.search("^ +TRIAGE_ENGINE_BACKEND=tensorrt ", (repository / "Dockerfile.l4t").read_text("utf-8"), re.M)
    assert EngineState.NO_TENSORRT in QUIET


def test_account_and_folders_can_be_made(repository: Path, tmp_path: Path) -> None:
    for tool in ("systemd-sysusers", "systemd-tmpfiles"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    (tmp_path / "etc").mkdir()
    account = [f"--root={tmp_path}", str(repository / "systemd/triage.sysusers")]
    folders = ["--create", f"--root={tmp_path}", str(repository / "systemd/triage.tmpfiles")]
    for command in (["systemd-sysusers", *account], ["systemd-tmpfiles", *folders]):
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
    assert re.search("^triage:.*:/var/lib/headct-triage:.*nologin$", (tmp_path / "etc/passwd").read_text(), re.M)
    assert re.search("^video:.*triage$", (tmp_path / "etc/group").read_text(), re.M)
    modes = {
        name: oct((tmp_path / name).stat().st_mode)[-3:] for name in ("run/triage-media", "var/lib/headct-triage/store")
    }
    assert modes == {"run/triage-media": "755", "var/lib/headct-triage/store": "700"}
