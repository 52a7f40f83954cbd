"""Randomly damaged files, 2,000 of them with ``make soak``: no crash, no hang, and nothing judged on damaged pixels or
geometry without a reason given.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Optional

import cv2
import numpy as np
import pytest

from appliance.config import Settings
from appliance.dicom.find import Medium
from appliance.dicom.reader import DicomReader
from appliance.dicom.select import select
from appliance.dicom.series import group
from appliance.dicom.stack import load_stack
from appliance.errors import TriageError
from appliance.imaging.brain import find_brain
from appliance.imaging.head import find_heads
from appliance.phantom.dicomise import write_series
from appliance.pipeline import Pipeline
from appliance.reasons import ReasonCode, Refused
from appliance.scoring import Judgement
from appliance.study import SliceStack
from appliance.verdict import Colour
from tests.damage import KINDS, plan
from tests.simulated import options, volume

SYNTAXES = {
    "explicit": "1.2.840.10008.1.2.1",
    "implicit": "1.2.840.10008.1.2",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG lossless": "1.2.840.10008.1.2.4.70",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}

COUNT = int(os.environ.get("DAMAGES", "60")) // len(SYNTAXES) + 1
"""Damages of each syntax. ``make soak`` makes 2,000 in all; every run makes the first of these."""

LONGEST_SECONDS = 5.0

VISIBLE_GREY_LEVELS = 25
"""About 12 HU: what a reader could take for blood or its absence."""

VISIBLE_PIXELS = 64
"""About 0.6 cm2 at 240 mm and 256 pixels; a smaller speck is no bleed."""


MISSES = {"JPEG lossless": 1, "JPEG 2000": 8}
"""How many of the 334 damages of ``make soak`` pass unnoticed although a reader would see them.

These streams carry no checksum: a flipped bit changes the texture of a block, or one line, and leaves a picture
that could be one. This is a shortfall, not a bar: it may only become smaller.
"""


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, List[Path]]:
    """A simulated head without blood in every lossless form."""
    root = tmp_path_factory.mktemp("series")
    return {
        name: write_series(root / name, volume(bleed=None), options(transfer_syntax=uid))
        for name, uid in SYNTAXES.items()
    }


def load(pipeline: Pipeline, reader: DicomReader, path: Path) -> Optional[SliceStack]:
    """The stack that a judgement rested on."""
    with Medium(path, Settings().ingest) as medium:
        images = [image for _, batch in reader.headers(medium.files().candidates) for image in batch]
    for candidate in select(group(images)).candidates:
        try:
            *_, stack = load_stack(reader, candidate.geometry, 120, 40)
        except Refused:
            continue
        assert isinstance(stack, SliceStack)
        return stack
    return None


def visibly_different(stack: SliceStack, intact: SliceStack) -> Optional[str]:
    """Say how a judged stack differs from the intact one where a reader would see it; None where not."""
    assert stack.positions_mm is not None and intact.positions_mm is not None
    if stack.pixels.shape[1:] != intact.pixels.shape[1:]:
        return "another size"
    heads = find_heads(intact)
    brain = find_brain(intact, heads)
    for position, picture in zip(stack.positions_mm, stack.pixels):
        if not brain.lower < position < brain.upper:
            continue  # not judged
        nearest = int(np.abs(intact.positions_mm - position).argmin())
        if abs(intact.positions_mm[nearest] - position) > 3.0:
            return f"a slice at {position:.0f} mm where there was none"
        apart = np.abs(picture.astype(int) - intact.pixels[nearest]) > VISIBLE_GREY_LEVELS
        mask = cv2.resize(
            heads[nearest].intracranial.astype(np.uint8), picture.shape[::-1], interpolation=cv2.INTER_NEAREST
        )
        if (apart & (mask > 0)).sum() > VISIBLE_PIXELS:
            return f"{(apart & (mask > 0)).sum()} pixels at {position:.0f} mm"
    lost = len(intact) - len(stack)
    return f"{lost} slices lost" if lost > 1 else None


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 9), reason="the same code is damaged under the newer Python")
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_damaged_files(syntax: str, series: Dict[str, List[Path]], pipeline: Pipeline, tmp_path: Path) -> None:
    """One file of a series is damaged; whatever is judged all the same looks as it did, or says that files were
    left out.
    """
    failures, misses = [], []
    # in no hurry: on a busy machine only the judgement itself must be in time
    with DicomReader(replace(Settings().decode, seconds_per_file=60.0)) as reader:
        intact = load(pipeline, reader, series[syntax][0].parent)
        assert intact is not None
        for kind, seed in plan(COUNT, seed=sum(map(ord, syntax))):
            rng = random.Random(seed)
            victim = rng.randrange(len(series[syntax]))
            folder = tmp_path / "damaged"
            folder.mkdir()
            for index, path in enumerate(series[syntax]):
                if index == victim:
                    (folder / path.name).write_bytes(KINDS[kind](path.read_bytes(), rng))
                else:
                    os.link(path, folder / path.name)
            begun = time.monotonic()
            verdict = None
            try:
                for item in pipeline.judge(folder):
                    if isinstance(item, Judgement):
                        verdict = item.verdict
            except TriageError:
                pass
            if time.monotonic() - begun > LONGEST_SECONDS:
                failures.append(f"{kind} {seed}: took {time.monotonic() - begun:.1f} s")
            if verdict is not None and verdict.colour is not Colour.REFER:
                told = {reason.code for reason in verdict.reasons} & {
                    ReasonCode.UNREADABLE_FILES,
                    ReasonCode.MISSING_FILES,
                }
                stack = load(pipeline, reader, folder)
                assert stack is not None
                difference = visibly_different(stack, intact)
                if difference and not told:
                    misses.append(f"{kind} {seed} slice {victim}: {difference}")
            shutil.rmtree(folder)
    assert not failures, "\n".join(failures)
    assert len(misses) <= MISSES.get(syntax, 0), "\n".join(misses)
