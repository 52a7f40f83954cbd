"""How much there is, and what runs: for the administrator's page and for monitoring. It names no patient."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Dict

from appliance.config import Settings
from appliance.presence import is_present
from appliance.store.cases import State
from appliance.store.store import Store


class Part(str, Enum):
    """A process of the appliance that shows that it is alive."""

    WORKER = "worker"
    NETWORK_STORAGE = "network_storage"
    MEDIA_WATCHER = "media_watcher"
    CAMERA = "camera"


def parts(store: Store, settings: Settings) -> Dict[Part, bool]:
    """Tell for each part that the settings ask for, or that runs all the same, whether it runs."""
    wanted = {
        Part.WORKER: True,
        Part.NETWORK_STORAGE: settings.scp.port is not None,
        Part.MEDIA_WATCHER: settings.media.watch != "nothing",
        Part.CAMERA: bool(settings.camera.source),
    }
    locks = {
        Part.WORKER: store.worker_lock,
        Part.NETWORK_STORAGE: store.network_lock,
        Part.MEDIA_WATCHER: store.media_lock,
        Part.CAMERA: store.camera_lock,
    }
    run = {part: is_present(lock) for part, lock in locks.items()}
    return {part: runs for part, runs in run.items() if runs or wanted[part]}


def cases_by_state(store: Store) -> Dict[State, int]:
    """Count the cases that are kept, in each state."""
    rows = store.database.rows("SELECT state, COUNT(*) AS count FROM cases GROUP BY state")
    counts = {row["state"]: int(row["count"]) for row in rows}
    return {state: counts.get(state.value, 0) for state in State}


def oldest_waiting_s(store: Store) -> float:
    """Return for how long the oldest case has waited that is queued or being judged, in seconds; 0 where none is."""
    query = "SELECT MIN(created_at) FROM cases WHERE state IN (?, ?)"
    oldest = store.database.rows(query, State.QUEUED.value, State.RUNNING.value)[0][0]
    if oldest is None:
        return 0.0
    return max(0.0, (datetime.now(timezone.utc) - datetime.fromisoformat(oldest)).total_seconds())


def database_bytes(store: Store) -> int:
    """Return the size of the database and its log (WAL)."""
    path = store.database.path
    return sum(file.stat().st_size for file in (path, path.with_name(path.name + "-wal")) if file.exists())


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below a folder. It looks at each, so it is nothing to ask for often."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except FileNotFoundError:
                continue  # it was removed meanwhile
    return total


def audit_entries(store: Store) -> int:
    """Count the entries of the audit trail, which are numbered without gaps."""
    return int(store.database.rows("SELECT COALESCE(MAX(number), 0) FROM audit")[0][0])
