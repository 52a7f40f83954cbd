"""What is known of engines that ended a process: such an engine is not loaded a second time.

TensorRT runs a plan as a program is run, so a plan or a driver can end the process (a fault in a kernel, memory that
runs out) or keep it waiting until it is killed, and no exception tells of it. A trial, a small file, is written before
an engine is loaded and removed once it gave the golden scores. Who comes next and finds one whose process is gone
judges with ONNX Runtime.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from appliance.engine_state import EngineState, EngineUnusable
from appliance.files import sync_folder
from appliance.inference.engine_cache import EngineKey
from appliance.presence import is_present

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_FORGIVEN = 1

log = logging.getLogger("appliance.engine")


class Trials:
    """The trials of one folder of engines.

    Parameters
    ----------
    folder : pathlib.Path
        Made when an engine is tried.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, key: EngineKey) -> None:
        """See whether an engine may be loaded.

        One whose process ended since the device was started may not. A trial from before that may be of a power cut:
        one of those is forgiven.

        Raises
        ------
        EngineUnusable
            With ``FAILED``.
        """
        ended = [document for _, document in self._ended() if document.get("key") == _digest(key)]
        for document in ended:
            if document.get("fault"):
                raise EngineUnusable(EngineState.FAILED, detail=document["fault"])
        if any(document.get("boot") == _boot() for document in ended) or len(ended) > _FORGIVEN:
            raise EngineUnusable(EngineState.FAILED, detail="the process that loaded it ended before it was checked")

    @contextmanager
    def trying(self, key: EngineKey) -> Iterator[None]:
        """Note an engine while it is loaded and checked; the note stays where the process ends in the meantime."""
        try:
            trial, descriptor = self._write(key, "")
        except OSError as error:  # a full disk is no reason to judge more slowly
            log.warning("that an engine is tried cannot be noted: %s", error)
            yield
            return
        try:
            yield
        finally:
            _remove(trial)
            os.close(descriptor)

    def passed(self, key: EngineKey) -> None:
        """Forget the trials that a power cut left: the engine was loaded and gave the golden scores."""
        for path, document in self._ended():
            if document.get("key") == _digest(key) and not document.get("fault"):
                _remove(path)

    def give_up(self, key: EngineKey, fault: str) -> None:
        """Note that an engine failed at work although it passed its check."""
        try:
            _, descriptor = self._write(key, fault)
        except OSError as error:
            log.error("that the engine failed cannot be noted: %s", error)
        else:
            os.close(descriptor)

    def forget(self) -> None:
        """Give every engine another chance."""
        for path in (*(path for path, _ in self._ended()), *self._folder.glob(".trying-*")):
            _remove(path)

    def _ended(self) -> List[Tuple[Path, Dict[str, str]]]:
        """Return the trials that no process goes on with."""
        found = []
        for path in self._folder.glob("trying-*"):
            if is_present(path):
                continue
            try:
                document = json.loads(path.read_text("utf-8"))
            except FileNotFoundError:  # it has just passed
                continue
            except ValueError:
                document = None
            found.append((path, document if isinstance(document, dict) else {}))
        return found

    def _write(self, key: EngineKey, fault: str) -> Tuple[Path, int]:
        """Write a trial under a lock that ends with the process; it bears its name once it is locked."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, hidden = tempfile.mkstemp(prefix=".trying-", dir=self._folder)
        trial = self._folder / Path(hidden).name[1:]
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.fchmod(descriptor, 0o644)
            os.write(descriptor, json.dumps({"key": _digest(key), "boot": _boot(), "fault": fault}).encode())
            os.fsync(descriptor)
            os.rename(hidden, trial)
            sync_folder(self._folder)
        except OSError:
            os.close(descriptor)
            _remove(Path(hidden))
            raise
        return trial, descriptor


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        pass  # another process removed it
    except OSError as error:
        log.warning("%s cannot be removed: %s", path, error)


def _digest(key: EngineKey) -> str:
    return sha256(json.dumps(asdict(key), sort_keys=True).encode()).hexdigest()


def _boot() -> str:
    """Return what names the time since the device was started."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""
