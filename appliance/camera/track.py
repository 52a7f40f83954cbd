"""Follows the CT picture from frame to frame, so that the screen need be searched only now and then.

The picture itself changes while the doctor scrolls; what stands around it does not. So points around it are followed
(Lucas and Kanade 1981; pyramids after Bouguet 2000), always from the frame in which the picture was located, so that
errors do not add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional, Tuple

import cv2
import numpy as np

from appliance.camera.likeness import difference
from appliance.camera.marks import find_marks, surroundings
from appliance.camera.square import are_apart, beyond_frame, from_square, shortest_side, tile_of

Locate = Callable[[np.ndarray], Optional[np.ndarray]]
"""Finds the one large CT picture in a frame: float64, shape ``(4, 2)``, its corners from the top left clockwise."""

IsWrong = Callable[[np.ndarray], bool]
"""Tells whether the picture lies elsewhere than it was thought to, given a float64 matrix, shape ``(3, 3)``: where
pixels of the tiles so far would lie."""

_WIDTH = 640
"""Columns of the frame in which points are followed."""

_MIN_POINTS = 8
_MIN_KEPT = 0.35
"""Share of the points that have to move together."""

_UNLIKE, _NOISE = 2.0, 4.0
"""A mark is another one when its grey levels differ from what they were by more than this, over the usual difference
and beyond it."""

_WIDE = 0.9
"""Share of the picture's width and height."""

_WORN = 0.88
"""With less than this share of the most points that agreed, others are taken; each time errors add up."""

_EXACT_PX = 1.0
"""How far a point may be from where the others say, in pixels of the small frame."""

_MIN_RESPONSE = 0.05
"""Peak of the phase correlation of two frames of one scene, at least."""

_SAME = 1.0
"""Difference up to which two whole frames show the same slice."""

_CUT = 0.08
"""Share of its side by which a picture may seem to lie beyond the frame; corners are found within 5 %, rarely 10."""


@dataclass(frozen=True)
class View:
    """The CT picture in one frame.

    Attributes
    ----------
    tile : numpy.ndarray
        uint8, shape ``(SIDE, SIDE)``: its grey levels, made square.
    corners : numpy.ndarray
        float64, shape ``(4, 2)``: its corners in pixels of the frame.
    moved : float
        How far it moved since the frame before, in pixels of the frame.
    beyond : float
        How far it lies beyond the frame, as a share of its side; below 0 where it is whole.
    change : numpy.ndarray or None
        float64, shape ``(3, 3)``: where pixels of the tiles before lie in this one, when from now on another part of
        the screen is followed.
    """

    tile: np.ndarray
    corners: np.ndarray
    moved: float
    beyond: float
    change: Optional[np.ndarray] = None

    @property
    def side(self) -> float:
        """Its shortest side in pixels of the frame."""
        return shortest_side(self.corners)


@dataclass
class _Start:
    """What is known of the frame in which the picture was located, all in pixels of the small frame."""

    small: np.ndarray
    points: np.ndarray
    sectors: np.ndarray
    corners: np.ndarray
    features: Tuple[np.ndarray, Optional[np.ndarray]]


class Tracker:
    """Gives the view of each frame.

    Parameters
    ----------
    locate : callable
        Asked where nothing is followed.

    Attributes
    ----------
    locations : int
        How often it was located because it was not followed, or followed by other points. Views of different locations
        may lie a little apart.
    cut : bool
        Whether what was located last lies partly beyond the frame. Such a picture is not followed: where its corners
        are is guessed.
    """

    def __init__(self, locate: Locate) -> None:
        self.locations = 0
        self.cut = False
        self._locate = locate
        self._start: Optional[_Start] = None
        self._matrix = np.eye(3)
        self._corners = np.zeros((4, 2))
        self._elsewhere: Optional[np.ndarray] = None
        self._worn = False
        self._most = 0

    @property
    def doubted(self) -> bool:
        """Whether it lay elsewhere when it was located last, and nobody was asked yet."""
        return self._elsewhere is not None

    def follow(self, picture: np.ndarray, is_wrong: Optional[IsWrong] = None) -> Optional[View]:
        """Find the CT picture in the next frame.

        Parameters
        ----------
        picture : numpy.ndarray
            uint8, shape ``(rows, columns, 3)``.
        is_wrong : callable, optional
            Where given, it is located anew, and this is asked where it seems to lie elsewhere twice in turn.

        Returns
        -------
        View or None
            None where none is seen.
        """
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        scale = _WIDTH / grey.shape[1]
        small = cv2.resize(grey, (_WIDTH, round(grey.shape[0] * scale)), interpolation=cv2.INTER_AREA)
        before = self._corners
        change = None
        corners = self._follow(small)
        if corners is None and self._recover(small):
            corners = self._follow(small)
        if corners is None:
            corners = self._begin(small, self._located(picture, scale))
            self.locations += corners is not None
        elif is_wrong is not None:
            found = self._located(picture, scale)
            before_that, self._elsewhere = self._elsewhere, None
            if found is not None and are_apart(found, corners):
                if before_that is None:
                    self._elsewhere = found
                elif not are_apart(found, before_that):
                    laid = np.linalg.inv(from_square(found)) @ from_square(corners)
                    if is_wrong(laid):
                        change, corners = laid, self._begin(small, found)
        if corners is None:
            return None
        if self._worn:
            self._begin(small, corners)
            self.locations += 1
        self._corners = corners / scale
        moved = float(np.abs(self._corners - before).max()) if before.any() else 0.0
        return View(tile_of(grey, self._corners), self._corners, moved, beyond_frame(self._corners, picture), change)

    def _located(self, picture: np.ndarray, scale: float) -> Optional[np.ndarray]:
        found = self._locate(picture)
        self.cut = found is not None and beyond_frame(found, picture) > _CUT
        return None if found is None or self.cut else np.asarray(found, dtype=np.float64) * scale

    def _begin(self, small: np.ndarray, corners: Optional[np.ndarray]) -> Optional[np.ndarray]:
        """Follow what was located from now on; what is around it may be too little for that."""
        self._elsewhere, self._worn, self._most = None, False, 0
        if corners is None:
            return None
        mask = surroundings(corners, small.shape)
        points, sectors = find_marks(small, mask, corners)
        self._start = _Start(small, points, sectors, corners, _orb().detectAndCompute(small, mask))
        self._matrix = np.eye(3)
        return corners

    def _follow(self, small: np.ndarray) -> Optional[np.ndarray]:
        """Return the corners in the next frame; None where they are lost."""
        start = self._start
        if start is None or start.small.shape != small.shape:
            return None
        if len(start.points) < _MIN_POINTS:
            return self._drift(start, small)
        expected = cv2.perspectiveTransform(start.points, self._matrix)
        now, found, unlike = cv2.calcOpticalFlowPyrLK(
            start.small,
            small,
            start.points,
            expected.copy(),
            winSize=(15, 15),
            maxLevel=3,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        kept = found[:, 0] > 0
        if kept.sum() < _MIN_POINTS:
            return None
        # the number of the slice is written somewhere, and changes
        kept &= unlike[:, 0] <= _UNLIKE * np.median(unlike[kept, 0]) + _NOISE
        # from the frame before nearly nothing but shift and turn has changed: that tells which marks went elsewhere
        step, agree = cv2.estimateAffinePartial2D(expected[kept], now[kept], ransacReprojThreshold=_EXACT_PX)
        if step is None or agree.sum() < max(_MIN_POINTS, _MIN_KEPT * len(start.points)):
            return None
        kept[kept] = agree[:, 0] > 0
        if _wide(start.points[kept, 0], start.corners):
            matrix, _ = cv2.findHomography(start.points[kept], now[kept], 0)
        else:
            matrix = np.vstack([step, [0.0, 0.0, 1.0]]) @ self._matrix
        if matrix is None:
            return None
        self._most = max(self._most, int(kept.sum()))
        self._worn = bool(kept.sum() < _WORN * self._most)
        self._matrix = np.asarray(matrix)
        return np.asarray(cv2.perspectiveTransform(start.corners[None], matrix)[0], dtype=np.float64)

    def _drift(self, start: _Start, small: np.ndarray) -> Optional[np.ndarray]:
        """Return the corners where nothing but the picture itself is seen: shifted as the frame was (Kuglin 1975).

        From frame to frame, and only while the slice stays: another slice looks like a shift.
        """
        first, second = (
            cv2.resize(one, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for one in (start.small, small)
        )
        first, second = first.astype(np.float32), second.astype(np.float32)
        size = first.shape[::-1]
        shift, response = cv2.phaseCorrelate(first, second, cv2.createHanningWindow(size, cv2.CV_32F))
        if not response > _MIN_RESPONSE:
            return None
        start.small = small
        laid = cv2.warpAffine(second, np.array([[1, 0, -shift[0]], [0, 1, -shift[1]]]), size)
        if difference(first, laid) < _SAME:
            start.corners = start.corners + 2 * np.array(shift)
        return start.corners

    def _recover(self, small: np.ndarray) -> bool:
        """Look for what was followed anywhere in the frame (ORB, Rublee et al. 2011), after a jolt or an interruption.

        Locating it anew would do, but each location is a little different, and slices must lie on each other.
        """
        start = self._start
        if start is None or start.small.shape != small.shape:
            return False
        points, features = _orb().detectAndCompute(small, None)
        if len(start.points) < _MIN_POINTS or features is None or start.features[1] is None:
            return False
        pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(start.features[1], features)
        if len(pairs) < _MIN_POINTS:
            return False
        first = np.array([start.features[0][pair.queryIdx].pt for pair in pairs], np.float32)
        second = np.array([points[pair.trainIdx].pt for pair in pairs], np.float32)
        matrix, agree = cv2.estimateAffinePartial2D(first, second, ransacReprojThreshold=2.0)
        if matrix is None or agree.sum() < _MIN_POINTS:
            return False
        self._matrix = np.vstack([matrix, [0.0, 0.0, 1.0]])
        return True


def _orb() -> Any:
    return cv2.ORB.create(nfeatures=400, fastThreshold=10)


def _wide(points: np.ndarray, corners: np.ndarray) -> bool:
    """Tell whether points reach as far as the picture does, across and down, so that they tell its perspective."""
    return bool((np.ptp(points, axis=0) > _WIDE * np.ptp(corners, axis=0)).all())
