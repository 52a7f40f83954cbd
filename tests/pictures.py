"""Pictures as they come from outside: a true slice in Hounsfield units, shown, cut and marked as others do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import AbstractSet, Tuple

import cv2
import numpy as np

CHANGES = (
    "plain",
    "window",
    "turned",
    "off centre",
    "small",
    "cropped",
    "inside",
    "rest",
    "text",
    "marks",
    "frame",
    "letterbox",
    "grey",
    "jpeg",
    "huge bleed",
)
"""What can be done to a picture; ``inside`` crops within the skull."""

AIR_HU, BONE_HU = -1000.0, 700.0


@dataclass(frozen=True)
class OutsidePicture:
    """A picture and the truth about it.

    Attributes
    ----------
    pixels : numpy.ndarray
        uint8, shape ``(rows, columns)``, ``(rows, columns, 3)`` BGR or ``(rows, columns, 4)`` BGRA.
    box : tuple of int
        ``(x, y, width, height)`` of what is visible of the head, in pixels.
    """

    pixels: np.ndarray
    box: Tuple[int, int, int, int]

    @property
    def centre(self) -> Tuple[float, float]:
        """Middle of the box."""
        x, y, width, height = self.box
        return x + width / 2, y + height / 2

    @property
    def length(self) -> float:
        """Longer side of the box."""
        return float(max(self.box[2:]))


def hounsfield_of(picture: np.ndarray) -> np.ndarray:
    """Hounsfield units of an 8-bit picture of window width 120, level 40; what it clipped becomes air and bone."""
    values = picture.astype(np.float32) * 120 / 255 - 20
    values[picture <= 8], values[picture == 255] = AIR_HU, BONE_HU
    return np.asarray(values)


def bounded_brain(hounsfield: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Soft tissue enclosed by bone and well within the head: bool, same shape."""
    side = max(hounsfield.shape)
    bone = cv2.dilate((hounsfield > 110).astype(np.uint8), np.ones((3, 3), np.uint8))
    soft = ((cv2.blur(hounsfield, (3, 3)) > -10) & (bone == 0) & (head > 0)).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side // 40 | 1, side // 40 | 1))
    soft = cv2.morphologyEx(soft, cv2.MORPH_OPEN, disc)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(soft)
    if count < 2:
        return np.zeros(hounsfield.shape, dtype=bool)
    return np.asarray(labels == 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax()))


def outline_of(hounsfield: np.ndarray) -> np.ndarray:
    """Convex outline of the largest solid thing, without the head rest: float32, shape ``(n, 2)``."""
    side = max(hounsfield.shape) // 25 | 1
    solid = (cv2.blur(np.clip(hounsfield, -100, 100), (3, 3)) > -6).astype(np.uint8)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.convexHull(max(contours, key=cv2.contourArea))[:, 0].astype(np.float32))


def outside_picture(hounsfield: np.ndarray, changes: AbstractSet[str], seed: int) -> OutsidePicture:
    """Make a picture of a slice.

    Parameters
    ----------
    hounsfield : numpy.ndarray
        Shape ``(rows, columns)``: a slice that shows a head.
    changes : set of str
        Some of `CHANGES`; all else is drawn mildly.
    seed : int
        Draws everything.

    Returns
    -------
    OutsidePicture
        The same for the same arguments.
    """
    random = np.random.default_rng(seed)
    values = hounsfield.astype(np.float32)
    outline = outline_of(values)
    if "huge bleed" in changes:
        values = _flooded(values, outline, random)
    values, outline = _placed(values, outline, changes, random)
    if "rest" in changes:
        _rest(values, outline, random)
    picture = _windowed(values, "window" in changes, random)
    rows, columns = picture.shape
    shown = cv2.fillPoly(np.zeros_like(picture), [np.rint(outline).astype(np.int32)], 1)
    box = cv2.boundingRect(shown)
    if "grey" in changes:
        around = cv2.dilate((picture > 20).astype(np.uint8) | shown, np.ones((3, 3), np.uint8))
        picture[around == 0] = random.integers(40, 256)
    if "text" in changes:
        _text(picture, random)
    colour = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    if "marks" in changes:
        _marks(colour, box, random)
    if "frame" in changes:
        level, widths = int(random.integers(70, 256)), [int(v) for v in random.integers(2, rows // 8, 4)]
        colour = cv2.copyMakeBorder(colour, *widths, cv2.BORDER_CONSTANT, value=(level, level, level))
        box = (box[0] + widths[2], box[1] + widths[0], *box[2:])
    if "letterbox" in changes:
        bar, level = int(random.integers(10, columns // 3)), int(random.choice([0, 0, 255, 128]))
        across = random.random() < 0.5
        sides = (bar, bar, 0, 0) if across else (0, 0, bar, bar)
        colour = cv2.copyMakeBorder(colour, *sides, cv2.BORDER_CONSTANT, value=(level, level, level))
        box = (box[0] + sides[2], box[1] + sides[0], *box[2:])
    quality = int(random.integers(25, 60)) if "jpeg" in changes else int(random.integers(75, 98))
    if "jpeg" in changes or random.random() < 0.4:
        colour = cv2.imdecode(cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return OutsidePicture(_channels(colour, "marks" in changes, random), (box[0], box[1], box[2], box[3]))


def _flooded(values: np.ndarray, outline: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Blood fills most of one side of the brain, in part as white as bone."""
    head = cv2.fillPoly(np.zeros(values.shape, np.uint8), [np.rint(outline).astype(np.int32)], 1)
    brain = bounded_brain(values, head)
    if not brain.any():
        return values
    y, x = np.nonzero(brain)
    angle, level = random.uniform(0, 2 * np.pi), random.uniform(60, 100)
    along = x * np.cos(angle) + y * np.sin(angle)
    chosen = along > np.quantile(along, random.uniform(0.4, 0.75))
    mask = np.zeros_like(values)
    mask[y[chosen], x[chosen]] = 1
    mask = cv2.blur(mask, (5, 5))
    return np.asarray(np.where(values < 110, values * (1 - mask) + (level + 0.5 * (values - 30)) * mask, values))


def _placed(
    values: np.ndarray, outline: np.ndarray, changes: AbstractSet[str], random: np.random.Generator
) -> Tuple[np.ndarray, np.ndarray]:
    """Turn, mirror, scale and cut the slice."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    size = float(max(high - low))
    target = random.uniform(90, 150) if "small" in changes else random.uniform(160, 700)
    angle = random.uniform(0, 2 * np.pi) if "turned" in changes else random.normal(0, 0.08)
    mirror = -1.0 if "turned" in changes and random.random() < 0.5 else 1.0
    if "inside" in changes:
        target = max(target, 200)
    scale = target / size
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([mirror, 1.0])
    placed = outline @ turn.T
    left, top = placed.min(axis=0)
    right, bottom = placed.max(axis=0)
    width, height = right - left, bottom - top
    if "inside" in changes:
        cut = np.array([random.uniform(0.15, 0.27, 2) * width, random.uniform(0.15, 0.27, 2) * height])
    elif "cropped" in changes:
        cut = np.array([random.uniform(-0.04, 0.13, 2) * width, random.uniform(-0.04, 0.13, 2) * height])
    elif "off centre" in changes:
        cut = -np.array([random.permutation([0.03, random.uniform(0.2, 0.8)]) * side for side in (width, height)])
    else:
        cut = -np.array([random.uniform(0.02, 0.3, 2) * width, random.uniform(0.02, 0.3, 2) * height])
    origin = np.array([left + cut[0, 0], top + cut[1, 0]])
    columns, rows = int(width - cut[0].sum()), int(height - cut[1].sum())
    matrix = np.hstack([turn, -origin[:, None]])
    if scale < 1:
        values = cv2.GaussianBlur(values, (0, 0), 0.45 / scale)
    cut_out = cv2.warpAffine(values, matrix, (columns, rows), flags=cv2.INTER_LINEAR, borderValue=AIR_HU)
    return np.asarray(cut_out), placed - origin


def _rest(values: np.ndarray, outline: np.ndarray, random: np.random.Generator) -> None:
    """A shell behind the head, close to it or touching."""
    (x, y), radius = cv2.minEnclosingCircle(outline.astype(np.float32))
    radius *= random.uniform(1.02, 1.12)
    thick = max(int(radius / random.uniform(25, 50)), 1)
    axes = (int(radius), int(radius))
    cv2.ellipse(values, (int(x), int(y)), axes, 0, 15, 165, float(random.uniform(0, 400)), thick)


def _windowed(values: np.ndarray, other: bool, random: np.random.Generator) -> np.ndarray:
    """Grey levels in a window in which brain of 32 HU is neither black nor white."""
    width, level = random.uniform(75, 130), random.uniform(33, 45)
    while other:
        width, level = random.uniform(60, 300), random.uniform(25, 90)
        other = not 28 <= (32 - level + width / 2) * 255 / width <= 200
    white = random.uniform(215, 256) if random.random() < 0.3 else 255  # a faded picture
    return np.clip((values - level + width / 2) * white / width, 0, min(white, 255)).round().astype(np.uint8)


def _text(picture: np.ndarray, random: np.random.Generator) -> None:
    """Lines of burned-in text in the corners, one over the head, and a ruler."""
    rows, columns = picture.shape
    scale = max(columns, rows) / random.uniform(700, 1400)
    stroke, font = max(int(scale * 2), 1), cv2.FONT_HERSHEY_SIMPLEX
    for corner in range(4):
        for line in range(int(random.integers(0, 5))):
            text = "Ex: 4711 Se 2 Im 14 WW 80 L"[: int(random.integers(4, 14))]
            x = 2 if corner % 2 == 0 else int(columns - 18 * scale * len(text))
            y = int(26 * scale * (line + 1)) if corner < 2 else int(rows - 4 - 26 * scale * line)
            cv2.putText(picture, text, (x, y), font, scale, 255, stroke)
    if random.random() < 0.5:
        place = (int(columns * random.uniform(0.2, 0.6)), int(rows * random.uniform(0.3, 0.7)))
        cv2.putText(picture, "24.5 mm", place, font, scale, 255, stroke)
    x = int(columns * random.choice([0.02, 0.97]))
    cv2.line(picture, (x, rows // 5), (x, 4 * rows // 5), 230, max(stroke, 1))
    for tick in range(11):
        y = rows // 5 + tick * (3 * rows // 5) // 10
        cv2.line(picture, (x - columns // 60, y), (x + columns // 60, y), 230, 1)


def _marks(colour: np.ndarray, box: Tuple[int, ...], random: np.random.Generator) -> None:
    """Arrows and a ring, coloured or white, over the head and beside it."""
    size = max(box[2:])
    tint = [(0, 0, 255), (0, 255, 255), (255, 255, 255), (0, 255, 0), (255, 60, 0)]
    for _ in range(int(random.integers(1, 4))):
        bgr = tint[int(random.integers(len(tint)))]
        tip = (int(box[0] + random.uniform(0.1, 0.9) * box[2]), int(box[1] + random.uniform(0.1, 0.9) * box[3]))
        angle = random.uniform(0, 2 * np.pi)
        tail = (int(tip[0] + 0.2 * size * np.cos(angle)), int(tip[1] + 0.2 * size * np.sin(angle)))
        cv2.arrowedLine(colour, tail, tip, bgr, max(int(size / random.uniform(30, 90)), 1), tipLength=0.4)
    if random.random() < 0.4:
        cv2.circle(colour, tip, int(size * random.uniform(0.05, 0.2)), bgr, max(int(size / 100), 1))


def _channels(colour: np.ndarray, keep: bool, random: np.random.Generator) -> np.ndarray:
    """Grey, BGR or BGRA, as it comes."""
    kind = int(random.integers(1 if keep else 0, 3))
    if kind == 0:
        return np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY))
    return np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2BGRA)) if kind == 2 else colour
