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
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Dict, Iterable, List, Optional, Set, Type, Union

from appliance.config import IngestSettings, ScpSettings
from appliance.errors import TriageError
from appliance.files import sync_folder
from appliance.ingest.identity import Identity
from appliance.ingest.spool import require_room
from appliance.store import Source, Store

_UNFINISHED = ".part-"
_RETRY_S = 10.0
_COUNT_S = 0.5

log = logging.getLogger(__name__)


class IntakeInUseError(TriageError):
    """Another process receives into the same store."""

    code = "intake_in_use"


@dataclass
class _Study:
    """One that is coming in: its files' sizes, who sent to it, how many of these write now, and what pages say."""

    folder: Path
    last: float
    sizes: Dict[str, int] = field(default_factory=dict)
    senders: Set[Thread] = field(default_factory=set)
    writing: int = 0
    counted: int = 0


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
        self._unqueued: List[str] = []
        self._next_try = 0.0
        self._next_count = 0.0
        self._lock_file: Optional[int] = None

    def __enter__(self) -> Intake:
        """Take up what was acknowledged before the last end, however that came.

        Raises
        ------
        IntakeInUseError
            When another process receives into this store.
        """
        self._lock_file = os.open(self._store.network_lock, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock_file)
            raise IntakeInUseError(
                "Network storage already runs over this store; end it, or name another store with [store] folder."
            ) from error
        for folder in self._store.network.iterdir():
            if folder.is_dir():
                for unfinished in folder.glob(_UNFINISHED + "*"):
                    unfinished.unlink()
                sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
                self._studies[_key_of(folder.name)] = _Study(folder, time.monotonic(), sizes)
        for name in self._store.arrivals.announced(Source.NETWORK):
            # the end came before the folder was made, or after it was moved
            if not (self._store.network / name).exists():
                if (self._store.spool / name).exists():
                    self._unqueued.append(name)
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
        key = _name(identity.study_instance_uid.encode(), identity.patient_id)
        name = _name(identity.sop_instance_uid.encode())
        study = self._begin(key, sender)
        try:
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
        finally:
            with self._mutex:
                study.writing -= 1
                study.last = time.monotonic()

    def tend(self) -> None:
        """Hand over the studies that have become complete; to be called again and again by one thread."""
        now = time.monotonic()
        if now < self._next_try:
            return
        try:
            self._count(now)
            while self._unqueued:
                self._store.arrivals.queue(Source.NETWORK, self._unqueued[-1])
                self._unqueued.pop()
            with self._mutex:
                complete = [key for key, study in self._studies.items() if self._is_complete(study, now)]
            for key in complete:
                self._hand_over(key)
        except (TriageError, OSError) as error:
            log.error("a study of the network cannot be handed over and is tried again: %s", error)
            self._next_try = now + _RETRY_S

    def _count(self, now: float) -> None:
        """Tell the pages how many images have come."""
        if now < self._next_count:
            return
        self._next_count = now + _COUNT_S
        with self._mutex:
            grown = [study for study in self._studies.values() if len(study.sizes) != study.counted]
        for study in grown:
            study.counted = len(study.sizes)
            self._store.arrivals.count(study.folder.name, study.counted)

    def _begin(self, key: str, sender: Thread) -> _Study:
        with self._mutex:
            study = self._studies.get(key)
            if study is None:
                require_room(self._store, self._limits)
                study = _Study(self._store.network / _name_of(key), time.monotonic())
                self._store.arrivals.announce(Source.NETWORK, study.folder.name)
                try:
                    study.folder.mkdir(mode=0o700)
                    sync_folder(self._store.network)
                except OSError:
                    self._store.arrivals.withdraw(study.folder.name)
                    raise
                self._studies[key] = study
            study.senders.add(sender)
            study.writing += 1
            return study

    def _check_limits(self, study: _Study, name: str, size: int) -> None:
        with self._mutex:
            sizes = {**study.sizes, name: size}
        if len(sizes) > self._limits.max_files or sum(sizes.values()) > self._limits.max_mb * 1_000_000:
            raise OSError(errno.EFBIG, "the study is larger than [ingest] max_files or max_mb")

    def _is_complete(self, study: _Study, now: float) -> bool:
        if study.writing:
            return False
        # an association may stay open for hours and bring other studies: it holds this one for a while only
        is_open = any(sender.is_alive() for sender in study.senders)
        return now - study.last >= (self._settings.open_s if is_open else self._settings.quiet_s)

    def _hand_over(self, key: str) -> None:
        with self._mutex:  # nobody writes into the folder while it moves
            study = self._studies[key]
            if not self._is_complete(study, time.monotonic()):
                return
            name = study.folder.name
            if study.sizes:
                try:
                    case = self._store.arrivals.admit(Source.NETWORK, study.folder, name)
                except (TriageError, OSError):
                    if not study.folder.exists():
                        self._unqueued.append(name)
                        del self._studies[key]
                    raise
                log.info("case %d: a study of %d images came over the network", case.number, len(study.sizes))
            else:  # all that came failed to be written
                study.folder.rmdir()
                self._store.arrivals.withdraw(name)
            del self._studies[key]


def _name_of(key: str) -> str:
    """Name the folder of a study that comes in: another one each time."""
    return f"{Source.NETWORK.value}-{key}-{secrets.token_hex(4)}"


def _key_of(name: str) -> str:
    return name.split("-")[1]


def _name(*values: bytes) -> str:
    """Name what these values identify, in 128 bits."""
    return hashlib.sha256(b"\0".join(values)).hexdigest()[:32]
