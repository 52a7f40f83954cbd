"""A worker that is killed while it renders: what it had begun is taken up again, but not for ever."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator

import numpy as np
import pytest

from appliance.imaging.levels import to_levels
from appliance.phantom.dicomise import write_series
from appliance.pipeline import Pipeline
from appliance.store.retention import purge
from appliance.store.volumes import SeriesState, begin_plan, give_plan_back, planned, take_up_begun
from tests.desk import Desk, desk_over
from tests.running import wait_for
from tests.simulated import options, volume
from tests.test_rendering import slices_of

pytestmark = pytest.mark.slow  # one Python is enough

PATIENCE_S = 60.0


@pytest.fixture
def desk(tmp_path: Path, pipeline: Pipeline) -> Iterator[Desk]:
    with desk_over(tmp_path / "store", pipeline) as opened:
        yield opened


@contextmanager
def worker(desk: Desk, repository: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, killed at the end of the block."""
    environment: Dict[str, str] = {**os.environ, "TRIAGE_STORE_FOLDER": str(desk.settings.store.folder)}
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "worker"], cwd=repository, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def seen(path: Path) -> None:
    """Wait for a file that is there for a moment."""
    until = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < until, f"{path.name} never came"
        time.sleep(0.001)


def test_what_a_killed_worker_had_begun_is_rendered_by_the_next(desk: Desk, tmp_path: Path, repository: Path) -> None:
    """160 slices take long enough to be killed among them, twice; the third worker is let finish."""
    write_series(tmp_path / "disc", volume(1.0), options(1.0))
    case = desk.judge(tmp_path / "disc")
    folder = desk.store.rendered / case.id
    for name in ("plan.begun", "plan-2.begun"):
        with worker(desk, repository):
            seen(folder / name)
        assert (folder / name).exists() and desk.state(case) is SeriesState.PREPARING
    with worker(desk, repository):
        wait_for(lambda: desk.state(case) is SeriesState.READY or None)
        wait_for(lambda: not list(folder.glob("plan*")) or None)
    _, pixels = slices_of(desk.store, case)
    assert np.array_equal(pixels, to_levels(volume(1.0)))
    assert [path.name for path in desk.store.rendered.iterdir()] == [case.id], "nothing half written is left"


def test_it_is_begun_three_times_at_most(desk: Desk, tmp_path: Path) -> None:
    write_series(tmp_path / "disc", volume(), options())
    case = desk.judge(tmp_path / "disc")
    for time_left in (1, 1, 0):
        assert planned(desk.store.rendered) == [case.id]
        assert begin_plan(desk.store.rendered, case.id) is not None
        assert not desk.render(), "it is another worker's"
        assert take_up_begun(desk.store.rendered) == time_left
    assert desk.state(case) is SeriesState.NONE and not desk.render()
    assert desk.again(case).verdict == case.verdict


def test_giving_a_plan_back_is_no_beginning(desk: Desk, tmp_path: Path) -> None:
    """Whoever is interrupted by a new case did nothing wrong."""
    write_series(tmp_path / "disc", volume(), options())
    case = desk.judge(tmp_path / "disc")
    for _ in range(5):
        assert begin_plan(desk.store.rendered, case.id) is not None
        give_plan_back(desk.store.rendered, case.id)
    assert begin_plan(desk.store.rendered, case.id) is not None
    assert take_up_begun(desk.store.rendered) == 1 and desk.render()
    assert desk.state(case) is SeriesState.READY


def test_what_was_written_before_the_kill_is_not_written_again(desk: Desk, tmp_path: Path) -> None:
    write_series(tmp_path / "disc", volume(), options())
    case = desk.judge(tmp_path / "disc")
    plan = desk.store.rendered / case.id / "plan.json"
    content = plan.read_bytes()
    assert desk.render()
    plan.with_name("plan.begun").write_bytes(content)
    assert take_up_begun(desk.store.rendered) == 0 and planned(desk.store.rendered) == []
    assert desk.state(case) is SeriesState.READY


def test_a_case_whose_verdict_was_not_kept_is_judged_before_it_is_rendered(desk: Desk, tmp_path: Path) -> None:
    """Killed between plan and verdict: rendered now, the viewer would know no zones."""
    write_series(tmp_path / "disc", volume(), options())
    case = desk.judge(tmp_path / "disc")
    with desk.store.database.transaction() as connection:
        connection.execute("UPDATE cases SET state = 'running', verdict = NULL, claim = 'x' WHERE id = ?", (case.id,))
    assert not desk.render() and planned(desk.store.rendered) == [case.id]


def test_a_removed_case_takes_a_plan_along_that_was_begun(desk: Desk, tmp_path: Path) -> None:
    write_series(tmp_path / "disc", volume(), options())
    case = desk.judge(tmp_path / "disc")
    for _ in range(2):
        begin_plan(desk.store.rendered, case.id)
        take_up_begun(desk.store.rendered)
    begin_plan(desk.store.rendered, case.id)
    purge(desk.store, case)
    give_plan_back(desk.store.rendered, case.id)
    assert take_up_begun(desk.store.rendered) == 0 and list(desk.store.rendered.iterdir()) == []
