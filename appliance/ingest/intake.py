"""Objects that come over the network, kept study by study until each study is complete.

An object is on the disk before its sender hears so, and what was acknowledged before a crash is found again. Studies
lie below `Store.network`, one folder for each pair of Study Instance UID and Patient ID, so that two patients never
share one, even where a sender uses a UID twice. Folders and files are named by us: UIDs are hashed, and no name of a
patient becomes a file's. A study has its case, which pages show, from its first object on.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import logging
import os
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Dict, Iterable, Optional, Set, Type, Union

from appliance.config import IngestSettings, ScpSettings
from appliance.errors import TriageError
from appliance.files import sync_folder
from appliance.ingest.identity import Identity
from appliance.ingest.spool import require_room
from appliance.store import Source, Store

_UNFINISHED = ".part-"
_RETRY_S = 10.0
_COUNT_S = 0.5
_LONGEST_S = 300.0
"""A study that takes longer to come is judged with what is there, and again with the rest."""

_LOCK_TRIES = 20
_LOCK_WAIT_S = 0.05

log = logging.getLogger(__name__)


class IntakeInUseError(TriageError):
    """Another process receives into the same store."""

    code = "intake_in_use"
    passes = True


@dataclass
class _Study:
    """One that is coming in: its files' sizes, who sent to it, how many of these write now, and what pages say."""

    folder: Path
    first: float
    last: float
    sizes: Dict[str, int] = field(default_factory=dict)
    senders: Set[Thread] = field(default_factory=set)
    writing: int = 0
    counted: int = 0
    opening: Lock = field(default_factory=Lock)
    opened: bool = False


class Intake:
    """Keeps objects and hands complete studies to the store; a context manager, for use by several threads.

    Parameters
    ----------
    store : Store
        Takes the studies.
    settings : ScpSettings
        Says when a study is complete.
    limits : IngestSettings
        How much a study may bring in.
    """

    def __init__(self, store: Store, settings: ScpSettings, limits: IngestSettings) -> None:
        self._store = store
        self._settings = settings
        self._limits = limits
        self._mutex = Lock()
        self._studies: Dict[str, _Study] = {}
        self._complete: Dict[Path, float] = {}  # when each is tried next
        self._next_count = 0.0
        self._lock_file: Optional[int] = None

    def __enter__(self) -> Intake:
        """Take up what was acknowledged before the last end, however that came.

        Raises
        ------
        IntakeInUseError
            When another process receives into this store.
        """
        self._lock_file = _alone(self._store.network_lock)
        for folder in sorted(filter(_is_ours, self._store.network.iterdir()), key=lambda path: path.stat().st_mtime):
            for unfinished in folder.glob(_UNFINISHED + "*"):
                unfinished.unlink()
            sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
            now, key = time.monotonic(), folder.name.split("-")[1]
            if key in self._studies:  # the older one was complete
                self._complete[self._studies[key].folder] = 0.0
            self._studies[key] = _Study(folder, now, now, sizes, opened=True)
        for name in self._store.arrivals.announced(Source.NETWORK):
            # the end came before the folder was made, or after it was moved
            if not (self._store.network / name).exists():
                if (self._store.spool / name).exists():
                    self._complete[self._store.network / name] = 0.0
                else:
                    self._store.arrivals.withdraw(name)
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Leave what is not complete for the next start."""
        if self._lock_file is not None:
            os.close(self._lock_file)

    def keep(self, sender: Thread, identity: Identity, content: Iterable[Union[bytes, memoryview]]) -> None:
        """Write an object to the disk; it lasts when this returns. The same object again takes the earlier one's place.

        Parameters
        ----------
        sender : threading.Thread
            Serves the association; its study is not complete while it lives.
        identity : Identity
            Whose the object is.
        content : iterable of bytes or memoryview
            The DICOM file in pieces.

        Raises
        ------
        OSError
            When it cannot be written, or the study grows beyond the limits.
        TriageError
            When the disk has no room for another study, or its case cannot be written down.
        """
        require_room(self._store, self._limits)
        key = _name(identity.study_instance_uid.encode(), identity.patient_id)
        name = _name(identity.sop_instance_uid.encode())
        study = self._begin(key, sender)
        try:
            self._open(key, study)
            descriptor, temporary = tempfile.mkstemp(prefix=_UNFINISHED, dir=study.folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.writelines(content)
                    size = file.tell()
                    self._check_limits(study, name, size)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, study.folder / name)
            except BaseException:
                os.unlink(temporary)
                raise
            sync_folder(study.folder)
            with self._mutex:
                study.sizes[name] = size
                study.last = time.monotonic()
        finally:
            with self._mutex:
                study.writing -= 1

    def tend(self) -> None:
        """Hand over the studies that have become complete; to be called again and again by one thread."""
        now = time.monotonic()
        with self._mutex:
            for key in [key for key, study in self._studies.items() if self._is_complete(study, now)]:
                # what comes from now on begins another folder
                self._complete[self._studies.pop(key).folder] = 0.0
        for folder in [folder for folder, due in self._complete.items() if now >= due]:
            if self._hand_over(folder):
                del self._complete[folder]
            else:
                self._complete[folder] = now + _RETRY_S
        if now >= self._next_count:
            self._next_count = now + _COUNT_S
            self._count()

    def _count(self) -> None:
        """Tell the pages how many images have come."""
        with self._mutex:
            grown = [study for study in self._studies.values() if study.opened and len(study.sizes) != study.counted]
        for study in grown:
            count = len(study.sizes)
            try:
                self._store.arrivals.count(study.folder.name, count)
            except TriageError as error:
                log.error("how many images have come cannot be noted: %s", error.message)
                return
            study.counted = count

    def _begin(self, key: str, sender: Thread) -> _Study:
        """Find the study that an object belongs to, or begin one; it is not complete before the object is written."""
        with self._mutex:
            study = self._studies.get(key)
            if study is None:
                now = time.monotonic()
                study = self._studies[key] = _Study(self._store.network / _name_of(key), now, now)
            study.senders.add(sender)
            study.writing += 1
            return study

    def _open(self, key: str, study: _Study) -> None:
        """Make the case and the folder of a new study; those who bring more of it wait meanwhile, and nobody else."""
        with study.opening:
            if study.opened:
                return
            try:
                self._store.arrivals.announce(Source.NETWORK, study.folder.name)
                study.folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(self._store.network)
            except (TriageError, OSError):
                study.last -= self._settings.quiet_s  # nothing of it is worth waiting for
                raise
            study.opened = True

    def _check_limits(self, study: _Study, name: str, size: int) -> None:
        with self._mutex:
            sizes = {**study.sizes, name: size}
        if len(sizes) > self._limits.max_files or sum(sizes.values()) > self._limits.max_mb * 1_000_000:
            raise OSError(errno.EFBIG, "the study is larger than [ingest] max_files or max_mb")

    def _is_complete(self, study: _Study, now: float) -> bool:
        if study.writing:
            return False
        if now - study.first >= _LONGEST_S:
            return True  # what comes later is judged together with it
        # an association may stay open for hours and bring other studies: it holds this one for a while only
        is_open = any(sender.is_alive() for sender in study.senders)
        return now - study.last >= (self._settings.open_s if is_open else self._settings.quiet_s)

    def _hand_over(self, folder: Path) -> bool:
        """Hand a complete study to the store; False where it must be tried again."""
        arrivals, name = self._store.arrivals, folder.name
        try:
            if not folder.exists():
                if (self._store.spool / name).exists():
                    arrivals.queue(Source.NETWORK, name)
                else:
                    arrivals.withdraw(name)
            elif any(_finished(path) for path in folder.iterdir()):
                case = arrivals.admit(Source.NETWORK, folder, name)
                log.info("case %d: a study came over the network", case.number)
            else:  # all that came failed to be written
                shutil.rmtree(folder)
                arrivals.withdraw(name)
        except (TriageError, OSError) as error:
            log.error("a study of the network cannot be handed over and is tried again: %s", error)
            return False
        return True


def _alone(path: Path) -> int:
    """Lock a file and return its descriptor; whoever asks for an instant whether it is locked is waited for."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_WAIT_S)
        else:
            return descriptor
    os.close(descriptor)
    raise IntakeInUseError(
        "Network storage already runs over this store; end it, or name another store with [store] folder."
    )


def _is_ours(folder: Path) -> bool:
    return folder.name.startswith(f"{Source.NETWORK.value}-") and folder.name.count("-") == 2 and folder.is_dir()


def _finished(path: Path) -> bool:
    return not path.name.startswith(_UNFINISHED)


def _name_of(key: str) -> str:
    """Name the folder of a study that comes in: another one each time."""
    return f"{Source.NETWORK.value}-{key}-{secrets.token_hex(4)}"


def _name(*values: bytes) -> str:
    """Name what these values identify, in 128 bits."""
    return hashlib.sha256(b"\0".join(values)).hexdigest()[:32]
