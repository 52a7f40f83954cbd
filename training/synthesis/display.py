"""What a viewer, an export or a photograph of a report makes of a slice: its window, text on it, its compression."""

from __future__ import annotations

import string

import cv2
import numpy as np

from training.synthesis.head_slice import WINDOW_HIGH, WINDOW_LOW, HeadSlice, blur, smooth_noise


def show(head: HeadSlice, rng: np.random.Generator, usual_window: float) -> np.ndarray:
    """Turn a slice into the grey levels of a picture.

    Parameters
    ----------
    head : HeadSlice
        In Hounsfield units.
    rng : numpy.random.Generator
        Source of all randomness.
    usual_window : float
        Chance of nearly the window of the data; otherwise it is any that is used for the brain.

    Returns
    -------
    numpy.ndarray
        float32, same shape, between 0 and 1.
    """
    low, high = _window(rng, usual_window)
    picture = (_unclipped(head.hounsfield, rng) - low) / (high - low)
    picture = np.clip(picture, 0, 1)
    if rng.random() < 0.25:
        picture = picture ** float(np.exp(rng.normal(0, 0.15)))
    if rng.random() < 0.1:
        picture = np.maximum(picture, rng.uniform(0, 0.2))
    grey = np.rint(picture * 255).astype(np.uint8)
    if rng.random() < 0.2:
        grey = _marked(grey, rng)
    if rng.random() < 0.35:
        grey = compressed(grey, int(rng.integers(25, 95)))
    return grey.astype(np.float32) / 255


def compressed(grey: np.ndarray, quality: int) -> np.ndarray:
    """Return what JPEG of a quality leaves of a picture, uint8."""
    data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))


def as_stored(head: HeadSlice) -> np.ndarray:
    """Turn a slice into grey levels by the window of the data: float32, same shape, between 0 and 1."""
    return np.clip((head.hounsfield - WINDOW_LOW) / (WINDOW_HIGH - WINDOW_LOW), 0, 1)


def _window(rng: np.random.Generator, usual: float) -> tuple[float, float]:
    """Lower and upper edge in Hounsfield units; brain, at about 35, stays within the scale."""
    if rng.random() < usual:
        width, level = rng.uniform(105, 135), rng.normal(40, 3)
    else:
        width = float(np.exp(rng.uniform(np.log(60), np.log(220))))
        level = 35 + width * rng.uniform(-0.25, 0.3)
    return level - width / 2, level + width / 2


def _unclipped(hounsfield: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give back to bone, fat and air what the window of the data clipped, as far as another window may show it."""
    bone = np.clip((hounsfield - (WINDOW_HIGH - 4)) / 4, 0, 1)
    marrow = 1 + 0.35 * smooth_noise(rng, len(hounsfield), 24)
    # thick bone is denser than its edge: the blur of where bone is says how thick it is
    dense = np.clip(blur(bone, 2.0) * 1.3 - 0.3, 0, 1) * rng.uniform(200, 1100) * marrow
    air = np.clip((WINDOW_LOW + 2 - hounsfield) / 2, 0, 1)
    solid = blur(1 - air, 2.5)
    fat = np.where(solid > 0.45, rng.uniform(10, 90), 1000)
    return np.asarray(hounsfield + bone * np.maximum(dense, 0) - air * fat)


def _marked(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Text in the corners, sometimes over the head; an arrow, a ruler, a frame."""
    marked = grey.copy()
    side = len(grey)
    white = int(rng.integers(140, 256))
    for _ in range(int(rng.integers(1, 5))):
        text = "".join(rng.choice(list(string.ascii_letters + string.digits + " .:/-"), int(rng.integers(1, 14))))
        edge = rng.random() < 0.75
        x = int(rng.choice([2, int(side * 0.7)]) if edge else rng.integers(side))
        y = int(rng.choice([rng.integers(8, 30), side - rng.integers(2, 25)]) if edge else rng.integers(side))
        cv2.putText(marked, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.25, 0.6), white, 1, cv2.LINE_AA)
    if rng.random() < 0.25:
        ends = rng.integers(0, side, 4)
        near = ends[:2] + (ends[2:] - ends[:2]) // 5
        cv2.arrowedLine(
            marked, tuple(map(int, ends[:2])), tuple(map(int, near)), white, int(rng.integers(1, 3)), tipLength=0.4
        )
    if rng.random() < 0.25:
        x = int(rng.choice([4, side - 5]))
        for y in range(side // 5, 4 * side // 5, side // 20):
            cv2.line(marked, (x - 3, y), (x + 3, y), white, 1)
    if rng.random() < 0.2:
        cv2.rectangle(marked, (0, 0), (side - 1, side - 1), white, int(rng.integers(1, 4)))
    return marked
