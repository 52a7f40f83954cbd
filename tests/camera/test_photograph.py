"""A photograph of a console becomes its slices in reading order, or a refusal that says what to change."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from appliance.camera.photograph import read_photograph
from appliance.reasons import ReasonCode, Refused
from tests.camera.consoles import draw_console, photograph, slices


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two pictures at the size of a stamp."""
    stamps = [cv2.GaussianBlur(cv2.resize(p, (64, 64), interpolation=cv2.INTER_AREA), (0, 0), 1) for p in (one, other)]
    return float(np.corrcoef(stamps[0].ravel(), stamps[1].ravel())[0, 1])


def test_slices_come_out_in_reading_order() -> None:
    series = slices(6)
    photo, _ = photograph(draw_console(series, 2, 3).panel, np.random.default_rng(4), (1920, 1080))
    read = read_photograph(photo)
    assert len(read.pictures) == 6
    for number, picture in enumerate(read.pictures):
        assert picture.dtype == np.uint8
        assert picture.shape[0] == picture.shape[1] >= 256
        alike = [likeness(picture, plain) for plain in series]
        assert int(np.argmax(alike)) == number
        assert max(alike) > 0.93


def test_the_header_shows_where_the_patient_is_named() -> None:
    photo, _ = photograph(draw_console(slices(4), 2, 2).panel, np.random.default_rng(2), (1920, 1080))
    header = read_photograph(photo).header
    assert header.ndim == 3
    assert header.dtype == np.uint8
    # the first picture's corner, with its white text on black
    assert header[-60:, :200].max() > 150


def test_a_bare_slice_is_read_as_it_is() -> None:
    plain = cv2.resize(slices(5)[2], (512, 512), interpolation=cv2.INTER_AREA)
    read = read_photograph(np.repeat(plain[..., None], 3, axis=2))
    assert len(read.pictures) == 1
    assert likeness(read.pictures[0], plain) > 0.93


def test_a_wall_is_refused() -> None:
    wall = np.full((720, 1280, 3), 120.0) + np.random.default_rng(0).normal(0, 5, (720, 1280, 3))
    with pytest.raises(Refused) as refused:
        read_photograph(np.clip(wall, 0, 255).astype(np.uint8))
    assert refused.value.reasons[0].code is ReasonCode.PHOTO_NO_SCREEN


def test_a_screen_without_slices_is_refused() -> None:
    panel = draw_console(slices(1)[:0], 2, 2, list_at_left=False).panel
    photo, _ = photograph(panel, np.random.default_rng(3))
    with pytest.raises(Refused) as refused:
        read_photograph(photo)
    assert refused.value.reasons[0].code in (ReasonCode.PHOTO_NO_SLICES, ReasonCode.PHOTO_NO_SCREEN)


def test_a_row_that_is_cut_is_never_left_out_in_silence() -> None:
    console = draw_console(slices(20), 4, 5, list_at_left=False)
    last = console.boxes[-1]
    assert last is not None
    cut = console.panel[: last[1] + int(0.6 * last[3])]
    with pytest.raises(Refused) as refused:
        read_photograph(cut)
    assert refused.value.reasons[0].code is ReasonCode.PHOTO_INCOMPLETE


def test_a_slice_of_which_part_of_the_brain_is_missing_is_refused() -> None:
    whole = cv2.resize(slices(5)[2], (512, 512), interpolation=cv2.INTER_AREA)
    for part in (whole[:400], whole[110:], whole[:, :380]):
        cut = cv2.resize(part, (512, 512), interpolation=cv2.INTER_AREA)
        with pytest.raises(Refused) as refused:
            read_photograph(np.repeat(cut[..., None], 3, axis=2))
        assert refused.value.reasons[0].code is ReasonCode.PHOTO_INCOMPLETE
