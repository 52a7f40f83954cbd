"""The camera process: looks at what cameras see for the captures that pages begin: ``triage camera``."""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import Dict, Optional

from appliance import notify
from appliance.camera.live import LiveSource, open_source
from appliance.camera.sources import Frame, Trouble, TroubleKind
from appliance.config import Settings
from appliance.errors import TriageError
from appliance.ingest.sitting import CAMERA_INTERRUPTED, Sitting
from appliance.presence import presence
from appliance.stop import StopRequest, ends_in_words
from appliance.store import Capture, Eye, Store

_PERIOD_S = 0.1
_LOOK_S = 60.0
"""How often the appliance's own camera is tried while nobody uses it: it must not be dead when it is needed."""

_PATIENCE_S = 5.0
_STOP_S = 5.0

log = logging.getLogger("appliance.camera")


def run(settings: Settings) -> None:
    """Look until SIGTERM or SIGINT.

    Parameters
    ----------
    settings : Settings
        The camera, the store and the limits.

    Raises
    ------
    SystemExit
        When the camera is none or the store cannot be used; the log says why, and the status whether to start it
        again.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = StopRequest()
    with ends_in_words(log):
        if settings.camera.source:
            open_source(settings.camera.source)  # what is no camera is said now
        with Store(settings.store.folder, "camera") as store, presence(store.camera_lock):
            CameraProcess(store, settings, stop).work()


class CameraProcess:
    """A thread for each capture, and a look at the appliance's own camera now and then.

    Parameters
    ----------
    store : Store
        Has the captures; gets the cases.
    settings : Settings
        The camera and the limits.
    stop : StopRequest
        Ends it.
    """

    def __init__(self, store: Store, settings: Settings, stop: StopRequest) -> None:
        self._store = store
        self._settings = settings
        self._stop = stop
        self._ended = threading.Event()
        self._sittings: Dict[str, Sitting] = {}
        self._looked_at = -_LOOK_S

    def work(self) -> None:
        """Work until asked to stop."""
        self._clear()
        log.info("ready")
        notify.ready()
        try:
            while not self._stop.set:
                notify.alive()
                try:
                    self._attend()
                except TriageError as error:
                    log.error("%s", error.message)
                time.sleep(_PERIOD_S)
        finally:
            self._ended.set()
            until = time.monotonic() + _STOP_S
            for sitting in self._sittings.values():
                sitting.join(max(0.0, until - time.monotonic()))
                if sitting.is_alive():  # one look at a picture may take longer than anybody waits
                    self._interrupted(sitting.capture)

    def _clear(self) -> None:
        """End what an earlier process was looking at: what it had found is lost."""
        waiting = set()
        for capture in self._store.captures.under_way():
            if capture.looked:
                self._interrupted(capture)
            else:
                waiting.add(capture.id)
        self._store.remove_frames(keep=waiting)

    def _interrupted(self, capture: Capture) -> None:
        self._store.captures.fail(capture, "camera_interrupted", CAMERA_INTERRUPTED)

    def _attend(self) -> None:
        """Give each new capture a thread, and try the own camera when it is time."""
        self._sittings = {key: sitting for key, sitting in self._sittings.items() if sitting.is_alive()}
        own = any(sitting.capture.eye is Eye.OWN for sitting in self._sittings.values())
        for capture in self._store.captures.under_way():
            if capture.id in self._sittings or (capture.eye is Eye.OWN and own):
                continue  # the one before still holds the camera
            self._sittings[capture.id] = Sitting(self._store, self._settings, capture, self._ended)
            self._sittings[capture.id].start()
            own = own or capture.eye is Eye.OWN
        if not own and time.monotonic() - self._looked_at > _LOOK_S:
            self._looked_at = time.monotonic()
            self._try_camera()

    def _try_camera(self) -> None:
        """See whether the appliance's own camera gives pictures, and note what is wrong."""
        trouble = None
        if self._settings.camera.source:
            source = open_source(self._settings.camera.source)
            if isinstance(source, LiveSource):
                with source:
                    trouble = _first_trouble(source, self._stop)
        self._store.captures.camera_is(trouble.value if trouble else None)


def _first_trouble(source: LiveSource, stop: StopRequest) -> Optional[TroubleKind]:
    """Return what is wrong with a camera that gives no picture in some seconds; None where it gives one."""
    began = time.monotonic()
    for item in source:
        if isinstance(item, Frame) or stop.set:
            return None
        if isinstance(item, Trouble) and time.monotonic() - began > _PATIENCE_S:
            return item.kind
    return None
