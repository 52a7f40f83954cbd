"""Series of scans that are no head CT in a brain window: other parts, other windows, other machines.

Drawn, or real where real ones are at hand; uint8, as a viewer shows them, 256 pixels a side.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import cv2
import numpy as np
import pydicom

from appliance.phantom.head import Bleed, BleedKind, Head, Side
from tests.simulated import volume

SIDE = 256
COUNT = 20
"""Pictures of a series."""

Draw = Callable[[np.random.Generator], List[np.ndarray]]

_BLEED = Bleed(BleedKind.INTRAPARENCHYMAL, Side.LEFT, 40.0)
WINDOWS: Dict[str, Tuple[float, float]] = {
    "brain": (120, 40),
    "narrow": (80, 40),
    "soft": (400, 40),
    "lung": (1500, -600),
    "bone": (2000, 500),
    "wide bone": (4000, 700),
    "narrow bone": (1200, 250),
}
"""Width and level in Hounsfield units."""


def shown(hounsfield: np.ndarray, window: str) -> np.ndarray:
    """Grey levels of a slice in a window."""
    width, level = WINDOWS[window]
    return np.clip((hounsfield.astype(np.float32) - level + width / 2) * 255 / width, 0, 255).astype(np.uint8)


def _sized(picture: np.ndarray) -> np.ndarray:
    """Make a picture square with black around it, and `SIDE` wide."""
    rows, columns = picture.shape
    square = np.zeros((max(rows, columns),) * 2, np.uint8)
    top, left = (len(square) - rows) // 2, (len(square) - columns) // 2
    square[top : top + rows, left : left + columns] = picture
    return np.asarray(cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA))


def trunk(random: np.random.Generator, window: str, lungs: bool) -> List[np.ndarray]:
    """Chest or abdomen from one end to the other."""
    wide, deep, noise = random.uniform(100, 122), random.uniform(70, 86), random.uniform(6, 16)
    place = [random.uniform(-5, 5, 2) for _ in range(8)]
    pictures = []
    for number in range(COUNT):
        along = number / (COUNT - 1)
        values = np.full((SIDE, SIDE), -1000.0, np.float32)

        def ellipse(x: float, y: float, a: float, b: float, level: float, values: np.ndarray = values) -> None:
            centre, axes = (int(128 + x), int(128 + y)), (max(int(a), 1), max(int(b), 1))
            cv2.ellipse(values, centre, axes, 0, 0, 360, level, -1)

        taper = 0.8 + 0.2 * np.sin(np.pi * along)
        a, b = wide * taper, deep * taper
        for less, level in ((0, 45), (2, -100), (12, 55), (20, -850 if lungs else -95)):
            ellipse(0, 0, a - less, b - less, level)
        if lungs:
            ellipse(*place[0], 24, b - 22, 45)
            ellipse(14, -8, 34 * np.sin(np.pi * (0.2 + 0.7 * along)), 30 * along + 4, 42)
            for _ in range(25):
                x, y = random.uniform(-0.7, 0.7, 2) * (a, b)
                ellipse(x, y, 1.5, 1.5, -100)
        else:
            ellipse(-44 + place[1][0], -6, 42 * (1 - 0.7 * along), 44 * (1 - 0.6 * along), 60)
            ellipse(52, 6 + place[2][1], 20 * (1 - along), 26 * (1 - along), 50)
            ellipse(-34, 38, 15, 14, 35)
            ellipse(36, 38, 15, 14, 35)
            for _ in range(8):
                x, y = random.uniform(-0.5, 0.5, 2) * (a, b)
                ellipse(x, y - 10, 9, 7, float(random.choice([20.0, 40.0, -200.0, 250.0])))
        ellipse(0, b - 30, 15, 13, 350)
        ellipse(0, b - 30, 11, 9, 180)
        ellipse(0, b - 20, 5, 5, 30)
        for angle in np.linspace(0, 2 * np.pi, 14, endpoint=False) + along:
            ellipse((a - 16) * np.cos(angle), (b - 15) * np.sin(angle), 6, 3, 500)
        values = cv2.GaussianBlur(values, (0, 0), 0.7) + random.normal(0, noise, values.shape)
        pictures.append(shown(values, window))
    return pictures


def limb(random: np.random.Generator, window: str, both: bool) -> List[np.ndarray]:
    """A leg, or both: muscle around a ring of bone with marrow in it."""
    pictures, marrow = [], float(random.choice([-80.0, 20.0, 40.0]))
    size = random.uniform(60, 90) if not both else random.uniform(40, 55)
    for number in range(COUNT):
        values = np.full((SIDE, SIDE), -1000.0, np.float32)
        scale = 1 - 0.4 * number / COUNT
        for x in (70, 186) if both else (128,):
            for radius, level in ((1, 40), (0.96, -100), (0.85, 55), (0.32, 1200), (0.24, marrow)):
                cv2.circle(values, (x, 128), int(size * radius * scale), level, -1)
        values = cv2.GaussianBlur(values, (0, 0), 0.7) + random.normal(0, 8, values.shape)
        pictures.append(shown(values, window))
    return pictures


def _head(random: np.random.Generator) -> np.ndarray:
    """A simulated head in Hounsfield units, with blood in every other one."""
    bleed = _BLEED if random.random() < 0.5 else None
    head = Head(seed=int(random.integers(3)), atrophy=0.4)
    return np.asarray(volume(bleed=bleed, head=head))


def head_in_window(random: np.random.Generator, window: str) -> List[np.ndarray]:
    """A head CT in the window of another part."""
    return [_sized(shown(picture, window)) for picture in _head(random)[4:-2]]


CONTRASTS: Dict[str, Tuple[Tuple[float, float], ...]] = {
    "T1": ((-1000, 0), (-300, 0), (-100, 250), (-30, 235), (0, 35), (12, 45), (28, 120), (40, 150), (70, 165))
    + ((110, 60), (250, 8), (2000, 5)),
    "T2": ((-1000, 0), (-300, 0), (-100, 190), (-30, 180), (0, 255), (12, 245), (28, 140), (40, 95), (70, 60))
    + ((110, 40), (250, 6), (2000, 5)),
    "FLAIR": ((-1000, 0), (-300, 0), (-100, 175), (-30, 150), (0, 20), (12, 35), (28, 135), (40, 115), (70, 150))
    + ((110, 60), (250, 8), (2000, 5)),
    "DWI": ((-1000, 0), (-300, 0), (-100, 12), (-30, 15), (0, 30), (12, 45), (28, 120), (40, 135), (70, 220))
    + ((110, 40), (250, 6), (2000, 3)),
    "PD": ((-1000, 0), (-300, 0), (-100, 230), (-30, 220), (0, 150), (12, 160), (28, 190), (40, 170), (70, 150))
    + ((110, 60), (250, 10), (2000, 8)),
}
"""Grey level that each contrast gives to tissue of so many Hounsfield units: bone is dark, fat is bright."""


def magnetic(random: np.random.Generator, contrast: str, plane: str = "axial") -> List[np.ndarray]:
    """A head in a magnet: one contrast, one plane."""
    values = _head(random).astype(np.float32)
    if plane != "axial":
        values = values.transpose((2, 0, 1) if plane == "sagittal" else (1, 0, 2))[:, ::-1]
        cut = values[np.linspace(0.2 * len(values), 0.8 * len(values), COUNT).astype(int)]
        values = np.stack([cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for picture in cut])
    else:
        values = values[4:-2]
    units, levels = np.array(CONTRASTS[contrast]).T
    gain = random.uniform(0.8, 1.15)
    ys, xs = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    coil = 1 - random.uniform(0, 0.2) * (xs * random.normal() + ys * random.normal()) / 2
    pictures = []
    for picture in values:
        smooth = cv2.GaussianBlur(picture, (0, 0), 0.8)
        grey = np.interp(smooth, units, levels) * gain * coil
        # the noise of a magnitude picture (Rice)
        noise = random.normal(0, random.uniform(2, 6), (2, *grey.shape))
        pictures.append(np.clip(np.hypot(grey + noise[0], noise[1]), 0, 255).astype(np.uint8))
    return pictures


def magnetic_of(slices: List[np.ndarray], random: np.random.Generator, contrast: str) -> List[np.ndarray]:
    """Turn brain-window slices of a real head into what a magnet shows, as far as grey levels go.

    Fat and air are both black there: what lies without the bone but within the head's outline becomes fat.
    """
    units, levels = np.array(CONTRASTS[contrast]).T
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    pictures = []
    for picture in slices:
        small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        hounsfield = small.astype(np.float32) * 120 / 255 - 20
        hounsfield[small < 8] = -1000
        bone = ((small > 235) & (cv2.medianBlur(small, 3) > 200)).astype(np.uint8)
        hounsfield[bone > 0] = 800
        contours, _ = cv2.findContours(bone, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        if contours:
            skull = cv2.convexHull(max(contours, key=cv2.contourArea))
            filled = cv2.fillConvexPoly(np.zeros_like(small), skull, 1)
            hounsfield[(cv2.dilate(filled, disc) > 0) & (filled == 0)] = -100
        grey = np.interp(cv2.GaussianBlur(hounsfield, (0, 0), 0.6), units, levels)
        pictures.append(np.clip(grey + random.normal(0, 4, grey.shape), 0, 255).astype(np.uint8))
    return pictures


def x_rays(random: np.random.Generator) -> List[np.ndarray]:
    """Rays through a head from the front, the side and between: a localizer, an angiogram's mask."""
    values = np.clip(_head(random).astype(np.float32) + 1000, 0, 3000) / 1000
    thick = np.stack([cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA) for picture in values])
    pictures = []
    for angle in np.linspace(0, 180, COUNT, endpoint=False):
        matrix = cv2.getRotationMatrix2D((63.5, 63.5), float(angle), 1.0)
        sums = [cv2.warpAffine(picture, matrix, (128, 128)).sum(axis=0) for picture in thick]
        ray = cv2.resize(np.stack(sums)[::-1], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        ray = ray * 255 / ray.max()
        pictures.append(np.clip(ray + random.normal(0, 2, ray.shape), 0, 255).astype(np.uint8))
    return pictures


@lru_cache(maxsize=8)
def _file(path: Path) -> np.ndarray:
    dataset = pydicom.dcmread(path, force=True)
    pixels = dataset.pixel_array.astype(np.float32)
    if pixels.ndim > 2:
        pixels = pixels.reshape(-1, *pixels.shape[-3:])[0].mean(axis=-1) if pixels.shape[-1] == 3 else pixels[0]
    return np.asarray(pixels * float(dataset.get("RescaleSlope", 1)) + float(dataset.get("RescaleIntercept", 0)))


def of_file(path: Path, random: np.random.Generator, window: str = "") -> List[np.ndarray]:
    """A real picture, and the same a little smaller and smaller: as near to a series as one picture comes."""
    values = _file(path)
    if window:
        picture = _sized(shown(values, window))
    else:
        low, high = np.percentile(values, (1, 99.5))
        picture = _sized(np.clip((values - low) * 255 / max(high - low, 1), 0, 255).astype(np.uint8))
    pictures = []
    for scale in np.sin(np.linspace(0.35, np.pi - 0.35, COUNT)):
        matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), float(random.normal(0, 2)), float(scale))
        pictures.append(cv2.warpAffine(picture, matrix, (SIDE, SIDE)))
    return pictures


def scans() -> Dict[str, Draw]:
    """Every series that is drawn, by its name."""
    found: Dict[str, Draw] = {}
    for window in ("soft", "brain", "narrow", "lung", "bone"):
        found[f"chest, {window}"] = lambda random, window=window: trunk(random, window, True)
        found[f"abdomen, {window}"] = lambda random, window=window: trunk(random, window, False)
    for window in ("brain", "soft", "bone"):
        found[f"leg, {window}"] = lambda random, window=window: limb(random, window, False)
        found[f"legs, {window}"] = lambda random, window=window: limb(random, window, True)
    for window in ("bone", "wide bone", "narrow bone", "lung"):
        found[f"head, {window}"] = lambda random, window=window: head_in_window(random, window)
    for contrast in CONTRASTS:
        found[f"MR {contrast}"] = lambda random, contrast=contrast: magnetic(random, contrast)
    for plane in ("sagittal", "coronal"):
        for contrast in ("T1", "T2"):
            found[f"MR {contrast} {plane}"] = lambda random, contrast=contrast, plane=plane: magnetic(
                random, contrast, plane
            )
    found["X-rays"] = x_rays
    return found
