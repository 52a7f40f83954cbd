"""The doctor scrolls through the series while the camera watches: frames in, guidance for each, slices at the end."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Deque, List, Optional, Sequence

import cv2
import numpy as np

from appliance.camera.anatomy import MIN_SLICES, Coverage, coverage
from appliance.camera.exposure import Brightness
from appliance.camera.extent import more_shown_by, moved, reaches_border, varied
from appliance.camera.likeness import THUMB
from appliance.camera.moments import Moment, MomentFinder
from appliance.camera.series import SeenSeries
from appliance.camera.sources import Frame
from appliance.camera.square import SIDE
from appliance.camera.track import Locate, Tracker, View

_LOST_S = 0.5
_SHOWN_S = 2.0
"""So long a hint stays that a moment gave cause for."""

_MIN_SIDE = 240.0
"""Pixels of the frame that the CT picture's shortest side must have; the network sees at most 256."""

_CUT = 0.12
"""Share of that side by which the picture may come to lie beyond the frame while it is followed."""

_FAST = 0.02
"""Share of that side by which the picture may move from one frame to the next."""

_FAST_FRAMES = 4

_UNSETTLED = 4
"""After so many frames without a still moment a slice has passed unseen."""

_PAUSE_FRAMES = 20
"""A slice that is shown for so many frames is looked at; then there is time to look at the whole."""

_REST_FRAMES = 10
"""A slice that is shown for so many frames is not about to give way to the next before the picture was located."""

_VERIFY_S = 2.0
"""So often a picture is located anew, which takes longer than a frame, while its place is doubtful."""

_AGAIN_S = 0.2
"""So soon it is located once more after it was found elsewhere, or cut."""

_GLARE_DISC = 13
"""Diameter in pixels of a thumb; no bone at the same place of many slices is as thick."""

_GLARE_SHARE = 0.8
_GLARE_SLICES = 5


class Hint(str, Enum):
    """What the doctor is told while the camera watches. `appliance.guidance` holds the words."""

    NO_SCREEN = "no_screen"
    CUT = "cut"
    HEAD_CUT = "head_cut"
    CLOSER = "closer"
    HOLD_STILL = "hold_still"
    REFLECTION = "reflection"
    TOO_BRIGHT = "too_bright"
    ANEW = "anew"
    SCROLL = "scroll"
    SLOWER = "slower"
    TO_BASE = "to_base"
    TO_VERTEX = "to_vertex"
    DONE = "done"


@dataclass(frozen=True)
class Guidance:
    """What to do now, and how far it is.

    Attributes
    ----------
    hint : Hint
        What to tell the doctor.
    slices : int
        Different slices seen so far.
    base, vertex : bool
        Whether the slices reach beyond the brain there.
    gaps : int
        Between how many neighbours slices may have passed unseen.
    corners : numpy.ndarray or None
        float64, shape ``(4, 2)``: where the CT picture lies in the frame.
    """

    hint: Hint
    slices: int
    base: bool
    vertex: bool
    gaps: int
    corners: Optional[np.ndarray]


class ScrollCapture:
    """Collects the slices of one series.

    Parameters
    ----------
    locate : callable
        Finds the one large CT picture in a frame.
    """

    def __init__(self, locate: Locate) -> None:
        self._tracker = Tracker(locate)
        self._finder = MomentFinder()
        self._series = SeenSeries()
        self._head = self._known = np.zeros((THUMB, THUMB), np.uint8)
        self._anew = False
        self._coverage = Coverage()
        self._gaps = 0
        self._judged = 0
        self._glare = False
        self._seen_s = self._slower_s = self._cut_s = self._verified_s = -np.inf
        self._beyond = False
        self._began_s: Optional[float] = None
        self._brightness = Brightness()
        self._moving: Deque[bool] = deque(maxlen=_FAST_FRAMES)

    def add(self, frame: Frame) -> Guidance:
        """Take the next frame.

        Parameters
        ----------
        frame : Frame
            Of the same camera as those before.

        Returns
        -------
        Guidance
            For this moment.
        """
        now_s = frame.taken_s
        self._began_s = now_s if self._began_s is None else self._began_s
        if now_s - self._cut_s < _AGAIN_S:
            return self._guidance(Hint.CUT, None)
        paused = self._finder.still >= _PAUSE_FRAMES
        rests = self._finder.still >= _REST_FRAMES
        doubtful = paused or self._beyond or (rests and reaches_border(self._head))
        verify = doubtful and now_s - self._verified_s >= (_AGAIN_S if self._tracker.doubted else _VERIFY_S)
        if verify:
            self._verified_s = now_s
        view = self._tracker.follow(frame.picture, self._is_wrong if verify else None)
        if view is None:
            self._interrupt()
            if self._tracker.cut:
                self._cut_s = now_s
                return self._guidance(Hint.CUT, None)
            return self._guidance(Hint.NO_SCREEN if now_s - max(self._seen_s, self._began_s) >= _LOST_S else None, None)
        self._seen_s = now_s
        self._moving.append(view.moved > _FAST * view.side)
        if view.change is not None:
            self._begin_anew(view.change)
        self._beyond = view.beyond > _CUT
        if self._beyond:
            self._interrupt()
            return self._guidance(Hint.CUT, view)
        self._take(self._finder.add(view.tile, now_s))
        if self._finder.unsettled >= _UNSETTLED and not any(self._moving) and len(self._series.moments):
            self._slower_s = now_s
        if paused:
            self._look_at_the_whole()
        return self._guidance(self._trouble(view, now_s), view)

    @property
    def gaps(self) -> int:
        """Between how many neighbours slices may have passed unseen, at the last look at the whole."""
        return self._gaps

    def finish(self) -> np.ndarray:
        """End the capture.

        Returns
        -------
        numpy.ndarray
            uint8, shape ``(n, SIDE, SIDE)``: each slice once, from the base of the skull to the vertex, in the grey
            levels of the camera.
        """
        pictures = [moment.picture for moment in self.in_order()]
        return np.stack(pictures) if pictures else np.zeros((0, SIDE, SIDE), np.uint8)

    def in_order(self) -> List[Moment]:
        """End the capture and return each slice once, as it was seen, from the base of the skull to the vertex."""
        self._take(self._finder.end())
        if not self._series.moments:
            return []
        self._look_at_the_whole()
        moments = [self._series.moments[index] for index in self._series.order()]
        return moments if self._coverage.upward else moments[::-1]

    def _take(self, moment: Optional[Moment]) -> None:
        if moment is not None and self._series.add(moment, relocated=self._tracker.locations > 1):
            self._head = varied([known.thumb for known in self._series.moments]) | self._known

    def _interrupt(self) -> None:
        self._take(self._finder.end())
        self._series.interrupt()

    def _is_wrong(self, change: np.ndarray) -> bool:
        """Tell whether the CT picture lies elsewhere than was thought, where it was located.

        Where nothing changes it does; where slices change, and the whole head is seen, it does not.
        """
        if not self._head.any():
            return True
        self._look_at_the_whole()
        whole = self._coverage.base and self._coverage.vertex and not self._coverage.cut
        return not whole and more_shown_by(change, self._head, SIDE)

    def _begin_anew(self, change: np.ndarray) -> None:
        """Forget what was seen, another picture or part of the head, but for how far the head reaches."""
        self._anew = self._anew or len(self._series.moments) > 1
        self._head = self._known = moved(self._head, change, SIDE)
        self._finder, self._series = MomentFinder(), SeenSeries()
        self._coverage, self._gaps, self._judged, self._glare = Coverage(), 0, 0, False

    def _look_at_the_whole(self) -> None:
        moments = self._series.moments
        if self._judged == self._series.news:
            return
        self._judged = self._series.news
        order = self._series.order()
        self._coverage = coverage([moments[index].picture for index in order])
        self._gaps = self._series.gaps(order)
        self._glare = _glare(moments)

    def _trouble(self, view: View, now_s: float) -> Optional[Hint]:
        if view.side < _MIN_SIDE:
            return Hint.CLOSER
        if all(self._moving) and len(self._moving) == _FAST_FRAMES:
            return Hint.HOLD_STILL
        if self._brightness.complains(view.tile, now_s):
            return Hint.TOO_BRIGHT
        if now_s - self._slower_s < _SHOWN_S:
            return Hint.SLOWER
        return Hint.REFLECTION if self._glare else None

    def _guidance(self, trouble: Optional[Hint], view: Optional[View]) -> Guidance:
        covered = self._coverage
        count = len(self._series.moments)
        if trouble is None:
            paused = self._finder.still >= _PAUSE_FRAMES and count >= MIN_SLICES
            trouble = Hint.ANEW if self._anew and count < MIN_SLICES else Hint.SCROLL
            if covered.cut:
                trouble = Hint.HEAD_CUT
            elif covered.base and covered.vertex:
                trouble = Hint.SLOWER if self._gaps else Hint.DONE
            elif paused and covered.base:
                trouble = Hint.TO_VERTEX
            elif paused and covered.vertex:
                trouble = Hint.TO_BASE
        corners = None if view is None else view.corners
        return Guidance(trouble, count, covered.base, covered.vertex, self._gaps, corners)


def _glare(moments: Sequence[Moment]) -> bool:
    """Tell whether something bright stays where it is while the slices change."""
    if len(moments) < _GLARE_SLICES:
        return False
    darkest = np.min([moment.thumb for moment in moments], axis=0)
    white = float(np.median([np.percentile(moment.thumb, 99) for moment in moments]))
    bright = (darkest > _GLARE_SHARE * white).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_GLARE_DISC, _GLARE_DISC))
    return bool(cv2.erode(bright, disc, borderValue=0).any())
