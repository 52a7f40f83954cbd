"""A client of the pages over a real store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.config import ServerSettings, Settings, StoreSettings
from appliance.store import Case, Source, Store
from appliance.store.people import Role
from appliance.store.pictures import write_pictures
from appliance.web import create_app
from tests.verdicts import VERDICTS
from tests.web.logins import set_up

try:
    from playwright.sync_api import expect
except ModuleNotFoundError:
    pass  # the tests that need it say so
else:
    expect.set_options(timeout=60_000)  # what a page shows may come late where the machine is busy


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(server=ServerSettings(port=0), store=StoreSettings(tmp_path / "store"))


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    app.extensions["store"].close()


@pytest.fixture
def hospital(settings: Settings, quick_hashing: None) -> Iterator[Flask]:
    """The pages with logins, and one person of each role: ``wall``, ``sato``, ``tanaka``."""
    app = create_app(replace(settings, server=replace(settings.server, logins="on")))
    for name, role in (("wall", Role.KIOSK), ("sato", Role.DOCTOR), ("tanaka", Role.ADMINISTRATOR)):
        set_up(app.extensions["store"], name, role)
    yield app
    app.extensions["store"].close()


@pytest.fixture
def records(hospital: Flask) -> Store:
    """The store of these pages."""
    opened: Store = hospital.extensions["store"]
    return opened


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def store(app: Flask) -> Store:
    opened: Store = app.extensions["store"]
    return opened


@pytest.fixture
def judged(store: Store) -> Callable[[str], Case]:
    """Make a case with one of the verdicts above."""
    return judged_in(store)


@pytest.fixture
def filed(records: Store) -> Callable[[str], Case]:
    """Make a case of the hospital."""
    return judged_in(records)


def judged_in(store: Store) -> Callable[[str], Case]:
    """Make cases in a store."""

    def make(name: str) -> Case:
        case = store.arrivals.queue(Source.UPLOAD, f"spool-{name}")
        job = store.jobs.claim()
        assert job is not None
        verdict = VERDICTS[name]
        pictures = [np.full((48, 64), 20 * i, np.uint8) for i in range(len(verdict.zones))]
        write_pictures(store.rendered, case.id, pictures)
        assert store.jobs.finish(job, verdict)
        finished = store.case(case.id)
        assert finished is not None
        return finished

    return make
