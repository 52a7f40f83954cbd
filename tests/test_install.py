"""install.sh, into a scratch root: install, update, roll back, uninstall. Each really runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from appliance import __version__
from tests.installing import NEWER, OPT, STATE, bundle, current, done, install, tables, tree, triage
from tests.made_once import made_once

pytestmark = [
    pytest.mark.slow,  # a shell script: one Python is enough
    pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemctl is not installed"),
]


@pytest.fixture(scope="module")
def release(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What comes to the device first."""
    return made_once(tmp_path_factory, "bundle", lambda folder: bundle(repository, folder, __version__))


@pytest.fixture(scope="module")
def newer(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What comes later."""
    return made_once(tmp_path_factory, "newer", lambda folder: bundle(repository, folder, NEWER))


@pytest.fixture(scope="module")
def first(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device after the first installation; tests take a copy."""

    def make(folder: Path) -> None:
        done(install(release, folder / "root"))

    return made_once(tmp_path_factory, "installed", make) / "root"


@pytest.fixture(scope="module")
def second(first: Path, newer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, in use: with records, settings of its own and a part that is not wanted, and then updated."""

    def make(folder: Path) -> None:
        root = Path(shutil.copytree(first, folder / "root", symlinks=True))
        triage(root, "cases", "list")
        settings = root / "etc/headct-triage/triage.toml"
        settings.write_text(settings.read_text() + "# ours\n")
        subprocess.run(["systemctl", f"--root={root}", "--quiet", "disable", "triage-camera.service"], check=True)
        done(install(newer, root))

    return made_once(tmp_path_factory, "updated", make) / "root"


@pytest.fixture
def root(first: Path, tmp_path: Path) -> Path:
    """A device of this test's own. Nothing in it knows where it lay."""
    return Path(shutil.copytree(first, tmp_path / "root", symlinks=True))


@pytest.fixture
def updated(second: Path, tmp_path: Path) -> Path:
    """The same, after an update."""
    return Path(shutil.copytree(second, tmp_path / "updated", symlinks=True))


def test_an_installation_is_whole(root: Path) -> None:
    assert current(root) == f"releases/{__version__}"
    assert triage(root, "--version").stdout == __version__ + "\n"
    script = (root / OPT / "current/bin/triage").read_text()
    assert f"/{OPT}/releases/{__version__}/bin/python" in script and str(root) not in script
    units = root / "etc/systemd/system"
    assert (units / "triage-media@.service").is_file()
    wanted = {path.name for path in (units / "triage.target.wants").iterdir()}
    assert wanted == {f"triage-{part}.service" for part in ("worker", "web", "scp", "media", "camera")}
    assert (units / "triage-worker.service.wants/triage-engine.service").is_symlink()
    assert (units / "multi-user.target.wants/triage.target").is_symlink()
    for file in ("udev/rules.d/99-triage-media.rules", "sysusers.d/triage.conf", "tmpfiles.d/triage.conf"):
        assert (root / "etc" / file).is_file()


def test_the_settings_that_come_with_it_are_taken(root: Path) -> None:
    config = str(root / "etc/headct-triage/triage.toml")
    assert triage(root, "--config", config, "cases", "list").stdout == "[]\n"


def test_settings_are_for_the_account_alone_where_there_is_one(release: Path, tmp_path: Path) -> None:
    """A camera's address may hold a password. What an administrator made of it comes back after an uninstallation."""
    root, group = tmp_path / "root", os.getgid()
    settings = root / "etc/headct-triage/triage.toml"
    settings.parent.parent.mkdir(parents=True)
    (root / "etc/group").write_text(f"root:x:0:\ntriage:x:{group}:\ntriagers:x:4711:\n")
    done(install(release, root))
    assert (settings.stat().st_mode & 0o777, settings.stat().st_gid) == (0o640, group)
    settings.chmod(0o600)
    done(install(release, root))
    assert settings.stat().st_mode & 0o777 == 0o600
    done(install(release, root, "uninstall"))
    done(install(release, root))
    assert (settings.stat().st_mode & 0o777, settings.stat().st_gid) == (0o600, group)


def test_the_command_for_people_leaves_nothing_of_root_behind(root: Path) -> None:
    command = root / "usr/local/bin/triage"
    assert os.access(command, os.X_OK)
    assert "runuser -u triage --" in command.read_text()
    assert subprocess.run(["sh", "-n", str(command)]).returncode == 0
    assert os.readlink(root / "usr/local/sbin/triage-release") == f"/{OPT}/current/share/headct-triage/install.sh"


def test_twice_gives_the_same_tree(root: Path, release: Path) -> None:
    before = tree(root)
    done(install(release, root))
    assert tree(root) == before


def test_uninstalling_leaves_data_alone(root: Path, release: Path) -> None:
    settings = root / "etc/headct-triage/triage.toml"
    settings.write_text(settings.read_text() + "# ours\n")
    triage(root, "cases", "list")
    done(install(release, root, "uninstall"))
    left = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    assert left and all(name.startswith(STATE) for name in left)
    assert {f"{STATE}/store/cases.sqlite", f"{STATE}/triage.toml"} <= left
    done(install(release, root, "uninstall"))
    done(install(release, root))
    assert settings.read_text().endswith("# ours\n")


def test_an_update_goes_beside_and_can_be_taken_back(updated: Path) -> None:
    store = updated / STATE / "store/cases.sqlite"
    assert current(updated) == f"releases/{NEWER}"
    assert triage(updated, "--version").stdout == NEWER + "\n"
    assert (updated / "etc/headct-triage/triage.toml").read_text().endswith("# ours\n")
    assert not (updated / "etc/systemd/system/triage.target.wants/triage-camera.service").exists()
    copy = updated / STATE / f"backups/before-{NEWER}.sqlite"
    assert tables(copy) == tables(store) and copy.stat().st_mode & 0o077 == 0

    # the newer release has written nothing yet
    installer = updated / OPT / "current/share/headct-triage"
    assert "another roll-back goes forward" in done(install(installer, updated, "roll-back"))
    assert current(updated) == f"releases/{__version__}"
    assert triage(updated, "cases", "list").stdout == "[]\n"
    done(install(installer, updated, "roll-back"))
    assert current(updated) == f"releases/{NEWER}"


def test_newer_records_are_given_up_only_when_asked(updated: Path) -> None:
    store = updated / STATE / "store/cases.sqlite"
    old = tables(store)
    triage(updated, "cases", "list")
    assert tables(store) == old + 1
    installer = updated / OPT / "current/share/headct-triage"

    refused = install(installer, updated, "roll-back")
    assert refused.returncode == 1
    assert "With --restore-records those from before the update are put back" in refused.stderr
    assert current(updated) == f"releases/{NEWER}" and tables(store) == old + 1

    told = done(install(installer, updated, "roll-back", "--restore-records"))
    assert f"the records are those from before the update to {NEWER}" in told
    assert current(updated) == f"releases/{__version__}"
    assert triage(updated, "cases", "list").stdout == "[]\n"
    assert triage(updated, "audit", "verify").returncode == 0
    assert tables(store) == old
    assert tables(updated / STATE / "backups/before-roll-back.sqlite") == old + 1


def test_records_that_cannot_be_copied_stop_an_update(root: Path, newer: Path) -> None:
    (root / STATE / "store").mkdir(parents=True)
    (root / STATE / "store/cases.sqlite").write_bytes(b"no database at all" * 1000)
    run = install(newer, root)
    assert run.returncode == 1
    assert f"the records could not be copied, so release {__version__} stays" in run.stderr
    assert current(root) == f"releases/{__version__}"


def failing(folder: Path, tool: str) -> str:
    """A PATH on which a tool writes something and fails, as on a full disk."""
    folder.mkdir()
    (folder / tool).write_text('#!/bin/sh\nfor last; do :; done\necho torn >"$last"\nexit 1\n')
    (folder / tool).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_records_that_cannot_be_put_back_leave_those_of_today(updated: Path, tmp_path: Path) -> None:
    store = updated / STATE / "store"
    triage(updated, "cases", "list")
    before = tables(store / "cases.sqlite")
    installer = updated / OPT / "current/share/headct-triage"
    run = install(installer, updated, "roll-back", "--restore-records", PATH=failing(tmp_path / "bin", "cp"))
    assert run.returncode == 1
    assert f"could not be put back, so release {NEWER} stays" in run.stderr
    assert run.stderr.endswith("the parts are started again\n")
    assert current(updated) == f"releases/{NEWER}"
    assert tables(store / "cases.sqlite") == before and (store / "audit.head").is_file()
    assert not (store / ".cases.sqlite").exists()
    assert triage(updated, "audit", "verify").returncode == 0


def test_a_switch_that_fails_starts_the_parts_again(root: Path, newer: Path, tmp_path: Path) -> None:
    run = install(newer, root, PATH=failing(tmp_path / "bin", "install"))
    assert run.returncode == 1
    assert run.stderr.endswith("the parts are started again\n")
    assert current(root) == f"releases/{__version__}"
    assert "the parts are started again" not in done(install(newer, root))
    assert current(root) == f"releases/{NEWER}"


def test_a_third_release_takes_the_place_of_the_first(updated: Path, newer: Path, tmp_path: Path) -> None:
    third = tmp_path / "third"
    shutil.copytree(newer, third)
    for old in (third / "wheels").glob("headct_triage-*"):
        old.rename(old.with_name(old.name.replace(NEWER, "999.1.0")))
    (wheel_file,) = (third / "wheels").glob("headct_triage-*")
    with zipfile.ZipFile(wheel_file) as archive:
        files = {name.replace(NEWER, "999.1.0"): archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(wheel_file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content.replace(NEWER.encode(), b"999.1.0"))
    done(install(third, updated))
    assert {path.name for path in (updated / OPT / "releases").iterdir()} == {NEWER, "999.1.0"}
    assert os.readlink(updated / OPT / "previous") == f"releases/{NEWER}"


def test_a_half_made_release_is_made_anew(root: Path, release: Path) -> None:
    share = root / OPT / "current/share/headct-triage"
    (share / "complete").unlink()
    (root / OPT / "current/bin/triage").write_text("torn")
    done(install(release, root))
    assert triage(root, "--version").stdout == __version__ + "\n"
    assert "torn" not in (root / OPT / "current/bin/triage").read_text()


def test_two_builds_of_one_version_are_not_mixed(root: Path, release: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(release, other)
    (wheel_file,) = (other / "wheels").glob("headct_triage-*")
    with zipfile.ZipFile(wheel_file, "a") as archive:
        archive.writestr("appliance/more.py", "")
    before = tree(root)
    run = install(other, root)
    assert run.returncode == 1 and "is installed from another build" in run.stderr
    assert tree(root) == before


def test_a_wrong_hash_installs_nothing(release: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    shutil.copytree(release, wrong)
    listed = (wrong / "requirements.txt").read_text()
    (wrong / "requirements.txt").write_text(re.sub("sha256:.{8}", "sha256:00000000", listed))
    run = install(wrong, tmp_path / "root")
    assert run.returncode != 0 and "HASHES" in run.stderr
    assert not (tmp_path / "root" / OPT / "current").exists()


def test_without_pycuda_it_is_installed_all_the_same(root: Path, release: Path, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    shutil.copytree(release, folder)
    (folder / "requirements-cuda.txt").write_text("pycuda==2024.1.2 --hash=sha256:" + "0" * 64 + "\n")
    assert "no CUDA compiler here, so ONNX Runtime will serve" in done(install(folder, root, CUDA=str(tmp_path)))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/nvcc").touch(mode=0o755)
    told = done(install(folder, root, CUDA=str(tmp_path)))
    assert "pycuda was not built, for the reason above, so ONNX Runtime will serve" in told


def test_what_cannot_be_done_is_said(release: Path, tmp_path: Path, root: Path) -> None:
    for action, words in [
        (["roll-back"], "there is no release to go back to"),
        (["roll-back", "--now"], "usage: install.sh"),
        (["upgrade"], "usage: install.sh"),
    ]:
        run = install(release, root, *action)
        assert run.returncode == 1 and words in run.stderr
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(release / "install.sh", alone)
    assert "no release lies beside this file" in install(alone, root).stderr
    other = tmp_path / "other"
    shutil.copytree(release, other)
    (other / "python").write_text("2.7\n")
    assert "is not Python 2.7, for which this folder was made" in install(other, root).stderr


def test_shellcheck_has_nothing_to_say(repository: Path) -> None:
    tool = shutil.which("shellcheck") or str(Path(sys.executable).with_name("shellcheck"))
    if not Path(tool).exists():
        pytest.skip("shellcheck is not installed")
    run = subprocess.run([tool, str(repository / "install.sh")], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
