"""Small CT consoles for the tests, and photographs of them: drawn plainly, with every corner known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import cv2
import numpy as np

from appliance.phantom.disc import positions
from tests.simulated import volume


def slices(count: int) -> np.ndarray:
    """Brain-window slices of a simulated head, from the skull base up: uint8, shape ``(count, 256, 256)``."""
    hounsfield = volume()
    z = np.asarray(positions(5.0))
    first, last = np.searchsorted(z, 5.0), np.searchsorted(z, 125.0)
    chosen = np.rint(np.linspace(first, min(last, len(z) - 1), count)).astype(int)
    return np.clip((hounsfield[chosen].astype(np.float32) + 20) * 255 / 120, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class DrawnConsole:
    """A console's panel.

    Attributes
    ----------
    panel : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, BGR.
    boxes : tuple
        ``(x, y, width, height)`` of each cell's CT picture in reading order, None for an empty cell.
    """

    panel: np.ndarray
    boxes: Tuple[Optional[Tuple[int, int, int, int]], ...]


def draw_console(
    pictures: np.ndarray, rows: int, columns: int, text: bool = True, list_at_left: bool = True
) -> DrawnConsole:
    """Draw a console of 1280 x 720 with a tool bar, a list of series and a grid of CT pictures."""
    panel = np.full((720, 1280, 3), (52, 46, 44), np.uint8)
    panel[:56] = (78, 70, 66)
    for index in range(14):
        cv2.rectangle(panel, (300 + 44 * index, 12), (332 + 44 * index, 44), (150, 150, 150), 1)
    panel[-28:] = (90, 84, 80)
    left = 160 if list_at_left else 0
    if list_at_left:
        for index in range(4):
            small = cv2.resize(pictures[index % len(pictures)], (72, 72), interpolation=cv2.INTER_AREA)
            panel[80 + 100 * index : 152 + 100 * index, 44:116] = small[..., None]
    top, bottom, right = 56, 692, 1280
    boxes = []
    xs = np.rint(np.linspace(left, right, columns + 1)).astype(int)
    ys = np.rint(np.linspace(top, bottom, rows + 1)).astype(int)
    for row in range(rows):
        for column in range(columns):
            x0, x1, y0, y1 = xs[column] + 1, xs[column + 1] - 1, ys[row] + 1, ys[row + 1] - 1
            panel[y0:y1, x0:x1] = 0
            index = row * columns + column
            if index >= len(pictures):
                boxes.append(None)
                continue
            side = int(min(x1 - x0, y1 - y0))
            x, y = int((x0 + x1 - side) // 2), int((y0 + y1 - side) // 2)
            shown = cv2.resize(pictures[index], (side, side), interpolation=cv2.INTER_AREA)
            panel[y : y + side, x : x + side] = shown[..., None]
            boxes.append((x, y, side, side))
            if text:
                size = 0.5 if columns < 4 else 0.3
                for line, words in enumerate(("SIM HOSPITAL", f"Se 2 Im {index + 1}", "W 80 L 40")):
                    where = (int(x0) + 3, int(y0) + int(24 * size * (line + 1)))
                    cv2.putText(panel, words, where, cv2.FONT_HERSHEY_SIMPLEX, size, (210, 210, 210), 1, cv2.LINE_AA)
    return DrawnConsole(panel, tuple(boxes))


def photograph(
    panel: np.ndarray, random: np.random.Generator, size: Tuple[int, int] = (1280, 720), fill: float = 0.75
) -> Tuple[np.ndarray, np.ndarray]:
    """Photograph a panel on a desk from somewhere in front of it.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(rows, columns, 3)``.
    numpy.ndarray
        Corners of the lit area in the photograph, float64, shape ``(4, 2)``.
    """
    width, height = size
    rows, columns = panel.shape[:2]
    scene = np.full((rows + 400, columns + 600, 3), 0, np.uint8)
    scene[:] = random.integers(20, 110, 3)
    scene[:] = np.clip(scene + random.normal(0, 8, scene.shape), 0, 255).astype(np.uint8)
    scene = cv2.GaussianBlur(scene, (0, 0), 3)
    bezel = int(random.integers(12, 40))
    x, y = 300, 160
    dark = int(random.integers(6, 20))
    cv2.rectangle(scene, (x - bezel, y - bezel), (x + columns + bezel - 1, y + rows + bezel - 1), (dark,) * 3, -1)
    glow = np.clip(panel.astype(np.float32) * 0.93 + random.uniform(8, 18) + dark, 0, 255)
    scene[y : y + rows, x : x + columns] = glow.astype(np.uint8)
    # pose: a camera about its own width before the screen
    focal = 1.05 * width
    angles = random.uniform(-1, 1, 3) * (0.25, 0.18, 0.08)
    turn = cv2.Rodrigues(np.array([angles[1], angles[0], 0.0]))[0] @ cv2.Rodrigues(np.array([0.0, 0.0, angles[2]]))[0]
    half = np.array([columns / 2, rows / 2, 0.0])
    flat = np.array([[0, 0, 0], [columns, 0, 0], [columns, rows, 0], [0, rows, 0]], np.float64) - half
    distance = focal * max(columns / (fill * width), rows / (fill * height))
    seen = (turn @ flat.T).T + (random.uniform(-30, 30), random.uniform(-20, 20), distance)
    corners = seen[:, :2] / seen[:, 2:] * focal + (width / 2, height / 2)
    source = flat[:, :2] + half[:2] + (x, y) - 0.5
    warp = cv2.getPerspectiveTransform(source.astype(np.float32), corners.astype(np.float32))
    photo = cv2.warpPerspective(scene, warp, size, flags=cv2.INTER_AREA, borderValue=[int(v) for v in scene[5, 5]])
    photo = cv2.GaussianBlur(photo, (0, 0), 0.7).astype(np.float32) + random.normal(0, 3, photo.shape)
    return np.clip(photo, 0, 255).astype(np.uint8), corners
