"""One capture from its first frame to its case, or to the reason why there is none."""

from __future__ import annotations

import logging
import threading
import time
from typing import Iterator, Optional, Union

import cv2
import numpy as np

from appliance.camera.gathered import Gathered, write_gathered
from appliance.camera.live import LiveSource, open_source
from appliance.camera.lookers import Looker, ScrollLooker, TilesLooker
from appliance.camera.quality import gate_of
from appliance.camera.sources import Frame, FrameSource, Trouble
from appliance.config import Settings
from appliance.errors import TriageError
from appliance.files import disk_in_words
from appliance.guidance import Guidance, GuidanceCode, refusal
from appliance.ingest.browser_frames import BrowserFrames
from appliance.ingest.spool import require_room
from appliance.manifest import read_facts
from appliance.reasons import Refused
from appliance.store import Capture, Case, Eye, Source, Store, Way, Wish
from appliance.store.audit import ACTING

_LONGEST_S = 900.0
"""A capture takes a minute; one that lasts so long was forgotten."""

_SAY_S = 0.15
_WISHES_S = 0.1
_PREVIEW_S = 0.2
_PREVIEW_SIDE = 960

CAMERA_FAILED = "The appliance failed while looking at the pictures. Begin the capture again."
CAMERA_INTERRUPTED = "The appliance stopped while looking at the pictures. Begin the capture again."

log = logging.getLogger("appliance.camera")


class Sitting(threading.Thread):
    """A thread that looks at the frames of one capture until it is over.

    Parameters
    ----------
    store : Store
        Has the capture; gets the case.
    settings : Settings
        The camera and the limits.
    capture : Capture
        The capture, under way.
    stop : threading.Event
        Ends it.
    """

    def __init__(self, store: Store, settings: Settings, capture: Capture, stop: threading.Event) -> None:
        super().__init__(name=f"capture {capture.id}", daemon=True)
        self.capture = capture
        self._store = store
        self._settings = settings
        self._stop_asked = stop
        self._frames = store.frames(capture.id)
        self._looker = looker_of(capture.way, settings)
        self._looked = 0
        self._last: Optional[int] = None
        self._said: Optional[Guidance] = None
        self._said_at = self._asked_at = self._shown_at = 0.0

    def run(self) -> None:
        """Look until the capture is over; whatever goes wrong is its end, and not that of others."""
        ACTING.set(self.capture.who)
        try:
            self._sit()
        except TriageError as error:
            log.error("a capture failed, %s: %s", error.code, error.message)
            self._store.captures.fail(self.capture, error.code, error.message)
        except Exception:
            log.exception("a capture failed")
            self._store.captures.fail(self.capture, "camera_failed", CAMERA_FAILED)
        finally:
            self._frames.remove()

    def _sit(self) -> None:
        began = heard = time.monotonic()
        with self._source() as source:
            for item in self._until_its_end(source):
                if self._stop_asked.is_set():
                    return self._store.captures.fail(self.capture, "camera_interrupted", CAMERA_INTERRUPTED)
                wish = self._wish()
                if wish is Wish.CANCEL:
                    return self._store.captures.abandon(self.capture)
                if wish is Wish.TAKE:
                    self._looker.take()
                    self._store.captures.took_up(self.capture, wish)
                if isinstance(item, Frame):
                    heard = time.monotonic()
                    if self._look(item).code is GuidanceCode.TOO_BRIGHT:
                        source.darken()
                elif item is not None:
                    self._say(Guidance(GuidanceCode(f"camera_{item.kind.value}")))
                if item is None or (wish is Wish.FINISH and not self._behind(item)):
                    if self._finish():
                        return None
                if time.monotonic() - heard > self._settings.camera.quiet_s or time.monotonic() - began > _LONGEST_S:
                    return self._store.captures.abandon(self.capture)

    def _source(self) -> FrameSource:
        if self.capture.eye is Eye.BROWSER:
            return BrowserFrames(self._frames)
        source = open_source(self._settings.camera.source)
        return source if isinstance(source, LiveSource) else Paced(source)

    def _until_its_end(self, source: FrameSource) -> Iterator[Union[Frame, Trouble, None]]:
        """Yield what a source gives, and None once at its end; only files have one."""
        yield from source
        while True:
            yield None
            time.sleep(_WISHES_S)

    def _wish(self) -> Optional[Wish]:
        if time.monotonic() - self._asked_at < _WISHES_S and self.capture.wish is None:
            return None
        self._asked_at = time.monotonic()
        self.capture = self._store.captures.find(self.capture.id) or self.capture
        return self.capture.wish

    def _behind(self, item: Union[Frame, Trouble]) -> bool:
        """Tell whether frames that the page had sent before its wish still wait: they are looked at first."""
        if self._last is None:
            self._last = self._frames.newest()
        return isinstance(item, Frame) and self.capture.eye is Eye.BROWSER and item.number < self._last

    def _look(self, frame: Frame) -> Guidance:
        self._looked += 1
        guidance = self._looker.look(frame)
        self._say(guidance)
        if self.capture.eye is Eye.OWN and time.monotonic() - self._shown_at > _PREVIEW_S:
            self._shown_at = time.monotonic()
            self._frames.show(_preview(frame.picture))
        return guidance

    def _say(self, guidance: Guidance) -> None:
        """Tell the page, but not more often than anybody reads."""
        if self._said is None or time.monotonic() - self._said_at > _SAY_S:
            self._said, self._said_at = guidance, time.monotonic()
            self._store.captures.say(self.capture, guidance, self._looker.slices, self._looked)

    def _finish(self) -> bool:
        """Hand over what was found; False where that is nothing, and the capture goes on."""
        self._store.captures.took_up(self.capture, Wish.FINISH)
        self._said = self._last = None
        if not self._looker.slices:
            self._say(Guidance(GuidanceCode.NOTHING_YET))
            return False
        try:
            gathered = self._looker.gathered()
        except Refused as refused:
            self._say(refusal(refused.reasons[0]))
            return False
        case = hand_over(self._store, self._settings, gathered)
        self._store.captures.done(self.capture, case.id)
        log.info("case %d: %d slices from the camera", case.number, len(gathered.pictures))
        return True


class Paced(FrameSource):
    """A file in place of a camera: its frames come at their own times.

    Parameters
    ----------
    source : FrameSource
        The file.
    """

    def __init__(self, source: FrameSource) -> None:
        self._source = source

    def __enter__(self) -> FrameSource:
        """Open it."""
        self._source.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        """Close it."""
        self._source.__exit__(None, None, None)

    def __iter__(self) -> Iterator[Union[Frame, Trouble]]:
        """Yield each frame when its time has come; the one that is late at once."""
        began = time.monotonic()
        for item in self._source:
            if isinstance(item, Frame):
                time.sleep(max(0.0, began + item.taken_s - time.monotonic()))
            yield item


def looker_of(way: Way, settings: Settings) -> Looker:
    """Return what looks at slices that come in a way, with the gate of the network that will judge them.

    Raises
    ------
    ModelError
        When its manifest is absent or damaged.
    """
    gate = gate_of(read_facts(settings.engine.manifest).gate)
    return TilesLooker(gate) if way is Way.TILES else ScrollLooker(gate)


def hand_over(store: Store, settings: Settings, gathered: Gathered) -> Case:
    """Put slices into the spool and queue them.

    Raises
    ------
    DiskFullError, DiskReadOnlyError
        When the disk does not take them.
    """
    require_room(store, settings.ingest)
    with disk_in_words(), store.scratch("camera") as folder:
        write_gathered(folder, gathered)
        return store.arrivals.receive(Source.CAMERA, folder)


def _preview(picture: np.ndarray) -> bytes:
    scale = _PREVIEW_SIDE / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    encoded, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 75])
    if not encoded:
        raise ValueError(f"no JPEG can be made of shape {picture.shape}")
    return bytes(data.tobytes())
