from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.store.pictures import picture_path, write_pictures


def test_pictures_come_back_as_they_were(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (8, 30, 20), np.uint8)
    write_pictures(tmp_path, "case", list(pictures))
    for zone, picture in enumerate(pictures, start=1):
        kept = cv2.imread(str(picture_path(tmp_path, "case", zone)), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(kept, picture)


def test_a_second_attempt_replaces_the_first(tmp_path: Path) -> None:
    write_pictures(tmp_path, "case", [np.zeros((4, 4), np.uint8)] * 8)
    write_pictures(tmp_path, "case", [np.ones((4, 4), np.uint8)] * 2)
    assert sorted(path.name for path in (tmp_path / "case").iterdir()) == ["zone-1.png", "zone-2.png"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises((ValueError, cv2.error)):
        write_pictures(tmp_path, "case", [np.zeros((4, 4), np.uint8), np.zeros((0, 4), np.uint8)])
    assert list(tmp_path.iterdir()) == []
