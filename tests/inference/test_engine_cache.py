"""An engine is used only where it is whole and was built from this network, for this machine."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest

from appliance.engine_state import EngineState, build_lock
from appliance.errors import DiskFullError
from appliance.files import disk_in_words
from appliance.inference.engine_cache import BuildingError, EngineCache, EngineKey, Kept
from appliance.presence import is_present
from tests.disks import fill, small_disk

KEY = EngineKey(
    onnx="a" * 64,
    tensorrt="8.5.2",
    cuda="11.4",
    driver="R35.4.1, CUDA 11.4",
    device="Xavier",
    architecture="sm_72",
    precision="fp16",
    flags="FP16",
    profile="1/32/64",
)
ENGINE = os.urandom(200_000)


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    kept = EngineCache(tmp_path / "engines")
    kept.keep(KEY, ENGINE, {"seconds": 1.5})
    return kept


def found(cache: EngineCache, key: EngineKey = KEY) -> Kept:
    return cache.look(key)


def test_what_was_kept_is_found(cache: EngineCache) -> None:
    assert found(cache) == Kept(EngineState.SERVES, engine=ENGINE)
    assert json.loads(cache.sidecar("fp16").read_text())["seconds"] == 1.5
    assert [path.name for path in cache.folder.iterdir() if path.name.startswith(".")] == []


def test_nothing_was_built(tmp_path: Path) -> None:
    assert EngineCache(tmp_path / "absent").look(KEY) == Kept(EngineState.ABSENT)
    assert not (tmp_path / "absent").exists(), "looking makes no folder"


@pytest.mark.parametrize("part", [item.name for item in fields(EngineKey) if item.name != "precision"])
def test_another_network_version_driver_device_or_profile(cache: EngineCache, part: str) -> None:
    changed = found(cache, replace(KEY, **{part: "another"}))
    assert changed.state is EngineState.STALE and changed.engine is None
    old = getattr(KEY, part)
    assert changed.detail == f"{part} {'a' * 12 + '…' if part == 'onnx' else old}, here another"


def test_another_precision_has_a_file_of_its_own(cache: EngineCache) -> None:
    int8 = replace(KEY, precision="int8")
    assert found(cache, int8).state is EngineState.ABSENT
    cache.keep(int8, b"8 bits", {})
    assert found(cache, int8).engine == b"8 bits" and found(cache).engine == ENGINE


def test_a_torn_engine(cache: EngineCache) -> None:
    path = cache.engine_file("fp16")
    path.write_bytes(ENGINE[:-1])
    assert found(cache) == Kept(EngineState.DAMAGED, "its content is not what was built")
    path.unlink()
    assert found(cache) == Kept(EngineState.DAMAGED, "it cannot be read: No such file or directory")


def test_a_foreign_engine(cache: EngineCache) -> None:
    """One that somebody copied there, alone or over the one that was built."""
    cache.engine_file("fp16").write_bytes(b"of another device")
    assert found(cache).state is EngineState.DAMAGED
    cache.sidecar("fp16").unlink()
    assert found(cache) == Kept(EngineState.DAMAGED, "nothing says what it was built from")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": {}}', '{"key": 1, "sha256": "", "refused": null}'])
def test_a_torn_sidecar(cache: EngineCache, text: str) -> None:
    cache.sidecar("fp16").write_text(text)
    kept = found(cache)
    assert kept == Kept(EngineState.DAMAGED, "what says what it was built from is not readable")


def test_a_refused_engine_is_kept_and_not_given(cache: EngineCache) -> None:
    cache.judge("fp16", {"mean": 1.0}, "its scores differ")
    assert found(cache) == Kept(EngineState.REFUSED, "its scores differ")
    cache.judge("fp16", {"mean": 0.0}, None)
    assert found(cache).engine == ENGINE


def test_timings(cache: EngineCache) -> None:
    assert cache.timings() == b""
    cache.keep_timings(b"measured")
    assert cache.timings() == b"measured"


def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        cache = EngineCache(disk / "engines")
        cache.keep(KEY, ENGINE, {})
        fill(disk, keep=50_000)
        with pytest.raises(DiskFullError, match="disk is full"):
            cache.keep(replace(KEY, tensorrt="8.6"), os.urandom(300_000), {})
        assert found(cache).engine == ENGINE, "what was there stays"
        assert list(cache.folder.glob(".*")) == [], "and nothing half written is left"


def test_a_limit_on_files(cache: EngineCache) -> None:
    """A quota ends a write in the middle as well."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"), disk_in_words():
            cache.keep(KEY, b"x" * 300_000, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert found(cache).engine == ENGINE and list(cache.folder.glob(".*")) == []


def test_who_looks_whether_somebody_builds_stops_no_building(cache: EngineCache) -> None:
    with cache.building():
        pass
    with build_lock(cache.folder).open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_EX)
        threading.Timer(0.3, looking.close).start()
        with cache.building():
            assert is_present(build_lock(cache.folder))


def test_two_do_not_build_at_once(cache: EngineCache) -> None:
    lock = cache.folder / "building.lock"
    with cache.building():
        assert is_present(lock)
        with pytest.raises(BuildingError, match="being built already; wait"), EngineCache(cache.folder).building():
            pass
    assert not is_present(lock)


KILLED = """
import sys, time
from pathlib import Path
from appliance.config import EngineSettings
from appliance.inference.building import build_engine
from appliance.inference.release import load_release
from tests.inference.boards import board

def slow(onnx, size, precision, timings, say):
    print("builds", flush=True)
    time.sleep(60)

build_engine(load_release(Path(sys.argv[1])), EngineSettings(), Path(sys.argv[2]), board(build=slow), print, True)
"""


def test_killed_while_building(tmp_path: Path, repository: Path) -> None:
    """The engine from before serves on, nobody waits for the dead, and what was half written goes away."""
    from appliance.config import EngineSettings
    from appliance.inference.building import build_engine
    from appliance.inference.release import load_release
    from tests.inference.boards import board, simulated_release

    manifest, folder = simulated_release(tmp_path), tmp_path / "engines"
    release, gpu = load_release(manifest), board()
    build_engine(release, EngineSettings(), folder, gpu, print)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(manifest), str(folder)], cwd=repository, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdout.readline() == "builds\n"
    assert is_present(folder / "building.lock")
    (folder / ".slicenet-fp16.engine-half").write_bytes(b"half")
    child.kill()
    child.communicate()
    deadline = time.monotonic() + 10
    while is_present(folder / "building.lock") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_present(folder / "building.lock")
    assert {name: (folder / name).read_bytes() for name in before} == before
    build_engine(release, EngineSettings(), folder, gpu, print)
    assert {path.name: path.read_bytes() for path in folder.iterdir()}.keys() == before.keys()
