"""A console's screen as it is, drawn from simulated slices: for tests of what comes after the camera."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Iterator, List, Optional, Sequence

import cv2
import numpy as np

import appliance
from appliance.phantom.disc import DEMO_BLEED
from appliance.phantom.head import Bleed
from tests.simulated import volume

SIZE = (1280, 720)
PATIENT = "YAMADA TARO  ID 00012345"
_STRIP = 60
_LINE = (90, 90, 90)


@lru_cache(maxsize=4)
def slices(bleed: Optional[Bleed] = DEMO_BLEED) -> np.ndarray:
    """Brain-window slices of a head from the base up: uint8, shape ``(n, 256, 256)``."""
    shown = np.clip((volume(bleed=bleed).astype(np.float32) + 10) * 255 / 100, 0, 255)
    return shown.astype(np.uint8)


def console(pictures: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Draw slices in a grid below a strip that names the patient: uint8, shape ``(720, 1280, 3)``."""
    rows = -(-len(pictures) // columns)
    screen = np.full((SIZE[1], SIZE[0], 3), 25, np.uint8)
    screen[:_STRIP] = 60
    cv2.putText(screen, PATIENT, (16, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (230, 230, 230), 2, cv2.LINE_AA)
    side = min((SIZE[1] - _STRIP - 8) // rows, (SIZE[0] - 8) // columns) - 4
    left, top = (SIZE[0] - columns * (side + 4)) // 2, _STRIP + 4
    screen[top - 4 :, :] = (0, 0, 0)
    for number, picture in enumerate(pictures):
        x, y = left + number % columns * (side + 4), top + number // columns * (side + 4)
        cv2.rectangle(screen, (x - 2, y - 2), (x + side + 1, y + side + 1), _LINE, 2)
        tile = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        screen[y : y + side, x : x + side] = tile[:, :, None]
    return screen


def scrolled(pictures: Sequence[np.ndarray], frames_each: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield the frames of a camera on a stand while somebody scrolls upward through large slices."""
    random = np.random.default_rng(seed)
    # a few fields of noise, moved about: drawing each anew takes longer than all else
    noise = random.normal(0, 2, (3, SIZE[1], SIZE[0], 3)).astype(np.int8)
    for picture in pictures:
        screen = console([picture], 1).astype(np.int16)
        for _ in range(frames_each):
            moved = np.roll(noise[random.integers(3)], tuple(random.integers(0, 600, 2)), (0, 1))
            yield np.clip(screen + moved, 0, 255).astype(np.uint8)


def write_video(path: Path, frames: Iterator[np.ndarray], rate: float = 15.0) -> Path:
    """Write frames as a video file (Motion JPEG in AVI)."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, SIZE)
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def write_photographs(folder: Path, pictures: Sequence[np.ndarray], each: int = 12) -> List[Path]:
    """Write photographs of a console that shows so many slices at once."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, start in enumerate(range(0, len(pictures), each), start=1):
        path = folder / f"photo {number}.jpg"
        cv2.imwrite(str(path), console(pictures[start : start + each], 4), [cv2.IMWRITE_JPEG_QUALITY, 92])
        paths.append(path)
    return paths


def manifest_for_photographs(folder: Path) -> Path:
    """Write the installed network's manifest with a calibration for photographs, and return its path."""
    released = Path(appliance.__file__).parents[1] / "trt_engines"
    found = released / "manifest.json"
    document = json.loads(found.read_text("utf-8"))
    if "photographs" not in document:
        names = ("slice_calibration", "study_calibration", "slice_operating_point", "operating_point", "pooling")
        document["photographs"] = {name: document[name] for name in names}
    folder.mkdir(parents=True, exist_ok=True)
    for path in released.iterdir():
        if path.suffix == ".onnx":
            (folder / path.name).symlink_to(path)
    path = folder / found.name
    path.write_text(json.dumps(document), "utf-8")
    return path
