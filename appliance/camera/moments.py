"""Still moments: runs of frames in which the CT picture stays the same, each merged into one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

import cv2
import numpy as np

from appliance.camera.likeness import difference, thumb_of

MIN_FRAMES = 3
"""Frames of a moment, at least."""

_EARLY_FRAMES = 10
"""A moment that goes on is given for the first time with so many; the doctor may have come to the last slice."""

_MERGED = 12
"""Frames that are merged at most, the sharpest."""

_BEFORE = 4
"""So many thumbs of frames between two moments are kept; a change from one slice to the next takes one or two."""

_STILL = 2.0
"""Difference from the moment's mean up to which a frame belongs to it."""


@dataclass(frozen=True)
class Moment:
    """A slice as it was seen for a while.

    Attributes
    ----------
    picture : numpy.ndarray
        uint8, square: the mean of the sharpest frames, which has less noise and moire than any of them.
    thumb : numpy.ndarray
        float32: the same, as `appliance.camera.likeness` compares it.
    sharpness : float
        Larger is sharper, for pictures of the same slice.
    frames : int
        How many there were.
    first_s, last_s : float
        When.
    before : tuple of numpy.ndarray
        float32: thumbs of the frames since the moment before, which did not last; not more than a few.
    """

    picture: np.ndarray
    thumb: np.ndarray
    sharpness: float
    frames: int
    first_s: float
    last_s: float
    before: Tuple[np.ndarray, ...]


class MomentFinder:
    """Takes frames in turn and gives the moments among them.

    A moment that lasts is given twice: soon, and again when it has ended.
    """

    def __init__(self) -> None:
        self._kept: List[Tuple[float, int, np.ndarray]] = []
        self._sum = np.zeros(0, np.float32)
        self._short: List[np.ndarray] = []
        self._before: List[np.ndarray] = []
        self._count = 0
        self._first_s = self._last_s = 0.0
        self.unsettled = 0
        """Frames since the last moment that were too short a time the same."""

    @property
    def still(self) -> int:
        """Frames of the moment that goes on."""
        return self._count

    def add(self, tile: np.ndarray, taken_s: float) -> Optional[Moment]:
        """Take the next frame.

        Parameters
        ----------
        tile : numpy.ndarray
            uint8, square: the CT picture.
        taken_s : float
            When it was taken.

        Returns
        -------
        Moment or None
            One that has just ended, or that has lasted long enough.
        """
        thumb = thumb_of(tile)
        ended = None
        if self._count and difference(self._sum / self._count, thumb) > _STILL:
            ended = self.end()
        if not self._count:
            self._sum, self._first_s = np.zeros_like(thumb), taken_s
        self._sum += thumb
        self._count += 1
        if self._count < MIN_FRAMES:
            self._short.append(thumb)
        self._last_s = taken_s
        self._keep(tile)
        return self._merge() if self._count == _EARLY_FRAMES and ended is None else ended

    def end(self) -> Optional[Moment]:
        """End the moment that goes on and return it, if it was one."""
        ended = self._merge() if self._count >= MIN_FRAMES else None
        self.unsettled = 0 if ended else self.unsettled + self._count
        self._before = [] if ended else [*self._before, *self._short][:_BEFORE]
        self._kept, self._short, self._count = [], [], 0
        return ended

    def _keep(self, tile: np.ndarray) -> None:
        self._kept.append((_sharpness(tile), self._count, tile))
        # the first may still show a trace of the slice before
        if self._count == MIN_FRAMES + 1:
            self._kept = [kept for kept in self._kept if kept[1] > 1]
        if len(self._kept) > _MERGED:
            self._kept.remove(min(self._kept, key=lambda kept: kept[:2]))

    def _merge(self) -> Moment:
        # nor is the last to be trusted, if there are others
        kept = [kept for kept in self._kept if kept[1] < self._count or self._count <= MIN_FRAMES + 1]
        total = np.zeros(kept[0][2].shape, np.float32)
        for _, _, tile in kept:
            cv2.accumulate(tile, total)
        picture = cv2.convertScaleAbs(total, alpha=1 / len(kept))
        thumb, before = thumb_of(picture), tuple(self._before)
        return Moment(picture, thumb, _sharpness(picture), self._count, self._first_s, self._last_s, before)


def _sharpness(tile: np.ndarray) -> float:
    """Mean energy of the edges, measured a little coarser than the noise and the panel's pixels are."""
    small = cv2.resize(tile, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    across, down = cv2.spatialGradient(small)
    return float(cv2.norm(across, cv2.NORM_L2SQR) + cv2.norm(down, cv2.NORM_L2SQR)) / small.size
