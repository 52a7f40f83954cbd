"""The slices that were seen, each once, and the order in which they lie in the head."""

from __future__ import annotations

from typing import List, Optional, Sequence, Set, Tuple

import cv2
import numpy as np

from appliance.camera.likeness import MIXED, SAME, THUMB, beyond, difference, distance
from appliance.camera.moments import Moment

_CANDIDATES = 3
"""So many slices are compared exactly."""

_STRETCH, _SHIFT = 0.018, 3.0
"""How much two locations of the same CT picture may differ: as a share, and in pixels of a thumb."""

_SEEN_NEXT = 0.75
"""A step from one slice to another weighs less when it was seen."""

_JUMP = 1.4
"""A step was a jump if each of its two slices has another that is so many times nearer: viewers go on with the first
slice after the last."""

_AT_ONCE_S = 0.6
"""A step from one slice to another that took longer tells nothing of what lies between."""

_GAIN = 1e-6
"""Less than that is no shortening."""


class SeenSeries:
    """Collects moments.

    Attributes
    ----------
    moments : list of Moment
        The best of each slice, in the order in which they were first seen.
    """

    def __init__(self) -> None:
        self.moments: List[Moment] = []
        self._far = np.zeros((0, 0))
        self._steps: Set[Tuple[int, int]] = set()
        self._at_once: Set[Tuple[int, int]] = set()
        self._at: Optional[int] = None
        self._left: Optional[Moment] = None

    @property
    def news(self) -> int:
        """How often something came that may change order or gaps: a slice, or a step seen from one to another."""
        return len(self.moments) + len(self._at_once)

    def add(self, moment: Moment, relocated: bool = False) -> bool:
        """Take a moment.

        Parameters
        ----------
        moment : Moment
            What was seen.
        relocated : bool
            Whether the CT picture was located anew since the first moment, so that it may lie a little elsewhere.

        Returns
        -------
        bool
            Whether it shows a slice that had not been seen.
        """
        apart = np.array([difference(known.thumb, moment.thumb) for known in self.moments])
        if relocated:
            for index in np.argsort(apart)[:_CANDIDATES]:
                apart[index] = min(apart[index], registered(self.moments[index].thumb, moment.thumb))
        nearest = int(apart.argmin()) if len(apart) else -1
        is_new = nearest < 0 or apart[nearest] > SAME
        if is_new:
            nearest = len(self.moments)
            far = [distance(known.thumb, moment.thumb) for known in self.moments]
            self.moments.append(moment)
            self._far = np.pad(self._far, ((0, 1), (0, 1)))
            self._far[nearest, :nearest] = self._far[:nearest, nearest] = far
        elif moment.sharpness > self.moments[nearest].sharpness:
            self.moments[nearest] = moment
        if self._at is not None and self._at != nearest:
            step = (min(self._at, nearest), max(self._at, nearest))
            self._steps.add(step)
            if self._left is not None and _at_once(self._left, moment):
                self._at_once.add(step)
        self._at, self._left = nearest, moment
        return is_new

    def interrupt(self) -> None:
        """Take note that the CT was not seen for a while."""
        self._left = None

    def order(self) -> List[int]:
        """Return the indices of the slices as they lie next to each other, from either end.

        The shortest path through all slices, where two slices are as far apart as they differ, and nearer when the
        doctor went from one to the other: neighbours look alike.
        """
        count = len(self.moments)
        if count < 3:
            return list(range(count))
        cost = self._far.copy()
        nearest = (cost + np.diag(np.full(count, np.inf))).min(axis=0)
        for first, second in self._steps:
            if cost[first, second] <= _JUMP * max(nearest[first], nearest[second]):
                cost[first, second] = cost[second, first] = _SEEN_NEXT * cost[first, second]
        path: List[int] = [0]
        for index in range(1, count):
            path.insert(_place(path, index, cost)[0], index)
        return _shortened(path, cost)

    def gaps(self, order: Sequence[int]) -> int:
        """Return between how many neighbours others may lie that were not seen, given what `order` returned.

        Nothing lies between two of which one was seen to give way to the other, whichever was first.
        """
        return sum((min(pair), max(pair)) not in self._at_once for pair in zip(order, order[1:]))


def _at_once(left: Moment, reached: Moment) -> bool:
    """Tell whether the camera saw one slice give way to another, and nothing in between."""
    if reached.first_s - left.last_s > _AT_ONCE_S:
        return False
    return all(beyond(thumb, left.thumb, reached.thumb) <= MIXED for thumb in reached.before)


def registered(first: np.ndarray, second: np.ndarray) -> float:
    """Difference of two thumbs once the second is laid over the first (Evangelidis and Psarakis 2008).

    Returns
    -------
    float
        Infinite where they do not fit with a small movement.
    """
    matrix = np.eye(2, 3, dtype=np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 25, 1e-3)
    try:
        _, matrix = cv2.findTransformECC(first, second, matrix, cv2.MOTION_AFFINE, criteria, None, 1)
    except cv2.error:
        return float("inf")  # they have nothing in common
    half = THUMB / 2
    shift = matrix[:, :2] @ (half, half) + matrix[:, 2] - half
    if np.abs(matrix[:, :2] - np.eye(2)).max() > _STRETCH or np.abs(shift).max() > _SHIFT:
        return float("inf")
    laid = cv2.warpAffine(
        second,
        matrix,
        (THUMB, THUMB),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return difference(first, laid)


def _place(path: List[int], index: int, cost: np.ndarray) -> Tuple[int, float]:
    """Where in a path one more slice lengthens it least, and by how much."""
    before, after = path[:-1], path[1:]
    between = cost[before, index] + cost[index, after] - cost[before, after]
    lengthened = np.concatenate([[cost[index, path[0]]], between, [cost[path[-1], index]]])
    return int(lengthened.argmin()), float(lengthened.min())


def _shortened(path: List[int], cost: np.ndarray) -> List[int]:
    """Begin elsewhere, turn parts round (2-opt) and move single slices (Or-opt) for as long as that shortens a path."""
    while True:
        shorter = _moved(_turned(_begun_elsewhere(path, cost), cost), cost)
        if shorter == path:
            return path
        path = shorter


def _begun_elsewhere(path: List[int], cost: np.ndarray) -> List[int]:
    """Join the ends of a path and part it at its longest step: a series that was scrolled on from its end to its start.

    No turning of parts does that without a longer path in between.
    """
    longest = int(np.argmax(cost[path[:-1], path[1:]]))
    if cost[path[longest], path[longest + 1]] - cost[path[-1], path[0]] < _GAIN:
        return path
    return path[longest + 1 :] + path[: longest + 1]


def _turned(path: List[int], cost: np.ndarray) -> List[int]:
    """Turn the part round whose turning shortens the path most, again and again."""
    count = len(path)
    while True:
        # whatever lies beyond the ends is as near as can be
        beyond = np.pad(cost[np.ix_(path, path)], 1)
        inner = beyond[1:-1, 1:-1]
        ahead, behind = np.diagonal(beyond, 1)[:-1], np.diagonal(beyond, 1)[1:]
        gained = ahead[:, None] + behind[None, :] - beyond[:-2, 1:-1] - beyond[1:-1, 2:]
        gained[np.tril_indices(count)] = 0
        first, last = np.unravel_index(int(gained.argmax()), inner.shape)
        if gained[first, last] < _GAIN:
            return path
        path = path[:first] + path[first : last + 1][::-1] + path[last + 1 :]


def _moved(path: List[int], cost: np.ndarray) -> List[int]:
    """Move the first slice whose removal and placing elsewhere shortens the path."""
    for where, index in enumerate(path):
        rest = path[:where] + path[where + 1 :]
        around = [path[place] for place in (where - 1, where + 1) if 0 <= place < len(path)]
        now = sum(cost[index, other] for other in around) - (cost[around[0], around[1]] if len(around) == 2 else 0)
        place, lengthened = _place(rest, index, cost)
        if lengthened < now - _GAIN:
            return [*rest[:place], index, *rest[place:]]
    return path
