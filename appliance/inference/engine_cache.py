"""Built engines on disk: each with a sidecar that says what it was built from and for.

An engine fits one network, one TensorRT, one CUDA, one driver and one kind of device. All of that is its key. It is
used only where its sidecar has the key of this machine and the hash of the file; everything else is built anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

from appliance.engine_state import EngineState, build_lock
from appliance.errors import TriageError
from appliance.files import disk_in_words, replace_file, sync_folder

TIMINGS = "timing.cache"
"""What TensorRT measured of each kernel, which makes the next building quicker."""

_PATIENCE_S = 1.0


class BuildingError(TriageError):
    """Another process builds an engine already."""

    code = "engine_building"
    passes = True


@dataclass(frozen=True)
class EngineKey:
    """What an engine was built from and for.

    Attributes
    ----------
    onnx : str
        SHA-256 of the network in ONNX.
    tensorrt, cuda, driver : str
        Versions of TensorRT, of CUDA, and of the CUDA that the driver supports.
    device, architecture : str
        Name of the card, and its kind, as ``sm_72``.
    precision : str
        ``fp32``, ``fp16`` or ``int8``.
    flags : str
        Builder flags, and the memory that the builder may take.
    profile : str
        Fewest, likely and most slices at once.
    """

    onnx: str
    tensorrt: str
    cuda: str
    driver: str
    device: str
    architecture: str
    precision: str
    flags: str
    profile: str

    def difference(self, other: Dict[str, Any]) -> str:
        """Say in which parts another key differs, as ``tensorrt 8.5.2, here 8.6.2``."""
        own = asdict(self)
        return ", ".join(
            f"{name} {_short(other.get(name))}, here {_short(value)}"
            for name, value in own.items()
            if other.get(name) != value
        )


@dataclass(frozen=True)
class Kept:
    """What the cache has for a key.

    Attributes
    ----------
    state : EngineState
        ``SERVES`` where the engine may be used; ``ABSENT``, ``STALE``, ``DAMAGED`` or ``REFUSED`` otherwise.
    detail : str
        Why not.
    engine : bytes or None
        The engine, where it may be used.
    """

    state: EngineState
    detail: str = ""
    engine: Optional[bytes] = None


class EngineCache:
    """The engines of one folder.

    Parameters
    ----------
    folder : pathlib.Path
        Made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def engine_file(self, precision: str) -> Path:
        """Return where the engine of a precision is kept."""
        return self.folder / f"slicenet-{precision}.engine"

    def sidecar(self, precision: str) -> Path:
        """Return where it is written what that engine is."""
        return self.engine_file(precision).with_suffix(".json")

    def look(self, key: EngineKey) -> Kept:
        """Read the engine of a key, and check it against its sidecar.

        It is read whole before it is used: TensorRT runs what it is given, as a program is run.
        """
        path, sidecar = self.engine_file(key.precision), self.sidecar(key.precision)
        if not path.exists() and not sidecar.exists():
            return Kept(EngineState.ABSENT)
        try:
            document = json.loads(sidecar.read_text("utf-8"))
            known, digest, refused = dict(document["key"]), str(document["sha256"]), document["refused"]
        except FileNotFoundError:
            return Kept(EngineState.DAMAGED, "nothing says what it was built from")
        except (OSError, ValueError, KeyError, TypeError):
            return Kept(EngineState.DAMAGED, "what says what it was built from is not readable")
        difference = key.difference(known)
        if difference:
            return Kept(EngineState.STALE, difference)
        try:
            engine = path.read_bytes()
        except OSError as error:
            return Kept(EngineState.DAMAGED, f"it cannot be read: {error.strerror}")
        if hashlib.sha256(engine).hexdigest() != digest:
            return Kept(EngineState.DAMAGED, "its content is not what was built")
        if refused:
            return Kept(EngineState.REFUSED, str(refused))
        return Kept(EngineState.SERVES, engine=engine)

    def keep(self, key: EngineKey, engine: bytes, facts: Dict[str, Any]) -> None:
        """Keep an engine that was built, then what it is.

        A crash between the two leaves a sidecar with another hash, so the engine is built again.

        Parameters
        ----------
        key : EngineKey
            What it was built from and for.
        engine : bytes
            The engine.
        facts : dict
            What else is worth knowing of it, such as the seconds it took.

        Raises
        ------
        DiskFullError, DiskReadOnlyError
            When it cannot be written; what was there before stays as it was.
        """
        with disk_in_words(), replace_file(self.engine_file(key.precision)) as file:
            file.write(engine)
        digest = hashlib.sha256(engine).hexdigest()
        self._write(
            key.precision,
            {"key": asdict(key), "sha256": digest, "bytes": len(engine), **facts, "golden": None, "refused": None},
        )

    def judge(self, precision: str, golden: Dict[str, Any], refused: Optional[str]) -> None:
        """Keep what the golden check found, and why the engine is refused where it is."""
        document = json.loads(self.sidecar(precision).read_text("utf-8"))
        self._write(precision, {**document, "golden": golden, "refused": refused})

    def timings(self) -> bytes:
        """Return the timing cache; empty where there is none."""
        try:
            return (self.folder / TIMINGS).read_bytes()
        except OSError:
            return b""

    def keep_timings(self, timings: bytes) -> None:
        """Keep the timing cache."""
        with disk_in_words(), replace_file(self.folder / TIMINGS) as file:
            file.write(timings)

    @contextmanager
    def building(self) -> Iterator[None]:
        """Be the one process that builds; the pages see it. What a killed builder left is removed.

        Raises
        ------
        BuildingError
            When another process builds.
        """
        with disk_in_words():
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(build_lock(self.folder), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            _lock(descriptor)
            for left in (*self.folder.glob(".slicenet-*"), *self.folder.glob(f".{TIMINGS}-*")):
                left.unlink()
            yield
        finally:
            os.close(descriptor)

    def _write(self, precision: str, document: Dict[str, Any]) -> None:
        with disk_in_words(), replace_file(self.sidecar(precision)) as file:
            file.write(json.dumps(document, indent=1).encode())
        sync_folder(self.folder)


def _lock(descriptor: int) -> None:
    """Take the lock of who builds; the pages hold it for a moment when they look whether somebody builds."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise BuildingError("An engine is being built already; wait until that has ended.") from error
            time.sleep(_PATIENCE_S / 20)


def _short(value: object) -> str:
    """Shorten a hash: the sentence is for people."""
    text = "unknown" if value is None else str(value)
    return f"{text[:12]}…" if len(text) == 64 else text
