"""Arteries and veins filled with contrast agent."""

from __future__ import annotations

import numpy as np

from appliance.phantom.fields import Canvas

ARTERY, VEIN = 280.0, 200.0


def paint_vessels(canvas: Canvas, cavity: np.ndarray) -> None:
    """Paint the circle of Willis, its branches and the deep veins; `cavity` limits them to the skull."""
    canvas.path([(0, 4, 4), (0, -4, 20), (0, -4, 44)], 1.7, ARTERY, cavity)  # basilar artery
    canvas.path([(0, -30, 52), (0, -46, 62), (0, -48, 84), (0, -20, 102), (0, 20, 104)], 1.4, ARTERY, cavity)
    canvas.path([(0, 30, 66), (0, 44, 70), (0, 70, 56)], 2.0, VEIN, cavity)  # vein of Galen, straight sinus
    for side in (-1, 1):
        canvas.path([(side * 10, -14, 34), (side * 9, -14, 47)], 2.1, ARTERY)  # carotid siphon
        canvas.path([(side * 9, -14, 47), (side * 22, -18, 48), (side * 36, -18, 50)], 1.6, ARTERY, cavity)
        for rise, back in ((8, 8), (16, 20), (4, -30)):
            canvas.path(
                [
                    (side * 36, -18, 50),
                    (side * 40, -18 + back * 0.5, 50 + rise * 0.6),
                    (side * 54, -10 + back, 54 + rise),
                ],
                1.2,
                ARTERY,
                cavity,
            )
        canvas.path([(side * 9, -14, 47), (side * 2, -22, 49), (side * 1, -30, 52)], 1.3, ARTERY, cavity)
        canvas.path([(0, -4, 44), (side * 12, 4, 48), (side * 17, 18, 52), (side * 12, 34, 56)], 1.3, ARTERY, cavity)
        canvas.path([(side * 9, -12, 46), (side * 5, -5, 45)], 0.9, ARTERY, cavity)
        canvas.path([(side * 3, -14, 74), (side * 2, 10, 72), (0, 30, 66)], 1.2, VEIN, cavity)  # internal cerebral vein
        canvas.path([(side * 24, 34, 80), (side * 24, 44, 73)], 2.0, 130, cavity)  # choroid plexus
