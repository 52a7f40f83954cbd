"""The network that looks for screens: what it is shown, and that what is written answers as what was trained."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from appliance.camera.finder import HEIGHT, NETWORK, WIDTH  # noqa: E402
from tests.camera.consoles import slices  # noqa: E402
from training import screen_finder  # noqa: E402
from training.cli import main  # noqa: E402


def test_pages_show_all_of_a_series_or_what_is_left_of_it() -> None:
    pages = [screen_finder._page(31, 4, 5, np.random.default_rng(seed)) for seed in range(400)]
    assert all(0 < len(page) <= 20 and (np.diff(page) >= 0).all() and 0 <= page[0] and page[-1] == 30 for page in pages)
    left = [page for page in pages if page[0] > 0]
    assert all((np.diff(page) == 1).all() for page in left)
    assert 0.2 < len(left) / len(pages) < 0.4
    assert min(map(len, left)) == 1 and max(map(len, left)) > 5  # one row, or several
    short = [screen_finder._page(2, 4, 5, np.random.default_rng(seed)) for seed in range(40)]
    assert all(page.min() >= 0 and page.max() == 1 for page in short) and any(len(page) == 1 for page in short)


def examples() -> list[screen_finder.Example]:
    rng = np.random.default_rng(0)
    series = [slices(8)]
    return [*screen_finder.photograph(series, 3, 1), screen_finder.bare(series, rng), screen_finder.nothing(rng)]


def test_the_maps_lie_on_what_is_shown() -> None:
    bare = screen_finder.bare([slices(8)], np.random.default_rng(3))
    bright = []
    for seed in range(8):
        shown, maps = screen_finder.draw(bare, np.random.default_rng(seed))
        assert shown.shape == (HEIGHT, WIDTH, 3)
        assert shown.dtype == np.uint8
        assert maps.shape == (2, HEIGHT // 2, WIDTH // 2)
        assert maps.dtype == np.float32
        # a picture's core lies within its screen, but for what rounding leaves at the rims
        assert (maps[1] > maps[0] + 0.3).mean() < 0.01
        small = cv2.resize(shown.max(axis=2), (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
        if (maps[1] > 0.9).sum() > 100 and (maps[1] < 0.1).sum() > 100:
            bright.append(float(small[maps[1] > 0.9].mean()) - float(small[maps[1] < 0.1].mean()))
    assert np.median(bright) > 10


def test_a_picture_of_nothing_has_empty_maps() -> None:
    shown, maps = screen_finder.draw(screen_finder.nothing(np.random.default_rng(0)), np.random.default_rng(1))
    assert shown.any()
    assert not maps.any()


def test_it_learns_and_answers_alike_once_written(tmp_path: Path) -> None:
    network = screen_finder.train(examples(), minutes=0.05, seed=0, say=print, batch=2)
    path = tmp_path / "finder.onnx"
    path.write_bytes(screen_finder.to_onnx(network))
    assert path.stat().st_size < 2_000_000
    shown = screen_finder.draw(examples()[0], np.random.default_rng(0))[0]
    with torch.no_grad():
        expected = network(torch.from_numpy(shown).permute(2, 0, 1)[None].float()).numpy()
    read = cv2.dnn.readNetFromONNX(str(path))
    read.setInput(cv2.dnn.blobFromImage(shown))
    assert np.abs(read.forward() - expected).max() < 1e-3


def test_the_command_writes_a_network_that_the_appliance_reads(simulated_ct_ich: Path, tmp_path: Path) -> None:
    arguments = ["finder", "--data", f"ct_ich:{simulated_ct_ich}", "--to", str(tmp_path / "finder.onnx")]
    assert main([*arguments, "--photographs", "2", "--minutes", "0.02"]) == 0
    network = cv2.dnn.readNetFromONNX(str(tmp_path / "finder.onnx"))
    network.setInput(cv2.dnn.blobFromImage(np.zeros((HEIGHT, WIDTH, 3), np.uint8)))
    assert network.forward().shape == (1, 2, HEIGHT // 2, WIDTH // 2)


def test_the_released_network_is_small() -> None:
    assert NETWORK.stat().st_size < 2_000_000
