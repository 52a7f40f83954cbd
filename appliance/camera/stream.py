"""What a live source reads from, whatever carries its pictures."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class StreamEnded(Exception):
    """A stream cannot be opened, or gives no pictures any more."""


class Stream(Protocol):
    """Pictures of a camera, one after the other."""

    def read(self) -> np.ndarray:
        """Wait for the next picture: uint8, shape ``(rows, columns, 3)``; raises `StreamEnded`."""

    def darken(self) -> bool:
        """Expose less, if the camera can be told so; False where it cannot."""

    def close(self) -> None:
        """Close it."""
