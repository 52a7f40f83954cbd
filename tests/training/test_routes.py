"""What photographs lose against files is measured on the same studies, and a refusal is a wrong answer."""

from __future__ import annotations

import numpy as np
import pytest

from training.routes import Routes, compare


def routes(noise: float, refused: float = 0.0) -> Routes:
    rng = np.random.default_rng(1)
    truth = np.arange(120) % 2 == 0
    files = np.clip(np.where(truth, 0.7, 0.35) + rng.normal(0, 0.15, 120), 0.01, 0.99)
    photographs = np.clip(files + rng.normal(0, noise, 120), 0.01, 0.99)
    photographs[rng.random(120) < refused] = np.nan
    called = np.nan_to_num(photographs, nan=0.0) >= 0.5
    return Routes(np.array([f"p{n // 2}" for n in range(120)]), truth, files, photographs, files >= 0.5, called)


def test_the_same_scores_lose_nothing() -> None:
    found = compare(routes(0.0))
    assert found["auc_difference"]["value"] == 0
    assert found["auc_difference"]["ci95"] == [0, 0]
    assert found["sensitivity_difference"]["value"] == 0
    assert found["files"]["auc"] == found["photographs"]["auc"]


def test_noise_costs() -> None:
    found = compare(routes(0.4))
    assert found["auc_difference"]["ci95"][1] < 0
    assert found["photographs"]["auc"]["value"] < found["files"]["auc"]["value"]


def test_a_refusal_is_a_wrong_answer_but_not_a_green_one() -> None:
    some = routes(0.0, refused=0.2)
    found = compare(some)
    assert found["refused"]["value"] == pytest.approx(float(some.refused.mean()), abs=1e-3)
    assert found["auc_difference"]["value"] < -0.1
    assert found["photographs"]["sensitivity"]["value"] < found["files"]["sensitivity"]["value"]
    assert found["photographs"]["specificity"]["value"] < found["files"]["specificity"]["value"]
    kept = ~some.refused
    assert found["files"]["auc_of_judged"]["patients"] == len(set(some.patients[kept]))
    assert found["photographs"]["auc_of_judged"]["value"] == found["files"]["auc_of_judged"]["value"]
    assert found["photographs"]["bleeding_but_green"]["value"] <= found["files"]["bleeding_but_green"]["value"]
