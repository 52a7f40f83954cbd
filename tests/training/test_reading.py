"""How well slices are read off simulated screens is counted as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from appliance.study import SliceStack
from tests.screens import slices
from training import reading, sources
from training.cli import main
from training.dataset import LabelledStack
from training.reading import ReadFilm, ReadShot, count_film, read_film
from training.screen.families import DEVELOPMENT


def test_shots_are_taken_read_and_counted(simulated_ct_ich: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reading", "--data", f"ct_ich:{simulated_ct_ich}", "--shots", "2", "--films", "0"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["family"], found["shots"], found["films"]) == ("development", 2, 0)
    assert found["read_right"]["value"] == 1.0
    assert found["wrong_unnoticed"]["value"] == 0.0
    assert "in_order" not in found


def test_a_film_is_read_slice_by_slice(simulated_ct_ich: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(count: int, rng: np.random.Generator) -> list[tuple[float, int]]:
        later = [(0.5 + 0.25 * number, min(number, count - 1)) for number in range(1, count + 1)]
        return [(0.0, 0), *later]  # the first is rested on

    monkeypatch.setattr(reading, "scroll_script", script)
    (usual, *_) = sources.load("ct_ich", simulated_ct_ich).studies
    head = slices()[4:29:6]  # from the base to the vertex
    stack = LabelledStack(SliceStack(head, tuple(map(str, range(len(head))))), None, None)
    film = read_film(replace(usual, read=lambda: stack), np.random.default_rng(1), DEVELOPMENT, hand_held=False)
    assert film.shown > 4 and not film.cut
    assert film.rested == film.shown
    assert film.rested_found == film.once >= film.shown - 1
    assert (film.again, film.mixed, film.missed, film.in_order) == (0, 0, 0, True)


@pytest.mark.parametrize(
    ("found", "rested_found", "once", "again", "mixed", "in_order", "missed"),
    [
        ([0, 1, 3], 1, 3, 0, 0, True, 1),
        ([0, 1, None, 1], 1, 2, 1, 1, True, 0),
        ([2, 1, 0], 2, 3, 0, 0, False, 0),
        ([0, 2, 1], 2, 3, 0, 0, False, 0),
        ([], 0, 0, 0, 0, False, 0),
        ([None], 0, 0, 0, 1, False, 0),
    ],
)
def test_a_film_is_counted(
    found: list[int | None], rested_found: int, once: int, again: int, mixed: int, in_order: bool, missed: int
) -> None:
    film = count_film("a", False, 4, {1, 2}, found, 2)
    assert film == ReadFilm("a", False, 4, 2, rested_found, once, again, mixed, in_order, missed, 2)


def test_what_was_read_becomes_shares() -> None:
    nan, inf = float("nan"), float("inf")
    shots = [
        ReadShot("a", 0.001, 0.99, False, True, False),
        ReadShot("b", 0.004, 0.92, False, False, False),
        ReadShot("c", inf, 0.0, False, False, True),
        ReadShot("d", nan, nan, False, True, False),
        ReadShot("e", nan, nan, True, False, True),
    ]
    found = reading._of_shots(shots)
    assert (found["whole_screens"], found["corners_away_median"]) == (3, 0.004)
    assert found["screen_found"]["value"] == pytest.approx(0.667)
    assert found["pictures_cut"] == 1
    assert (found["read_right"]["value"], found["wrong_unnoticed"]["value"]) == (0.5, 0.2)
    seen = [
        ReadFilm("a", False, 20, 18, 18, 19, 0, 1, True, 1, 0),
        ReadFilm("b", False, 20, 19, 19, 20, 1, 0, False, 0, 0),
        ReadFilm("c", False, 20, 16, 14, 15, 0, 0, True, 5, 2),
        ReadFilm("d", False, 20, 20, 20, 20, 0, 0, True, 0, 1),
        ReadFilm("e", True, 20, 20, 0, 0, 0, 0, False, 0, 0),
        ReadFilm("f", True, 20, 20, 20, 20, 0, 0, True, 0, 0),
    ]
    films = reading._of_films(seen)
    assert (films["films_cut"], films["films_cut_refused"]) == (2, 1)
    assert (films["slices_shown"], films["slices_found"], films["slices_found_again"]) == (100, 94, 1)
    assert (films["slices_rested_on"], films["of_these_found"]) == (93, 91)
    assert films["pictures_of_no_slice"] == 1
    assert films["in_order"]["value"] == 0.8
    assert (films["films_with_slices_missed_between"], films["of_these_unnoticed"]) == (2, 1)
    assert films["others_said_to_have_gaps"] == 1
