"""Fixtures and settings for every test."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Callable, Iterator, Optional

import numpy as np
import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from appliance.config_file import load_settings
from appliance.phantom import anatomy
from appliance.phantom.head import Bleed, Head
from appliance.pipeline import Pipeline
from appliance.scoring import Judgement
from appliance.store import passwords
from appliance.verdict import Verdict
from tests.made_once import made_once

REPOSITORY = Path(__file__).resolve().parents[1]

# The same examples in every run, and none of them timed: a busy machine is no defect.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Folder of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real studies: ``HEADCT_SHARED``, else ``../shared/data`` beside the checkout."""
    named = os.environ.get("HEADCT_SHARED")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"HEADCT_SHARED names {named}, which is not a folder")
    pytest.skip("no real studies: ../shared/data is absent beside the checkout and HEADCT_SHARED is not set")


@pytest.fixture(scope="session")
def pipeline() -> Iterator[Pipeline]:
    """The whole road, warm."""
    with Pipeline(load_settings()) as opened:
        yield opened


@pytest.fixture
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords in microseconds."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def judge(pipeline: Pipeline) -> Callable[..., Verdict]:
    """Judges what lies under a path."""

    def run(path: Path, study_uid: Optional[str] = None) -> Verdict:
        *_, last = pipeline.judge(path, study_uid)
        assert isinstance(last, Judgement)
        return last.verdict

    return run


SEEDS_SHARED = (0, 101)
"""Of the heads that more than one test shows: the usual one, and the first that a release is measured on."""


@pytest.fixture(scope="session", autouse=True)
def heads_built_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A simulated head takes seconds to build: what one test process has built, the others read."""
    build = anatomy._build.__wrapped__

    def built(head: Head, bleed: Optional[Bleed]) -> anatomy.Anatomy:
        if head.seed not in SEEDS_SHARED:
            return build(head, bleed)

        def write(folder: Path) -> None:
            made = build(head, bleed)
            np.save(folder / "hounsfield.npy", made.hounsfield)
            np.savez_compressed(folder / "blood.npz", made.blood)

        name = hashlib.sha256(repr((head, bleed)).encode()).hexdigest()
        folder = made_once(tmp_path_factory, f"head {name[:16]}", write)
        return anatomy.Anatomy(np.load(folder / "hounsfield.npy"), np.load(folder / "blood.npz")["arr_0"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anatomy, "_build", lru_cache(maxsize=2)(built))
        yield
