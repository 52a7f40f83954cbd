"""The one large CT picture of a console, as somebody who scrolls looks at it."""

from __future__ import annotations

from typing import Optional

import numpy as np

from appliance.camera.colour import SIDE, is_coloured
from appliance.camera.flatten import crop, flatten, to_photo
from appliance.camera.layout import find_tiles
from appliance.camera.screen import find_screen


def largest_picture(frame: np.ndarray) -> Optional[np.ndarray]:
    """Find the largest CT picture in a frame; one in colour is none.

    Parameters
    ----------
    frame : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, BGR.

    Returns
    -------
    numpy.ndarray or None
        float64, shape ``(4, 2)``: its corners in pixels of the frame, from the top left clockwise.
    """
    screen = find_screen(frame)
    tiles = find_tiles(flatten(frame, screen)) if screen else None
    if screen is None or tiles is None:
        return None
    boxes = [box for box in tiles.boxes if box is not None]
    x, y, width, height = max(boxes, key=lambda box: box[2] * box[3])
    if is_coloured(crop(frame, screen, (x, y, width, height), SIDE, 1.0)):
        return None
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float64) - 0.5
    rows, columns = frame.shape[:2]
    return np.asarray(to_photo(corners, screen, (columns, rows)))
