"""A doctor scrolls through a series while a camera watches: simple videos with their truth.

Everything here is invented: the console's look, the hand, the moire, the light. It is for tests, not for training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, List, Sequence, Tuple

import cv2
import numpy as np

from appliance.camera.likeness import difference, thumb_of
from appliance.camera.scroll import Guidance, ScrollCapture
from appliance.camera.sources import Frame
from appliance.camera.square import SIDE

RATE = 30.0
FRAME = (1280, 720)
PANEL = (1280, 800)
TILE = (330, 70, 680)
"""Left, top and side of the CT picture on the panel."""


@dataclass(frozen=True)
class Manner:
    """How the video is made.

    Attributes
    ----------
    hand_px : float
        Standard deviation of where the camera points, in pixels of the frame.
    tilt : float
        How far the screen's corners are off, as a share of the frame.
    moire, flicker, noise : float
        Grey levels of moire; relative depth of moving bands; grey levels of noise.
    lag : float
        Share of the old picture that the panel still shows after one frame.
    compression : int
        JPEG quality; 0 for none.
    cursor, texts : bool
        Whether a cursor moves over the picture, and whether texts stand in its corners.
    """

    hand_px: float = 3.0
    tilt: float = 0.02
    moire: float = 6.0
    flicker: float = 0.03
    noise: float = 4.0
    lag: float = 0.2
    compression: int = 85
    cursor: bool = True
    texts: bool = True


@dataclass(frozen=True)
class Shown:
    """One frame with its truth.

    Attributes
    ----------
    picture : numpy.ndarray
        uint8, shape ``(720, 1280, 3)``.
    taken_s : float
        Seconds since the beginning.
    index : int
        Which slice the console showed at the middle of the frame.
    corners : numpy.ndarray
        float64, shape ``(4, 2)``: the CT picture's corners in the frame.
    """

    picture: np.ndarray
    taken_s: float
    index: int
    corners: np.ndarray


def visits(count: int, rng: np.random.Generator) -> List[Tuple[int, float]]:
    """Draw how a doctor goes through a series: which slice is shown for how many seconds."""
    upward = bool(rng.integers(2))
    start = 0 if rng.random() < 0.7 else int(rng.integers(count))
    path = [start, *range(start - 1, -1, -1), *range(1, count)] if start else list(range(count))
    path = path if upward else [count - 1 - index for index in path]
    walked = path[:1]
    for index in path[1:]:
        walked += list(range(walked[-1], index, 1 if index > walked[-1] else -1))[1:]
        walked.append(index)
        if rng.random() < 0.06 and len(walked) > 4:  # has another look at what was just seen
            back = walked[-1 - int(rng.integers(1, 4)) : -1][::-1]
            walked += back + back[::-1][1:] + [index]
    slow = float(rng.uniform(0.2, 0.5))
    return [(index, float(np.clip(rng.lognormal(np.log(slow), 0.5), 0.17, 3.0))) for index in walked]


def film(
    slices: np.ndarray,
    seen: Sequence[Tuple[int, float]],
    rng: np.random.Generator,
    manner: Manner = Manner(),  # noqa: B008
) -> Iterator[Shown]:
    """Film the slices as they are shown.

    Parameters
    ----------
    slices : numpy.ndarray
        uint8, shape ``(n, side, side)``.
    seen : sequence of (int, float)
        Which slice is shown for how many seconds.
    rng : numpy.random.Generator
        Draws all else.
    manner : Manner
        How the video is made.
    """
    panels = {index: _panel(slices[index], index, len(slices), manner) for index in {index for index, _ in seen}}
    pose = _Pose(rng, manner)
    changes = np.cumsum([seconds for _, seconds in seen])
    shown = panels[seen[0][0]].astype(np.float32)
    cursor = rng.uniform((400, 200), (900, 600))
    tint = [float(shade) for shade in rng.uniform(0.9, 1.1, 3)]
    gamma = float(rng.uniform(0.9, 1.15))
    lut = (255 * (np.arange(256) / 255) ** gamma * rng.uniform(0.8, 1.0)).astype(np.uint8)
    band = np.float32(rng.uniform(0.5, 3.0))
    static = rng.standard_normal((FRAME[1] + 64, FRAME[0] + 64)).astype(np.float32)
    for number in range(int(changes[-1] * RATE)):
        taken = number / RATE
        now = min(int(np.searchsorted(changes, taken, side="right")), len(seen) - 1)
        # the rows are read one after the other: a change falls somewhere within a frame
        later = min(int(np.searchsorted(changes, taken + 0.8 / RATE, side="right")), len(seen) - 1)
        panel = panels[seen[now][0]]
        if later != now:
            cut = int((changes[now] - taken) * RATE / 0.8 * PANEL[1])
            panel = np.concatenate([panel[:cut], panels[seen[later][0]][cut:]])
        shown = cv2.addWeighted(shown, manner.lag, panel, 1 - manner.lag, 0, dtype=cv2.CV_32F)
        target = shown.copy() if manner.cursor else shown
        if manner.cursor:
            if rng.random() < 0.05:
                cursor = np.clip(cursor + rng.normal(0, 60, 2), (340, 80), (1000, 740))
            x, y = int(cursor[0]), int(cursor[1])
            cv2.fillPoly(target, [np.array([[x, y], [x, y + 18], [x + 5, y + 14], [x + 12, y + 13]])], 255.0)
        matrix = pose.step()
        seen_flat = cv2.GaussianBlur(cv2.LUT(cv2.convertScaleAbs(target), lut), (3, 3), 0.7)
        grey = cv2.warpPerspective(seen_flat, matrix, FRAME, flags=cv2.INTER_LINEAR, borderValue=90.0)
        grey = grey.astype(np.float32)
        cv2.add(grey, pose.moire(manner.moire), grey, mask=cv2.compare(grey, 20.0, cv2.CMP_GT))
        rows = np.arange(FRAME[1], dtype=np.float32)[:, None] / FRAME[1]
        grey *= 1 + np.float32(manner.flicker) * np.sin(2 * np.pi * (band * rows + np.float32(0.37 * number)))
        dx, dy = rng.integers(0, 64, 2)
        grey = cv2.scaleAdd(static[dy : dy + FRAME[1], dx : dx + FRAME[0]], manner.noise, grey)
        light = cv2.addWeighted(grey, 1, grey, 0, 4, dtype=cv2.CV_8U)
        if manner.compression:  # before the tint: a colour picture takes three times as long
            light = cv2.imdecode(cv2.imencode(".jpg", light, [1, manner.compression])[1], cv2.IMREAD_GRAYSCALE)
        picture = cv2.merge([cv2.convertScaleAbs(light, alpha=shade) for shade in tint])
        left, top, side = TILE
        square = np.array([[[left, top], [left + side, top], [left + side, top + side], [left, top + side]]], float)
        corners = cv2.perspectiveTransform(square - 0.5, matrix)[0]
        yield Shown(picture, taken, seen[now][0], corners)


class _Pose:
    """How the hand holds the camera: it drifts and trembles, and the moire with it."""

    def __init__(self, rng: np.random.Generator, manner: Manner) -> None:
        self._rng = rng
        self._hand = manner.hand_px
        width, height = FRAME
        panel = np.array([[0, 0], [PANEL[0], 0], [PANEL[0], PANEL[1]], [0, PANEL[1]]], np.float32)
        zoom = float(rng.uniform(0.85, 0.98))
        half = np.array([height * PANEL[0] / PANEL[1], height]) * zoom / 2
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + np.array([width / 2, height / 2])
        corners = corners + rng.uniform(-1, 1, (4, 2)) * manner.tilt * width
        self._matrix = cv2.getPerspectiveTransform(panel, corners.astype(np.float32))
        self._slow = np.zeros(3)
        self._fast = np.zeros(3)
        angle, period = float(rng.uniform(0, np.pi)), float(rng.uniform(8, 60))
        y, x = np.mgrid[: FRAME[1], : FRAME[0]].astype(np.float32)
        phase = 2 * np.pi * (np.cos(angle) * x + np.sin(angle) * y) / period
        self._sine, self._cosine = np.sin(phase).astype(np.float32), np.cos(phase).astype(np.float32)
        self._strength = float(rng.uniform(2, 6)) / period

    def step(self) -> np.ndarray:
        """Move on by a frame and return the matrix from the panel to the frame."""
        drawn = self._rng.standard_normal((2, 3))
        self._slow = 0.98 * self._slow + 0.2 * drawn[0]
        self._fast = 0.5 * self._fast + 0.15 * drawn[1]
        x, y, turn = self._hand * (self._slow + self._fast)
        angle = turn / 800
        middle = np.array([[1, 0, FRAME[0] / 2], [0, 1, FRAME[1] / 2], [0, 0, 1]])
        moved = np.array([[np.cos(angle), -np.sin(angle), x], [np.sin(angle), np.cos(angle), y], [0, 0, 1]])
        return np.asarray(middle @ moved @ np.linalg.inv(middle) @ self._matrix)

    def moire(self, depth: float) -> np.ndarray:
        """Interference of the panel's pixels with the sensor's: it moves several times as far as the hand."""
        shift = 2 * np.pi * self._strength * self._hand * float((self._slow + self._fast)[0])
        return cv2.addWeighted(self._sine, depth * np.cos(shift), self._cosine, depth * np.sin(shift), 0)


def _panel(picture: np.ndarray, index: int, count: int, manner: Manner) -> np.ndarray:
    """What the console shows, uint8."""
    panel = np.full((PANEL[1], PANEL[0]), 45, np.uint8)
    cv2.rectangle(panel, (0, 0), (PANEL[0], 36), 70, -1)
    for number in range(14):
        cv2.rectangle(panel, (12 + 60 * number, 6), (52 + 60 * number, 30), 120 + 40 * (number % 3), -1)
        row = 80 + 50 * number
        cv2.putText(panel, f"Series {number + 1}", (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 190, 1, cv2.LINE_AA)
        cv2.rectangle(panel, (180, row - 25), (240, row + 12), 90 + 10 * number, -1)
    left, top, side = TILE
    cv2.rectangle(panel, (left - 60, top - 20), (left + side + 60, PANEL[1] - 10), 0, -1)
    cv2.rectangle(panel, (left - 60, top - 20), (left + side + 60, PANEL[1] - 10), 100, 1)
    panel[top : top + side, left : left + side] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
    if manner.texts:
        texts = [
            (left - 50, top + 20, "HOSPITAL"),
            (left + side - 60, top + 20, f"Im: {index + 1}/{count}"),
            (left - 50, top + side - 4, "W 120 L 40"),
            (left + side - 60, top + side - 4, f"{-5.0 * index:.1f} mm"),
        ]
        for x, y, text in texts:
            cv2.putText(panel, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 220, 1, cv2.LINE_AA)
    return panel


def watch(
    frames: Sequence[Shown], place: Callable[[Shown, int], np.ndarray] = lambda shown, times: shown.corners
) -> Tuple[ScrollCapture, List[Guidance]]:
    """Show frames; the picture is located where `place` says, given the frame and how often it was located before."""
    asked: List[Shown] = []

    def locate(picture: np.ndarray) -> np.ndarray:
        asked.append(now)
        return place(now, len(asked) - 1)

    capture = ScrollCapture(locate)
    said = []
    for number, now in enumerate(frames):
        said.append(capture.add(Frame(now.picture, now.taken_s, number)))
    return capture, said


def indices(pictures: np.ndarray, slices: np.ndarray) -> List[int]:
    """Which slice each picture shows."""
    known = [thumb_of(cv2.resize(picture, (SIDE, SIDE))) for picture in slices]
    return [int(np.argmin([difference(one, thumb_of(picture)) for one in known])) for picture in pictures]
