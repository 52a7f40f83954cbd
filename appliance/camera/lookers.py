"""Slices off the frames of a camera: side by side in one shot, or one after the other while somebody scrolls."""

from __future__ import annotations

from typing import List, Optional, Protocol, Tuple

import cv2
import numpy as np

from appliance.camera.exposure import Brightness
from appliance.camera.gathered import Gathered, from_the_base
from appliance.camera.largest import largest_picture
from appliance.camera.overlay import without_overlays
from appliance.camera.photograph import Photograph, read_photograph
from appliance.camera.quality import Gate
from appliance.camera.scroll import ScrollCapture
from appliance.camera.sources import Frame
from appliance.guidance import Guidance, GuidanceCode, refusal
from appliance.reasons import Refused

_TRIES = 3
"""Photographs of which the best is taken."""

_THUMB = 32
_SAME = 6.0
"""Grey levels by which two shots of the same slices differ at most, on average."""


class Looker(Protocol):
    """Looks at the frames of one capture."""

    @property
    def slices(self) -> int:
        """How many slices were found so far."""

    def look(self, frame: Frame) -> Guidance:
        """Look at the next frame, and say what to do."""

    def take(self) -> None:
        """Take the picture that is seen."""

    def gathered(self) -> Gathered:
        """Return what was found; raises `Refused` where that cannot be a head."""


class TilesLooker:
    """Takes shots of slices that stand side by side, as often as it is told to.

    Parameters
    ----------
    gate : Gate or None
        Refuses shots that cannot be judged.
    """

    def __init__(self, gate: Optional[Gate]) -> None:
        self._gate = gate
        self._shots: List[Photograph] = []
        self._tries: List[Photograph] = []
        self._taking = False
        self._brightness = Brightness()
        self._frames = 0

    @property
    def slices(self) -> int:
        """How many slices were taken so far."""
        return sum(len(shot.pictures) for shot in self._shots)

    def look(self, frame: Frame) -> Guidance:
        """Say what is seen, and take it where that was asked for."""
        self._frames += 1
        try:
            photograph = read_photograph(frame.picture)
        except Refused as refused:
            return refusal(refused.reasons[0])
        bad = self._gate.check(photograph.pictures) if self._gate else None
        if bad:
            return refusal(bad)
        screen = photograph.screen
        place = () if screen.kind == "frame" else _shares(screen.corners, frame.picture)
        if not self._taking:
            if self._shots and _same(self._shots[-1], photograph):
                return Guidance(GuidanceCode.TAKEN, place=place)
            middle = photograph.pictures[len(photograph.pictures) // 2]
            if self._brightness.complains(middle, frame.taken_s):
                return Guidance(GuidanceCode.TOO_BRIGHT, place=place)
            return Guidance(GuidanceCode.TILES_SEEN, {"count": len(photograph.pictures)}, place)
        self._tries.append(photograph)
        if len(self._tries) < _TRIES:
            return Guidance(GuidanceCode.TAKING, place=place)
        self._keep(max(self._tries, key=_worth))
        return Guidance(GuidanceCode.TAKEN, place=place)

    def take(self) -> None:
        """Take the best of the next photographs."""
        self._tries, self._taking = [], True

    def gathered(self) -> Gathered:
        """Return the slices of all shots from the base up."""
        pictures = from_the_base([picture for shot in self._shots for picture in shot.pictures])
        headers = [shot.header for shot in self._shots if shot.header is not None]
        return Gathered(pictures, "tiles", self._frames, headers[0] if headers else None)

    def _keep(self, photograph: Photograph) -> None:
        """Keep a shot; one of the same slices takes the place of the last."""
        if self._shots and _same(self._shots[-1], photograph):
            del self._shots[-1]
        self._shots.append(photograph)
        self._taking = False


def _worth(photograph: Photograph) -> Tuple[int, float]:
    """How good a shot is: the more slices, then the sharper."""
    sharp = [float(cv2.Laplacian(picture, cv2.CV_32F).var()) for picture in photograph.pictures]
    return len(photograph.pictures), float(np.median(sharp)) if sharp else 0.0


def _same(first: Photograph, second: Photograph) -> bool:
    """Tell whether two shots are of the same slices."""
    if len(first.pictures) != len(second.pictures):
        return False
    pairs = zip(first.pictures, second.pictures)
    away = [np.abs(_thumb(one) - _thumb(other)).mean() for one, other in pairs]
    return bool(away) and float(np.median(away)) < _SAME


def _thumb(picture: np.ndarray) -> np.ndarray:
    small = cv2.resize(picture, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(small - small.mean())


class ScrollLooker:
    """Gathers the slices of a series while somebody scrolls through it.

    Parameters
    ----------
    gate : Gate or None
        Refuses slices that cannot be judged.
    """

    def __init__(self, gate: Optional[Gate]) -> None:
        self._gate = gate
        self._capture = ScrollCapture(largest_picture)
        self._frames = 0
        self._slices = 0
        self._header: Optional[np.ndarray] = None

    @property
    def slices(self) -> int:
        """How many slices were found so far."""
        return self._slices

    def look(self, frame: Frame) -> Guidance:
        """Look at the next frame, and say what to do."""
        self._frames += 1
        said = self._capture.add(frame)
        if said.slices < self._slices:
            self._header = None  # the screen is looked at anew
        if said.slices > self._slices and self._header is None:
            self._header = _header_of(frame.picture)
        self._slices = said.slices
        return Guidance(GuidanceCode(said.hint.value), place=_shares(said.corners, frame.picture))

    def take(self) -> None:
        """Do nothing: a slice is taken when it stands still."""

    def gathered(self) -> Gathered:
        """Return the slices from the base up."""
        found = (cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) for picture in self._capture.finish())
        pictures = tuple(map(without_overlays, found))
        bad = self._gate.check(pictures) if self._gate else None
        if bad:
            raise Refused(bad)
        return Gathered(pictures, "scroll", self._frames, self._header, self._capture.gaps)


def _header_of(frame: np.ndarray) -> Optional[np.ndarray]:
    try:
        return read_photograph(frame).header
    except Refused:
        return None


def _shares(corners: Optional[np.ndarray], frame: np.ndarray) -> Tuple[Tuple[float, float], ...]:
    """Corners in pixels as shares of the frame."""
    if corners is None:
        return ()
    rows, columns = frame.shape[:2]
    return tuple((round(float(x) / columns, 4), round(float(y) / rows, 4)) for x, y in corners)
