"""A console's monitor before a wall, showing simulated slices: for tests of what comes after the camera."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

import appliance
from appliance.camera.quality import NAMES
from appliance.phantom.disc import DEMO_BLEED
from appliance.phantom.head import Bleed
from tests.simulated import volume

PANEL = (1280, 720)
SIZE = (1920, 1080)
"""Of a photograph; a camera's frame is as large as the panel."""

PATIENT = "YAMADA TARO  ID 00012345"
_STRIP = 60
_LINE = (90, 90, 90)


@lru_cache(maxsize=4)
def slices(bleed: Optional[Bleed] = DEMO_BLEED) -> np.ndarray:
    """Brain-window slices of a head from the base up: uint8, shape ``(n, 256, 256)``."""
    shown = np.clip((volume(bleed=bleed).astype(np.float32) + 10) * 255 / 100, 0, 255)
    return shown.astype(np.uint8)


def console(pictures: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Draw slices in a grid below a strip that names the patient: uint8, `PANEL`."""
    rows = -(-len(pictures) // columns)
    screen = np.full((PANEL[1], PANEL[0], 3), 25, np.uint8)
    screen[:_STRIP] = 60
    cv2.putText(screen, PATIENT, (16, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (230, 230, 230), 2, cv2.LINE_AA)
    side = min((PANEL[1] - _STRIP - 8) // rows, (PANEL[0] - 8) // columns) - 4
    left, top = (PANEL[0] - columns * (side + 4)) // 2, _STRIP + 4
    screen[top - 4 :, :] = (0, 0, 0)
    for number, picture in enumerate(pictures):
        x, y = left + number % columns * (side + 4), top + number // columns * (side + 4)
        cv2.rectangle(screen, (x - 2, y - 2), (x + side + 1, y + side + 1), _LINE, 2)
        tile = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        screen[y : y + side, x : x + side] = tile[:, :, None]
    return screen


def in_a_room(screen: np.ndarray, size: Tuple[int, int] = SIZE) -> np.ndarray:
    """Show a screen on a monitor with a dark frame before a bright wall, a little from the side: uint8, `size`."""
    columns, rows = size
    random = np.random.default_rng(0)
    light = random.normal(150, 18, (6, 9, 3)).astype(np.float32)
    room = cv2.resize(light, size, interpolation=cv2.INTER_CUBIC)
    room[int(rows * 0.9) :] = (70, 90, 120)
    corners = np.array([[0.11, 0.09], [0.88, 0.1], [0.89, 0.83], [0.12, 0.84]], np.float32) * np.float32(size)
    outwards = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    cv2.fillConvexPoly(room, (corners + outwards * 0.014 * columns).astype(np.int32), (28, 28, 30))
    high, wide = screen.shape[:2]
    matrix = cv2.getPerspectiveTransform(np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32), corners)
    lit = cv2.warpPerspective(np.ones((high, wide), np.float32), matrix, size)[..., None]
    shown = cv2.warpPerspective(screen, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    return np.asarray(np.clip(room * (1 - lit) + (shown * 0.85 + 8) * lit, 0, 255).astype(np.uint8))


def scrolled(pictures: Sequence[np.ndarray], frames_each: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield the frames of a camera on a stand while somebody scrolls upward through large slices."""
    random = np.random.default_rng(seed)
    # a few fields of noise, moved about: drawing each anew takes longer than all else
    noise = random.normal(0, 2, (3, PANEL[1], PANEL[0], 3)).astype(np.int8)
    for picture in pictures:
        screen = in_a_room(console([picture], 1), PANEL).astype(np.int16)
        for _ in range(frames_each):
            moved = np.roll(noise[random.integers(3)], tuple(random.integers(0, 600, 2)), (0, 1))
            yield np.clip(screen + moved, 0, 255).astype(np.uint8)


def write_video(path: Path, frames: Iterator[np.ndarray], rate: float = 15.0) -> Path:
    """Write frames as a video file (Motion JPEG in AVI)."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, PANEL)
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
        cv2.imwrite(str(path), in_a_room(console(pictures[start : start + each], 4)), [cv2.IMWRITE_JPEG_QUALITY, 92])
        paths.append(path)
    return paths


BLURRED = 3.0
"""Width of the skull's edge, in hundredths of the head, from which the gate of `manifest_for_photographs` refuses."""


def manifest_for_photographs(folder: Path) -> Path:
    """Write the manifest of a network that reads photographs as it reads files, but no blurred ones."""
    released = Path(appliance.__file__).parents[1] / "trt_engines"
    found = released / "manifest.json"
    document = json.loads(found.read_text("utf-8"))
    names = ("slice_calibration", "study_calibration", "slice_operating_point", "operating_point", "pooling")
    nothing = dict.fromkeys(NAMES, 0.0)
    gate = {"weights": {**nothing, "edge": 1.0}, "usual": nothing, "offset": 0.0, "highest": BLURRED}
    document["photographs"] = {**{name: document[name] for name in names}, "gate": gate}
    folder.mkdir(parents=True, exist_ok=True)
    for path in released.iterdir():
        if path.suffix in {".onnx", ".npz"}:
            (folder / path.name).symlink_to(path)
    path = folder / found.name
    path.write_text(json.dumps(document), "utf-8")
    return path
