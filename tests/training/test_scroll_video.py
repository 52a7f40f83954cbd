"""The simulated scrolling through a series: frames, truth, and files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.documents import TrainingError
from training.screen.families import TRAINING
from training.screen.scroll_video import Frame, scroll_script, scroll_video
from training.screen.video_file import RATE, write_video


@pytest.fixture(scope="module")
def series() -> np.ndarray:
    """Six discs, each brighter than the one before."""
    made = np.zeros((6, 128, 128), np.uint8)
    for number, picture in enumerate(made):
        cv2.circle(picture, (64, 64), 55, 60 + 30 * number, -1)
    return made


@pytest.fixture(scope="module")
def frames(series: np.ndarray) -> list[Frame]:
    """One second, slices 0, 1, 2 and back to 1."""
    script = [(0.0, 0), (0.3, 1), (0.5, 2), (0.75, 1), (1.0, 1)]
    return list(scroll_video(series, np.random.default_rng(3), TRAINING, True, script, (640, 360)))


def test_a_script_shows_every_slice_and_goes_back_now_and_then() -> None:
    scripts = [scroll_script(30, np.random.default_rng(seed)) for seed in range(20)]
    for script in scripts:
        times = [time for time, _ in script]
        assert times[0] == 0
        assert times == sorted(times)
        assert {index for _, index in script} == set(range(30))
    steps = [later[1] - one[1] for script in scripts for one, later in zip(script, script[1:], strict=False)]
    holds = [later[0] - one[0] for script in scripts for one, later in zip(script, script[1:], strict=False)]
    assert min(steps) < 0
    assert min(holds) < 0.2
    assert max(holds[1:-1]) > 1.2


def test_the_truth_names_the_slice_and_keeps_quiet_where_two_mix(frames: list[Frame], series: np.ndarray) -> None:
    assert len(frames) == RATE
    shown = [frame.slice for frame in frames]
    assert shown[:8] == [0] * 8
    assert shown[11:14] == [1] * 3
    assert shown[18:21] == [2] * 3
    assert shown[-4:] == [1] * 4
    assert 1 <= shown.count(None) <= 8
    level = {}
    for frame in frames:
        if frame.slice is not None:
            x, y = np.rint(frame.tile.mean(axis=0)).astype(int)
            level.setdefault(frame.slice, []).append(frame.photo[y - 10 : y + 10, x - 10 : x + 10].mean())
    assert np.mean(level[0]) < np.mean(level[1]) < np.mean(level[2])


def test_a_hand_moves_and_a_stand_does_not(frames: list[Frame], series: np.ndarray) -> None:
    moved = np.stack([frame.screen for frame in frames])
    assert np.ptp(moved, axis=0).max() > 1
    still = list(scroll_video(series, np.random.default_rng(3), TRAINING, False, [(0.0, 0), (0.1, 0)], (640, 360)))
    assert np.array_equal(still[0].screen, still[-1].screen)
    assert not np.array_equal(still[0].photo, still[-1].photo)  # noise


@pytest.mark.parametrize("ending", [".mp4", ".avi", ".y4m", ".mjpeg"])
def test_a_written_video_reads_back(frames: list[Frame], ending: str, tmp_path: Path) -> None:
    path = tmp_path / ("scroll" + ending)
    write_video((frame.photo for frame in frames), path)
    assert list(tmp_path.iterdir()) == [path]
    reader = cv2.VideoCapture(str(path))
    read = []
    while (answer := reader.read())[0]:
        read.append(answer[1])
    reader.release()
    assert len(read) == len(frames)
    assert np.abs(read[5].astype(float) - frames[5].photo).mean() < 6


def test_a_name_without_a_video_format_is_refused(frames: list[Frame], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="mp4"):
        write_video([frames[0].photo], tmp_path / "scroll.gif")
