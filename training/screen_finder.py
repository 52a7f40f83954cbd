"""The small network that shows the appliance's camera where a screen and its CT pictures roughly are.

It is trained on simulated photographs of consoles (`training.screen`, family `TRAINING`), turned, cut and coloured anew
each time they are seen. Its answer is coarse; `appliance.camera` sharpens it on the photograph itself.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional as F

from appliance.camera.finder import HEIGHT, WIDTH
from appliance.files import replace_file
from training.screen.families import TRAINING
from training.screen.shot import take_shot

OPSET = 13

GRIDS = ((1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4), (4, 5), (5, 5), (5, 6))
"""Layouts that are drawn: rows and columns."""

LAST_PAGES = 0.3
"""Share of photographs that show the last page of a series: few slices, at the top of the head, and empty cells."""

PHOTO = (640, 360)
"""Width and height of the photographs."""

CORE = 0.8
"""Share of a CT picture's side that is marked, so that neighbours stay apart."""

COARSE = 0.3
"""Share of the time in which it learns from pictures of half the size: they show what is where, and take a quarter."""


@dataclass(frozen=True)
class Example:
    """A photograph with the corners of its screen, shape ``(0 or 1, 4, 2)``, and CT pictures, shape ``(n, 4, 2)``."""

    photo: np.ndarray
    screen: np.ndarray
    pictures: np.ndarray


def photograph(series: Sequence[np.ndarray], count: int, seed: int) -> list[Example]:
    """Take photographs of consoles that show CT series.

    Parameters
    ----------
    series : sequence of numpy.ndarray
        uint8, shape ``(n, side, side)`` each, brain window 120/40.
    count : int
        How many photographs.
    seed : int
        Draws everything.
    """
    examples = []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        rows, columns = GRIDS[rng.integers(len(GRIDS))]
        stack = series[int(rng.integers(len(series)))]
        shot = take_shot(stack[_page(len(stack), rows, columns, rng)], rng, TRAINING, rows, columns, PHOTO)
        zoom = float(shot.settings["zoom"])
        pictures = [
            tile.corners.mean(axis=0) + (tile.corners - tile.corners.mean(axis=0)) / zoom
            for tile in shot.tiles
            if tile.index >= 0
        ]
        examples.append(Example(shot.photo, shot.screen[None], np.array(pictures).reshape(-1, 4, 2)))
    return examples


def bare(series: Sequence[np.ndarray], rng: np.random.Generator) -> Example:
    """Make a slice without any console around it; the whole picture counts as screen."""
    stack = series[int(rng.integers(len(series)))]
    picture = cv2.resize(stack[rng.integers(len(stack))], (PHOTO[1], PHOTO[1]), interpolation=cv2.INTER_AREA)
    end = PHOTO[1] - 0.5
    corners = np.array([[[-0.5, -0.5], [end, -0.5], [end, end], [-0.5, end]]])
    return Example(np.repeat(picture[..., None], 3, axis=2), corners, corners)


def nothing(rng: np.random.Generator) -> Example:
    """Make a picture of no screen at all: flat things and blurred ones."""
    width, height = PHOTO
    grain = rng.normal(0, 1, (height // 8, width // 8, 3)).astype(np.float32)
    grain = cv2.resize(cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.5, 8)), PHOTO, interpolation=cv2.INTER_CUBIC)
    photo = rng.uniform(0, 200, 3) + grain / grain.std() * rng.uniform(0, 40)
    for _ in range(rng.integers(0, 8)):
        points = rng.uniform(-0.2, 1.2, (4, 2)) * PHOTO
        cv2.fillConvexPoly(photo, cv2.convexHull(points.astype(np.int32)), [float(v) for v in rng.uniform(0, 255, 3)])
    empty = np.zeros((0, 4, 2))
    return Example(np.clip(photo, 0, 255).astype(np.uint8), empty, empty)


def _page(length: int, rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """Which slices of a series a page shows: some of the whole head, or what is left for the last page, at its top."""
    full, kind = rows * columns, rng.random()
    if kind < LAST_PAGES:
        most = min(columns if kind < LAST_PAGES / 2 else full, length)
        return np.arange(length - int(rng.integers(1, most + 1)), length)
    cells = full - (int(rng.integers(0, columns)) if rng.random() < 0.4 else 0)
    return np.rint(np.linspace(0, length - 1, cells)).astype(int)


def draw(example: Example, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Show a photograph anew: the network's input and the two maps it should answer with.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(HEIGHT, WIDTH, 3)``.
    numpy.ndarray
        float32, shape ``(2, HEIGHT // 2, WIDTH // 2)``: share of screen and of CT picture in each cell.
    """
    rows, columns = example.photo.shape[:2]
    target = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float64)
    kind = rng.random()
    if kind < 0.5 and len(example.screen):  # turned straight, with some of what is around it, or cut
        source = example.screen[0].astype(np.float64)
        inset = rng.uniform(0.03, 0.14) if kind < 0.35 else rng.uniform(-0.3, 0.05)
        away = (target / (WIDTH, HEIGHT) - 0.5) * (1 - 2 * inset)
        loose = rng.choice((0.005, 0.03))
        middle = (away + 0.5 + rng.uniform(-loose, loose, 2) + rng.uniform(-loose, loose, (4, 2))) * (WIDTH, HEIGHT)
    else:
        source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float64)
        angle, scale = rng.normal(0, 5) * np.pi / 180, np.exp(rng.uniform(-0.35, 0.6))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
        away = target - (WIDTH / 2, HEIGHT / 2)
        shift = rng.uniform(-0.2, 0.2, 2) * (WIDTH, HEIGHT) * max(1.0, scale)
        middle = away @ turn.T * (1, rng.uniform(0.85, 1.15)) + (WIDTH / 2, HEIGHT / 2) + shift
        middle += rng.normal(0, 0.03, (4, 2)) * (WIDTH, HEIGHT)
    if rng.random() < 0.5:
        middle = (WIDTH, 0) + middle * (-1, 1)
    warp = cv2.getPerspectiveTransform(source.astype(np.float32), middle.astype(np.float32))
    # shrunk first as far as it will be shrunk, so that nothing is skipped
    stretch = np.sqrt(abs(np.linalg.det(warp[:2, :2])))
    half = stretch < 0.7
    photo = cv2.resize(example.photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) if half else example.photo
    reduced = warp @ np.diag([2.0, 2.0, 1.0]) if half else warp
    border = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT
    level = [float(v) for v in rng.uniform(0, 120, 3)] if rng.random() < 0.5 else [0.0] * 3
    shown = cv2.warpPerspective(photo, reduced, (WIDTH, HEIGHT), None, cv2.INTER_LINEAR, border, level)
    maps = np.zeros((2, HEIGHT, WIDTH), np.uint8)
    cores = example.pictures.mean(axis=1, keepdims=True) * (1 - CORE) + example.pictures * CORE
    for number, shapes in enumerate((example.screen, cores)):
        for shape in shapes:
            placed = cv2.perspectiveTransform(shape[None].astype(np.float64), warp)[0]
            if np.abs(placed).max() < 4000:
                cv2.fillPoly(maps[number], [np.rint(placed * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    small = [cv2.resize(one, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA) for one in maps]
    return _coloured(shown, rng), np.stack(small).astype(np.float32) / 255


def _coloured(shown: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    light = shown.astype(np.float32) / 255
    light = light ** np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.08, 3))
    light += rng.uniform(0, 0.12) * (rng.random() < 0.3)
    if rng.random() < 0.3:
        light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.3, 1.2))
    light += rng.normal(0, rng.uniform(0, 0.03), light.shape)
    return np.clip(light * 255, 0, 255).astype(np.uint8)


class ScreenNet(nn.Module):
    """A small pyramid: colours ``(n, 3, HEIGHT, WIDTH)`` from 0 to 255 to logits ``(n, 2, HEIGHT / 2, WIDTH / 2)``."""

    def __init__(self, widths: Sequence[int] = (12, 24, 40, 56, 64)) -> None:
        super().__init__()
        steps = zip((3, *widths[:-1]), widths, strict=True)
        self.down = nn.ModuleList(nn.Sequential(_block(a, b, 2), _block(b, b)) for a, b in steps)
        self.deep = nn.Sequential(_block(widths[-1], widths[-1]), _block(widths[-1], widths[-1]))
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairs)
        self.join = nn.ModuleList(_block(b, b) for _, b in pairs)
        self.out = nn.Conv2d(widths[0], 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run the network."""
        x, kept = x / 128 - 1, []
        for step in self.down:
            x = step(x)
            kept.append(x)
        x = self.deep(x)
        for narrow, join, skip in zip(self.narrow, self.join, kept[-2::-1], strict=True):
            x = join(F.interpolate(narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False) + skip)
        return self.out(x)


def _block(before: int, after: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


def train(
    examples: Sequence[Example],
    minutes: float,
    seed: int,
    say: Callable[[str], None],
    batch: int = 16,
    rate: float = 3e-3,
) -> ScreenNet:
    """Train for a given time; the learning rate falls to zero at its end."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = ScreenNet().train()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on a processor
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    start, step, loss_mean = time.monotonic(), 0, 1.0
    while (share := (time.monotonic() - start) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * float(np.cos(np.pi * share)))
        drawn = [draw(examples[int(rng.integers(len(examples)))], rng) for _ in range(batch)]
        shown = torch.from_numpy(np.stack([one[0] for one in drawn])).permute(0, 3, 1, 2).float()
        truth = torch.from_numpy(np.stack([one[1] for one in drawn]))
        if share < COARSE:
            shown, truth = F.avg_pool2d(shown, 2), F.avg_pool2d(truth, 2)
        logits = network(shown.contiguous(memory_format=torch.channels_last))
        level = torch.sigmoid(logits)
        overlap = 1 - (2 * (level * truth).sum((2, 3)) + 20) / ((level + truth).sum((2, 3)) + 20)
        loss = F.binary_cross_entropy_with_logits(logits, truth) + 0.3 * overlap.mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        loss_mean = 0.98 * loss_mean + 0.02 * float(loss.detach())
        step += 1
        if step % 50 == 0:
            say(f"step {step}, {share:.0%} of the time: loss {loss_mean:.4f}")
    return network.eval()


def to_onnx(network: ScreenNet) -> bytes:
    """Export the network: input ``photo`` float32 ``(1, 3, HEIGHT, WIDTH)``, output ``maps``."""
    buffer = io.BytesIO()
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, HEIGHT, WIDTH),),
        buffer,  # type: ignore[arg-type]  # the old exporter takes a stream as well
        opset_version=OPSET,
        input_names=["photo"],
        output_names=["maps"],
        dynamo=False,  # the other exporter writes opset 18 whatever is asked
    )
    onnx.checker.check_model(onnx.load_from_string(buffer.getvalue()), full_check=True)
    return buffer.getvalue()


def write_finder(
    path: Path,
    series: Sequence[np.ndarray],
    photographs: int,
    minutes: float,
    seed: int,
    say: Callable[[str], None],
) -> None:
    """Train the network, from nothing, and write it.

    Parameters
    ----------
    path : pathlib.Path
        ONNX file to write.
    series : sequence of numpy.ndarray
        uint8, shape ``(n, side, side)`` each, brain window 120/40.
    photographs : int
        How many photographs of consoles it learns from; a sixteenth as many each of bare slices and of nothing.
    minutes : float
        Of training.
    seed : int
        Draws everything.
    say : callable
        Is told how it goes.
    """
    rng, others = np.random.default_rng(seed), photographs // 16
    say(f"taking {photographs} photographs of consoles")
    examples = photograph(series, photographs, seed)
    examples += [bare(series, rng) for _ in range(others)] + [nothing(rng) for _ in range(others)]
    model = to_onnx(train(examples, minutes, seed, say))
    with replace_file(path) as file:
        file.write(model)
