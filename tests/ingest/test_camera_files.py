"""The camera process asked for a verdict on files: photographs in a folder, and a video."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.ingest.camera_command import Start
from tests.screens import manifest_for_photographs, scrolled, slices, write_photographs, write_video


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest with a calibration for photographs."""
    return manifest_for_photographs(tmp_path_factory.mktemp("released"))


@pytest.mark.slow
def test_photographs_are_judged_in_the_order_of_their_names(start: Start, tmp_path: Path, manifest: Path) -> None:
    folder = tmp_path / "photographs"
    write_photographs(folder, slices())
    process = start("--source", str(folder), TRIAGE_ENGINE_MANIFEST=str(manifest))
    said, complaints = process.communicate(timeout=120)
    assert (process.returncode, said.splitlines()[0]) == (0, "red_black"), complaints


def test_a_photograph_without_a_screen_is_a_refusal(start: Start, tmp_path: Path, manifest: Path) -> None:
    folder = tmp_path / "photographs"
    write_photographs(folder, slices())
    cv2.imwrite(str(folder / "photo 2.jpg"), np.zeros((720, 1280, 3), np.uint8))
    process = start("--source", str(folder), TRIAGE_ENGINE_MANIFEST=str(manifest))
    said, complaints = process.communicate(timeout=120)
    assert process.returncode == 3 and said.startswith("refer\nphoto_"), complaints


@pytest.mark.slow
def test_a_video_is_judged_as_its_study(start: Start, tmp_path: Path, manifest: Path) -> None:
    video = write_video(tmp_path / "screen.avi", scrolled(slices()[::2], 6))
    process = start("--source", str(video), "--json", TRIAGE_ENGINE_MANIFEST=str(manifest))
    said, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints
    verdict = json.loads(said)
    assert (verdict["verdict"], len(verdict["zones"])) == ("red_black", 8)
    assert verdict["zones"][0]["position_mm"] is None and verdict["study"] is None
