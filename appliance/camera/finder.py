"""A first, coarse look at a picture: where a small network sees a screen, and CT pictures on it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

WIDTH, HEIGHT = 320, 192
"""The network's input in pixels; a picture of another shape is padded with black."""

NETWORK = Path(__file__).with_name("screen_finder.onnx")

_TURN = threading.Lock()
"""OpenCV's networks keep their state inside: one caller at a time."""


@dataclass(frozen=True)
class Look:
    """Where the network sees what.

    Attributes
    ----------
    screen, pictures : numpy.ndarray
        float32, shape ``(HEIGHT // 2, WIDTH // 2)``: how likely each cell lies on a lit screen, and in the core of a CT
        picture of the console's grid.
    scale : float
        Pixels of the picture to a cell; the first cell begins at the picture's first pixel.
    """

    screen: np.ndarray
    pictures: np.ndarray
    scale: float


@lru_cache(maxsize=1)
def _network() -> Any:
    return cv2.dnn.readNetFromONNX(str(NETWORK))


def look(frame: np.ndarray) -> Look:
    """Look at a picture.

    Parameters
    ----------
    frame : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, BGR.

    Returns
    -------
    Look
        What is seen; cells beyond the picture are 0.
    """
    rows, columns = frame.shape[:2]
    shrink = min(WIDTH / columns, HEIGHT / rows)
    size = min(max(int(round(columns * shrink)), 1), WIDTH), min(max(int(round(rows * shrink)), 1), HEIGHT)
    shown = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    shown[: size[1], : size[0]] = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    with _TURN:
        network = _network()
        network.setInput(cv2.dnn.blobFromImage(shown))
        maps = network.forward()[0]
    level = 1 / (1 + np.exp(-maps))
    level[:, (size[1] + 1) // 2 :], level[:, :, (size[0] + 1) // 2 :] = 0, 0
    return Look(level[0], level[1], 2 / shrink)
