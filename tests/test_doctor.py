from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Dict

import pytest

from appliance.config import HospitalSettings, MediaSettings, ScpSettings, Settings, StoreSettings
from appliance.doctor import Finding, examine_clock, examine_store
from appliance.presence import presence
from appliance.store import MediumState, Store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=StoreSettings(tmp_path / "store"))


def findings(settings: Settings) -> Dict[str, Finding]:
    return {finding.what: finding for finding in examine_store(settings)}


def test_ways_in_that_are_off_are_no_fault(settings: Settings) -> None:
    found = findings(settings)
    assert found["store"].works
    for what in ("network storage", "discs and sticks"):
        assert not found[what].works and not found[what].needed and "set [" in found[what].detail


def test_network_storage_that_does_not_run(settings: Settings) -> None:
    settings = replace(settings, scp=ScpSettings(port=11112))
    found = findings(settings)["network storage"]
    assert not found.works and found.needed and "does not run" in found.detail
    with Store(settings.store.folder) as store, presence(store.network_lock):
        found = findings(settings)["network storage"]
    assert found.works and found.detail == "TRIAGE at 127.0.0.1 port 11112, without TLS"


def test_discs_and_sticks(settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, media=MediaSettings("folder", tmp_path / "absent"))
    assert "cannot be watched" in findings(settings)["discs and sticks"].detail
    settings = replace(settings, media=MediaSettings("folder", tmp_path))
    assert "nobody watches" in findings(settings)["discs and sticks"].detail
    with Store(settings.store.folder) as store, presence(store.media_lock):
        assert findings(settings)["discs and sticks"].works
    with Store(settings.store.folder) as store:
        store.media.finish(store.media.insert("sr0"), MediumState.GONE)
    found = findings(settings)["discs and sticks"]
    assert not found.works and found.detail == "sr0 went away before all of it was read; insert it again"


@pytest.mark.parametrize(
    ("zone", "hospital", "works", "shown"),
    [
        ("UTC", HospitalSettings(), True, "UTC+00:00"),
        ("UTC", HospitalSettings(name="模擬記念病院"), False, "UTC+00:00: set the hospital's time zone"),
        ("UTC", HospitalSettings(on_call_number="03"), False, "UTC+00:00: set the hospital's time zone"),
        ("Asia/Tokyo", HospitalSettings(name="模擬記念病院"), True, "UTC+09:00"),
    ],
)
def test_a_zone_that_nobody_set(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    hospital: HospitalSettings,
    works: bool,
    shown: str,
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    found = examine_clock(replace(settings, hospital=hospital))
    monkeypatch.undo()
    time.tzset()
    assert found.works == works and found.needed
    assert re.match(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} [0-9]{{2}}:[0-9]{{2}}, {re.escape(shown)}", found.detail)


def test_a_broken_audit_trail(settings: Settings) -> None:
    with Store(settings.store.folder) as store:
        store.audit.record_settings({"a": 1})
    (settings.store.folder / "audit.head").write_text('{"hash": "x", "number": 7}')
    assert "are missing" in findings(settings)["audit trail"].detail
