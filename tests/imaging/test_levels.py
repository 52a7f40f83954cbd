from __future__ import annotations

import numpy as np
import pytest

from appliance.imaging.levels import EXACT, LEVELS, PIECES, hounsfield_of_levels, to_levels

ALL = np.arange(-32768, 32768, dtype=np.int16)


def back(hounsfield: np.ndarray) -> np.ndarray:
    return hounsfield_of_levels()[to_levels(hounsfield)].astype(int)


def test_there_are_256_levels_that_rise_from_air_to_metal() -> None:
    values = hounsfield_of_levels().astype(int)
    assert len(values) == LEVELS and (values[0], values[-1]) == (-1024, 3070)
    assert (np.diff(values) > 0).all()


def test_brain_and_blood_come_back_exactly() -> None:
    brain = np.arange(EXACT[0], EXACT[1] + 1, dtype=np.int16)
    assert np.array_equal(back(brain), brain)


@pytest.mark.parametrize(
    ("lower", "upper", "error"),
    [(-1024, -124, 45), (-124, -20, 4), (-20, 140, 0), (140, 200, 1), (200, 1200, 20), (1200, 3070, 55)],
)
def test_no_piece_errs_more_than_half_its_step(lower: int, upper: int, error: float) -> None:
    values = np.arange(lower, upper + 1, dtype=np.int16)
    assert np.abs(back(values) - values).max() <= error


def test_a_level_is_the_nearest_one_and_its_own() -> None:
    values = hounsfield_of_levels().astype(int)
    nearest = np.abs(ALL.astype(int)[:, None] - values[None, :]).argmin(axis=1)
    assert np.array_equal(to_levels(ALL), nearest)
    assert np.array_equal(to_levels(hounsfield_of_levels()), np.arange(LEVELS))


def test_what_lies_beyond_is_the_first_or_last_level() -> None:
    beyond = np.array([[-32768, -1024, 3071, 32767]], np.int16)
    assert to_levels(beyond).tolist() == [[0, 0, 255, 255]]


@pytest.mark.parametrize(("width", "level"), [(80, 40), (200, 75), (40, 40), (2800, 600)])
def test_windows_look_as_from_full_precision(width: int, level: int) -> None:
    """The narrow windows are the same grey for grey, the wide ones within what nobody sees."""
    grey = [
        np.clip((values - (level - width / 2)) * 255 / width, 0, 255)
        for values in (ALL[abs(ALL) < 3000].astype(int), back(ALL[abs(ALL) < 3000]))
    ]
    allowed = {80: 0, 40: 0, 200: 255 / 200 * 4, 2800: 255 * 55 / 2800}[width]
    assert np.abs(grey[0] - grey[1]).max() <= allowed + 1e-9


def test_the_table_of_pieces_is_the_one_in_the_documentation() -> None:
    from appliance.imaging import levels

    for start, step in PIECES:
        assert f"\n{start} up to " in (levels.__doc__ or "") and f" {step}  " in (levels.__doc__ or "")
