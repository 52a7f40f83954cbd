"""Watch for discs and sticks, and take in each that is inserted: ``triage watch-media``."""

from __future__ import annotations

import logging
import sys
import time
from typing import Dict, Optional, Tuple

from appliance import notify
from appliance.config import Settings
from appliance.errors import TriageError
from appliance.ingest.media import MediumRead, read_medium
from appliance.ingest.place import FolderPlace, Inserted, MediaPlaceError, Place, is_there
from appliance.ingest.survey import Survey, survey
from appliance.ingest.udev import UdevPlace
from appliance.presence import presence
from appliance.stop import StopRequest, ends_in_words
from appliance.store import MediumState, Store

_PERIOD_S = 0.5
_SETTLED_S = 1.0
"""A folder that is being filled is complete once nothing of it has changed for so long."""
_PROGRESS_S = 0.25

log = logging.getLogger("appliance.media")


class Stopped(Exception):
    """The watcher was asked to stop in the middle of a medium."""


def run(settings: Settings) -> None:
    """Watch until SIGTERM or SIGINT.

    Parameters
    ----------
    settings : Settings
        Where to watch, the store and the limits.

    Raises
    ------
    SystemExit
        When there is nothing to watch or the store cannot be used; the log says why, and the status whether to start
        it again.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = StopRequest()
    with ends_in_words(log):
        place = place_of(settings)
        with Store(settings.store.folder, "media watcher") as store, presence(store.media_lock):
            store.media.start()
            log.info("watching %s", settings.media.folder)
            notify.ready()
            try:
                Watcher(store, settings, place, stop).watch()
            except Stopped:
                log.info("stopped while a medium was read; it is read again at the next start")


def place_of(settings: Settings) -> Place:
    """Return what the settings name.

    Raises
    ------
    MediaPlaceError
        When they name nothing, or it cannot be watched.
    """
    if settings.media.watch == "udev":
        return UdevPlace(settings.media.folder)
    if settings.media.watch == "folder":
        return FolderPlace(settings.media.folder)
    raise MediaPlaceError("Nothing says where media appear; give --folder DIR, or set [media] watch.")


class Watcher:
    """Takes in what is inserted, one medium after the other.

    Parameters
    ----------
    store : Store
        Gets the cases, and how far each medium is.
    settings : Settings
        The limits.
    place : Place
        Where media appear.
    stop : StopRequest
        Ends it.
    """

    def __init__(self, store: Store, settings: Settings, place: Place, stop: StopRequest) -> None:
        self._store = store
        self._settings = settings
        self._place = place
        self._stop = stop
        self._numbers: Dict[str, int] = {}
        self._growing: Dict[str, Tuple[str, float]] = {}

    def watch(self) -> None:
        """Watch until asked to stop.

        Raises
        ------
        Stopped
            When that was while a medium was read.
        """
        while not self._stop.set:
            notify.alive()
            self.look()
            self._place.wait(_PERIOD_S)

    def look(self) -> None:
        """Notice what was taken out, and take in what was inserted."""
        present = {medium.key: medium for medium in self._place.present()}
        for key in self._numbers.keys() - present.keys():
            self._store.media.removed(self._numbers.pop(key))
        self._growing = {key: value for key, value in self._growing.items() if key in present}
        for key, medium in present.items():
            if key not in self._numbers:
                self._consider(medium)

    def _consider(self, medium: Inserted) -> None:
        """Take in a medium, unless it is a folder that is empty or was still growing a moment ago."""
        try:
            found = survey(medium.root, self._settings.ingest)
        except TriageError as error:
            self._refuse(medium, self._insert(medium), error)
            return
        if self._place.grows:
            fingerprint, since = self._growing.get(medium.key, ("", 0.0))
            if fingerprint != found.fingerprint:
                self._growing[medium.key] = (found.fingerprint, time.monotonic())
                return
            if not found.files or time.monotonic() - since < _SETTLED_S:
                return
        number = self._insert(medium)
        try:
            self._take(medium, number, found)
        except TriageError as error:
            self._refuse(medium, number, error)

    def _insert(self, medium: Inserted) -> int:
        self._numbers[medium.key] = number = self._store.media.insert(medium.name)
        log.info("medium %d: inserted", number)  # its name may be a patient's
        return number

    def _take(self, medium: Inserted, number: int, found: Survey) -> None:
        known = self._store.media.known(found.fingerprint)
        if known is None:
            read = self._read(medium, number, found)
            state = MediumState.GONE if read.gone else MediumState.READ
            case_id, complete = read.case.id if read.case else None, read.complete
        else:
            state, case_id, complete = MediumState.KNOWN, known, True
        fingerprint = found.fingerprint if complete else None
        self._store.media.keep(number, case_id, fingerprint)  # first: whatever comes now, it is not read again
        if state is not MediumState.GONE:
            self._release(medium, number)
        self._store.media.finish(number, state, case_id, fingerprint=fingerprint)
        log.info("medium %d: %s", number, state.value)

    def _read(self, medium: Inserted, number: int, found: Survey) -> MediumRead:
        shown_at = 0.0
        read: Optional[MediumRead] = None
        for item in read_medium(self._store, self._settings, self._place, medium, found):
            if isinstance(item, MediumRead):
                read = item
                continue
            notify.alive()
            self._heed_stop()
            if time.monotonic() - shown_at > _PROGRESS_S:
                self._store.media.progress(number, item.done, item.total)
                shown_at = time.monotonic()
        if read is None:
            raise RuntimeError("a medium was read without an end")
        return read

    def _refuse(self, medium: Inserted, number: int, error: TriageError) -> None:
        """Note why nothing came of a medium; one that is no longer there is not to blame."""
        if not is_there(self._place, medium):
            self._store.media.finish(number, MediumState.GONE)
            return
        log.info("medium %d: refused, %s: %s", number, error.code, error.message)
        self._release(medium, number)
        self._store.media.finish(number, MediumState.REFUSED, error_code=error.code, error_message=error.message)

    def _release(self, medium: Inserted, number: int) -> None:
        """Have a medium unmounted. One that stays mounted can be pulled out all the same: it is mounted read-only."""
        try:
            self._place.release(medium)
        except TriageError as error:
            log.error("medium %d: %s", number, error.message)

    def _heed_stop(self) -> None:
        if self._stop.set:
            raise Stopped
