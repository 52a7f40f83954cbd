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

SIDE = 512
"""Side of the CT picture that a view gives."""

Locate = Callable[[np.ndarray], Optional[np.ndarray]]
"""Finds the one large CT picture in a frame: float64, shape ``(4, 2)``, its corners from the top left clockwise."""

_WIDTH = 640
"""Columns of the frame in which points are followed."""

_SECTORS = 8
_POINTS = 12
"""Points in each sector around the CT picture: an interface has most of its marks on one side."""

_CLEAR = 0.03
"""How clear a mark must be over the clearest."""

_MIN_POINTS = 8
_SPREAD = 5
"""Sectors from which a perspective is known; from fewer, only how the picture was shifted, turned and enlarged."""

_MIN_KEPT = 0.35
"""Share of the points that have to move together."""

_REACH = 2.0
"""Points are taken from the CT picture's square, made larger by this."""

_CORNER = 0.2
"""Share of the square's sides at each of its corners where no head is, but texts that stay."""

_UNLIKE, _NOISE = 2.0, 4.0
"""A mark is another one when its grey levels differ from what they were by more than this, over the usual difference
and beyond it."""

_EXACT_PX = 1.0
"""How far a point may be from where the others say, in pixels of the small frame."""

_MIN_RESPONSE = 0.05
"""Peak of the phase correlation of two frames of one scene, at least."""

_SAME = 2.5
"""Difference in grey levels up to which two frames show the same slice."""

_APART = 0.06
"""Share of the square's side by which a corner lies elsewhere when it is another picture that was located."""

_SQUARE = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]], np.float32) - np.float32(0.5)


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
    """

    tile: np.ndarray
    corners: np.ndarray
    moved: float

    @property
    def side(self) -> float:
        """Its shortest side in pixels of the frame."""
        return float(np.linalg.norm(np.roll(self.corners, -1, axis=0) - self.corners, axis=1).min())


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
        How often what is followed was chosen. Views of different choices may lie a little apart.
    """

    def __init__(self, locate: Locate) -> None:
        self.locations = 0
        self._locate = locate
        self._start: Optional[_Start] = None
        self._matrix = np.eye(3)
        self._corners = np.zeros((4, 2))
        self._elsewhere: Optional[np.ndarray] = None

    def follow(self, picture: np.ndarray, verify: bool = False) -> Optional[View]:
        """Find the CT picture in the next frame.

        Parameters
        ----------
        picture : numpy.ndarray
            uint8, shape ``(rows, columns, 3)``.
        verify : bool
            Whether to locate it anew; where it lies elsewhere twice in turn, that is followed from now on.

        Returns
        -------
        View or None
            None where none is seen.
        """
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        scale = _WIDTH / grey.shape[1]
        small = cv2.resize(grey, (_WIDTH, round(grey.shape[0] * scale)), interpolation=cv2.INTER_AREA)
        before = self._corners
        corners = self._follow(small)
        if corners is None and self._recover(small):
            corners = self._follow(small)
        if corners is None:
            corners = self._begin(small, self._located(picture, scale))
        elif verify:
            found = self._located(picture, scale)
            if found is None or not _apart(found, corners):
                self._elsewhere = None
            elif self._elsewhere is None or _apart(found, self._elsewhere):
                self._elsewhere = found
            else:
                corners = self._begin(small, found)
        if corners is None:
            return None
        self._corners = corners / scale
        moved = float(np.abs(self._corners - before).max()) if before.any() else 0.0
        matrix = cv2.getPerspectiveTransform(_SQUARE, self._corners.astype(np.float32))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return View(cv2.warpPerspective(grey, matrix, (SIDE, SIDE), flags=flags), self._corners, moved)

    def _located(self, picture: np.ndarray, scale: float) -> Optional[np.ndarray]:
        found = self._locate(picture)
        return None if found is None else np.asarray(found, dtype=np.float64) * scale

    def _begin(self, small: np.ndarray, corners: Optional[np.ndarray]) -> Optional[np.ndarray]:
        """Follow what was located from now on; what is around it may be too little for that."""
        self._elsewhere = None
        if corners is None:
            return None
        self._start = None
        self.locations += 1
        mask = _surroundings(corners, small.shape)
        points, sectors = _marks(small, mask, corners)
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
        if len(np.unique(start.sectors[kept])) >= _SPREAD:
            matrix, _ = cv2.findHomography(start.points[kept], now[kept], 0)
        else:
            matrix = np.vstack([step, [0.0, 0.0, 1.0]]) @ self._matrix
        if matrix is None:
            return None
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


def _surroundings(corners: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
    """Where nothing changes when the doctor scrolls: around the picture, and in its own corners."""
    middle = corners.mean(axis=0)
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, np.rint(middle + _REACH * (corners - middle)).astype(np.int32), 255)
    near, far = _CORNER * SIDE, (1 - _CORNER) * SIDE
    cross = [(near, 0), (far, 0), (far, near), (SIDE, near), (SIDE, far), (far, far)]
    cross += [(far, SIDE), (near, SIDE), (near, far), (0, far), (0, near), (near, near)]
    matrix = cv2.getPerspectiveTransform(_SQUARE, corners.astype(np.float32))
    inner = cv2.perspectiveTransform(np.array([cross], np.float32), matrix)[0]
    cv2.fillPoly(mask, [np.rint(inner).astype(np.int32)], 0)
    return mask


def _marks(small: np.ndarray, mask: np.ndarray, corners: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Points that can be followed, from all around: float32, shape ``(n, 1, 2)``, and the sector of each."""
    rows, columns = np.indices(small.shape)
    middle = corners.mean(axis=0)
    turn = np.arctan2(rows - middle[1], columns - middle[0]) / (2 * np.pi) + 0.5
    sector = np.minimum(turn * _SECTORS, _SECTORS - 1).astype(np.uint8)
    strength = cv2.cornerMinEigenVal(small, 3)
    least = _CLEAR * float(strength[mask > 0].max(initial=0))
    points, sectors = [np.zeros((0, 1, 2), np.float32)], []
    for number in range(_SECTORS):
        part = cv2.bitwise_and(mask, mask, mask=cv2.compare(sector, number, cv2.CMP_EQ))
        strongest = float(strength[part > 0].max(initial=0))
        if strongest <= least:
            continue  # there is but noise
        found = cv2.goodFeaturesToTrack(small, _POINTS, least / strongest, 6, mask=part)
        if found is not None:
            points.append(found)
            sectors += [number] * len(found)
    return np.concatenate(points), np.array(sectors)


def _apart(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two locations are of different pictures, and not the same found a little differently."""
    side = float(np.linalg.norm(second[1] - second[0]))
    return bool(np.abs(first - second).max() > _APART * side)
