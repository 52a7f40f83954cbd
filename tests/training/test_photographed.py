"""A series is photographed screen by screen, as the appliance asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from appliance.camera.quality import NAMES, Gate
from appliance.reasons import Reason, ReasonCode, Refused
from tests.camera.consoles import slices
from tests.training.conftest import draw_slice
from training import photographed
from training.photographed import photograph_series
from training.screen.families import TRAINING
from training.screen.shot import UNCHANGED, Correction, take_shot


def test_a_corrected_exposure_is_darker() -> None:
    slices = np.stack([draw_slice(0.5, False, np.random.default_rng(0))])
    usual, darker = (
        take_shot(slices, np.random.default_rng(3), TRAINING, 1, 1, (640, 360), Correction(stops)).photo
        for stops in (0.0, -2.0)
    )
    assert darker.mean() < 0.8 * usual.mean()


@pytest.mark.parametrize("seed", range(4))
def test_whoever_goes_closer_has_the_screen_fill_the_photo(seed: int) -> None:
    slices = np.stack([draw_slice(0.5, False, np.random.default_rng(0))])
    usual, closer = (
        take_shot(slices, np.random.default_rng(seed), TRAINING, 1, 1, (640, 360), correction)
        for correction in (Correction(), Correction(closer=True))
    )
    before, after = (np.ptp(shot.screen, axis=0) / (640, 360) for shot in (usual, closer))
    assert (after >= before).all()
    assert after.max() > 0.85


def test_where_slices_are_too_small_fewer_are_shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def too_small(slices: Any, vertex: int, rng: Any, here: Any, grid: tuple[int, int], gate: Any) -> None:
        asked.append(grid)
        raise Refused(Reason(ReasonCode.PHOTO_TOO_SMALL))

    monkeypatch.setattr(photographed, "draw_grid", lambda rng: (3, 3))
    monkeypatch.setattr(photographed, "_pages", too_small)
    with pytest.raises(Refused):
        photograph_series(np.zeros((2, 8, 8), np.uint8), 1, np.random.default_rng(0), TRAINING, None)
    assert asked == [(3, 3), (2, 3), (2, 2), (1, 1)]


def test_whoever_is_told_that_slices_are_too_small_goes_closer_and_then_shows_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = replace(TRAINING, usable=1.0)
    shot = take_shot(slices(4), np.random.default_rng(1), plain, 2, 2, (1280, 720))
    asked: list[Correction] = []
    answers = [ReasonCode.PHOTO_TOO_SMALL, ReasonCode.PHOTO_OVEREXPOSED, ReasonCode.PHOTO_BLURRED]
    monkeypatch.setattr(photographed, "TAKES", len(answers))
    monkeypatch.setattr(Gate, "refusal", lambda *_: Reason(answers[len(asked) - 1]))
    gate = Gate(dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, 0.0), offset=0.0, highest=0.0)
    with pytest.raises(Refused) as refused:
        photographed._screenful(lambda correction: asked.append(correction) or shot, 4, gate)
    assert asked == [UNCHANGED, Correction(closer=True), Correction(stops=photographed.CORRECTION, closer=True)]
    assert refused.value.reasons[0].code is ReasonCode.PHOTO_TOO_SMALL


def test_a_refused_screen_is_left_out_only_above_the_brain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographed, "TAKES", 1)  # each takes a second
    monkeypatch.setattr(photographed, "draw_grid", lambda rng: (1, 1))  # none may be shown with fewer
    heads = np.stack([draw_slice(0.5, False, np.random.default_rng(number)) for number in range(4)])
    severe = Gate(dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, 0.0), offset=1.0, highest=0.0)
    assert photograph_series(heads, -1, np.random.default_rng(0), TRAINING, severe) == []
    with pytest.raises(Refused):
        photograph_series(heads, 0, np.random.default_rng(0), TRAINING, severe)
    assert photograph_series(heads, 0, np.random.default_rng(0), TRAINING, None)
