"""The kill test, a short one: ``make soak`` runs it at length."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.plan import WAYS, plan


@pytest.mark.slow
def test_no_study_is_lost_while_parts_are_killed(repository: Path) -> None:
    """In a process of its own, for the senders' threads and what they leave behind are no matter of pytest."""
    command = [sys.executable, "-m", "tests.soak", "--studies", "16", "--kills", "8"]
    soak = subprocess.run(command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert soak.returncode == 0, soak.stdout
    assert "nothing is torn, nothing is left" in soak.stdout
    assert "kills: {'worker': 3, 'web': 2, 'scp': 2, 'media': 2}" in soak.stdout, soak.stdout


def test_every_study_comes_and_some_by_two_ways() -> None:
    errands = plan(500, 200, seed=0)
    assert {errand.number for errand in errands} == set(range(1, 501))
    assert len(errands) == 520 and len({(errand.number, errand.way) for errand in errands}) == 520
    assert {errand.way for errand in errands} == set(WAYS)
    assert errands == plan(500, 200, seed=0) != plan(500, 200, seed=1)
    assert max(errand.after for errand in errands) < 200, "the last study waits for a kill that comes"
