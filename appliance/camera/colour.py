"""Whether a picture has colours of its own: a CT picture is grey, in whatever tint a monitor and a camera show it."""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 48
"""Side of the picture in which colours are compared; moire and the grain of sensors are finer."""

FAR = 16.0
"""Grey levels by which a place's tint departs from that of the whole picture when it is another colour."""

COLOURED = 0.2
"""Share of the picture that has another colour, from which it is a colour picture; marks on a CT cover less."""


def colour_share(picture: np.ndarray) -> float:
    """Return how much of a picture has another tint than the whole.

    A monitor's tint grows with the light, and that of light reflected in it is added to all: both are taken away.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, BGR.
    """
    small = cv2.GaussianBlur(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), (0, 0), 1.0)
    blue, green, red = (channel.astype(np.float64).ravel() for channel in cv2.split(small))
    terms = np.stack([green, np.sqrt(green), np.ones_like(green)], axis=1)
    tints = np.stack([blue - green, red - green], axis=1)
    weight = np.ones(len(green))
    for _ in range(4):  # what has another colour loses weight
        weighted = terms * weight[:, None]
        fit = np.linalg.lstsq(weighted.T @ terms, weighted.T @ tints, rcond=None)[0]
        away = np.abs(tints - terms @ fit).max(axis=1)
        weight = 1 / (1 + np.square(away / 8.0))
    return float((away > FAR).mean())


def is_coloured(picture: np.ndarray) -> bool:
    """Tell whether a picture is in colour: uint8, shape ``(rows, columns, 3)``, BGR."""
    return colour_share(picture) > COLOURED
