"""Pictures that show no axial head CT in a brain window, all generated."""

from __future__ import annotations

from typing import Dict

import cv2
import numpy as np


def not_heads(seed: int, side: int = 400) -> Dict[str, np.ndarray]:
    """One picture of each kind by its name: uint8, grey or BGR, the same for the same arguments."""
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (side, side)).astype(np.uint8)
    return {
        "black": np.zeros((side, side), np.uint8),
        "white": np.full((side, side), 255, np.uint8),
        "grey": np.full((side, side), int(random.integers(60, 200)), np.uint8),
        "noise": noise,
        "coarse noise": cv2.resize(noise[: side // 8, : side // 8], (side, side), interpolation=cv2.INTER_CUBIC),
        "landscape": landscape(random, side),
        "grey landscape": np.asarray(cv2.cvtColor(landscape(random, side), cv2.COLOR_BGR2GRAY)),
        "text page": page(random, side),
        "abdomen": body(random, side, lungs=False),
        "chest": body(random, side, lungs=True),
    }


def _rough(random: np.random.Generator, side: int, finest: int) -> np.ndarray:
    """Noise of all scales down to `finest` pixels, about 0 with deviation 1."""
    total, cell = np.zeros((side, side)), side // 2
    while cell >= finest:
        grid = random.normal(size=(side // cell + 2, side // cell + 2))
        total += cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC) * cell**0.7
        cell //= 2
    return np.asarray((total - total.mean()) / total.std())


def landscape(random: np.random.Generator, side: int) -> np.ndarray:
    """Sky, hills and trees: BGR."""
    picture = np.zeros((side, side, 3))
    rows = np.arange(side)[:, None]
    sky = _rough(random, side, 16)
    picture[:] = np.stack([225 + 12 * sky, 190 + 20 * sky, 150 + 28 * sky], axis=2)
    for depth, tint in ((0.4, (120, 120, 90)), (0.55, (60, 110, 70)), (0.75, (40, 90, 60))):
        ridge = side * (depth + 0.06 * _rough(random, side, 8)[0])[None, :]
        texture = 1 + 0.35 * _rough(random, side, 2)[..., None]
        picture = np.where((rows > ridge)[..., None], np.array(tint) * texture, picture)
    return np.clip(picture, 0, 255).astype(np.uint8)


def page(random: np.random.Generator, side: int) -> np.ndarray:
    """Black print on white paper."""
    picture = np.full((side, side), 250, np.uint8)
    for y in range(30, side - 10, 16):
        text = "".join(random.choice(list("abcdefghij klmno pqrstu vwxyz"), 60))
        cv2.putText(picture, text, (20, y), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 20, 1)
    return picture


def body(random: np.random.Generator, side: int, lungs: bool) -> np.ndarray:
    """A trunk at the level of liver or lungs in a window of width 120 to 300."""
    values = np.full((side, side), -1000.0)
    middle, unit = side // 2, side / 400

    def ellipse(x: float, y: float, a: float, b: float, hounsfield: float, thick: int = -1) -> None:
        centre = (int(middle + x * unit), int(middle + y * unit))
        line = thick if thick < 0 else max(int(thick * unit), 1)
        cv2.ellipse(values, centre, (int(a * unit), int(b * unit)), 0, 0, 360, hounsfield, line)

    wide, deep = random.uniform(170, 190), random.uniform(115, 135)
    ellipse(0, 0, wide, deep, 50)  # skin
    ellipse(0, 0, wide - 4, deep - 4, -100)  # fat beneath it
    ellipse(0, 0, wide - 24, deep - 22, 55)  # muscle
    ellipse(0, 0, wide - 36, deep - 34, -850 if lungs else -95)
    if lungs:
        ellipse(0, 0, 38, deep - 34, 45)
        ellipse(22, -15, 55, 48, 42)  # heart
    else:
        ellipse(-75, -10, 62, 70, 60)  # liver
        ellipse(85, 10, 32, 42, 50)  # spleen
        ellipse(-55, 62, 25, 22, 34)
        ellipse(60, 62, 25, 22, 34)  # kidneys
        ellipse(30, -50, 45, 26, 25)  # stomach
    ellipse(0, deep - 52, 27, 22, 300)  # vertebra
    ellipse(0, deep - 40, 9, 8, 35)
    for angle in np.linspace(0, 2 * np.pi, 14, endpoint=False):
        ellipse((wide - 30) * np.cos(angle), (deep - 28) * np.sin(angle), 11, 5, 500)  # ribs
    values += cv2.GaussianBlur(random.normal(0, 14, (side, side)), (3, 3), 0)
    width, level = random.uniform(120, 300), random.uniform(35, 60)
    return np.clip((values - level + width / 2) * 255 / width, 0, 255).astype(np.uint8)
