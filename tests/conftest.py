"""Fixtures and settings for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

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
