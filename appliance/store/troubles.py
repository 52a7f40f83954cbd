"""What is wrong with the appliance as a whole, for the page and ``triage doctor``: what would else stop in silence.

What is wrong with one study stands on its case.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Iterator, List, Mapping, Union

from appliance.board import Strain
from appliance.config import EngineSettings, IngestSettings, Settings
from appliance.engine_state import QUIET, EngineState, build_lock, engines_folder, read_note
from appliance.guidance import GUIDANCE, GuidanceCode
from appliance.presence import is_present
from appliance.store.aside import set_aside
from appliance.store.cases import State
from appliance.store.clock import moment
from appliance.store.store import Store

_PATIENCE = timedelta(seconds=15)
"""A part of the appliance that ended is started again within this."""

_CLOCK_CHANGE = timedelta(minutes=1)
_STARTED = time.monotonic()


class TroubleCode(str, Enum):
    """What is wrong."""

    DISK_FULL = "disk_full"
    DISK_READ_ONLY = "disk_read_only"
    RECORDS_SET_ASIDE = "records_set_aside"
    CLOCK_CHANGED = "clock_changed"
    CLOCK_BEHIND = "clock_behind"
    NO_WORKER = "no_worker"
    NO_NETWORK_STORAGE = "no_network_storage"
    NO_MEDIA_WATCHER = "no_media_watcher"
    NO_CAMERA_PROCESS = "no_camera_process"
    CAMERA_NOT_THERE = "camera_not_there"
    CAMERA_NO_PICTURES = "camera_no_pictures"
    CAMERA_FROZEN = "camera_frozen"
    ENGINE_NOT_BUILT = "engine_not_built"
    ENGINE_BUILDING = "engine_building"
    ENGINE_REFUSED = "engine_refused"
    ENGINE_UNUSABLE = "engine_unusable"
    BOARD_HOT = "board_hot"
    BOARD_POWER = "board_power"
    BOARD_LOW_POWER_MODE = "board_low_power_mode"


SENTENCES: Mapping[TroubleCode, str] = {
    TroubleCode.DISK_FULL: "Only %(free_mb)s MB of the appliance's disk are free: no new study is taken in. "
    "Read new studies yourself, and remove old cases.",
    TroubleCode.DISK_READ_ONLY: "The appliance's disk cannot be written: no new study is taken in. "
    "Read new studies yourself, and have the disk checked.",
    TroubleCode.RECORDS_SET_ASIDE: "The appliance's records were damaged and set aside at %(time)s. "
    "Answers from before are not shown; studies whose images were still kept are judged again.",
    TroubleCode.CLOCK_CHANGED: "The appliance's clock was changed by %(minutes)s minutes since the last case: "
    "the times of earlier cases may be wrong. Check the clock.",
    TroubleCode.CLOCK_BEHIND: "The appliance's clock is behind the time of its last case by %(minutes)s minutes: "
    "times may be wrong. Check the clock.",
    TroubleCode.NO_WORKER: "Studies wait, and nothing judges them. Read them now, and restart the appliance.",
    TroubleCode.NO_NETWORK_STORAGE: "Network storage does not run: no images come in over the network, and those that "
    "came wait. Read such studies now, and restart the appliance.",
    TroubleCode.NO_MEDIA_WATCHER: "Discs and sticks are not read. Drop their files on this page, and restart the "
    "appliance.",
    TroubleCode.NO_CAMERA_PROCESS: "Nothing looks at what the camera sees. Read the study now, and restart the "
    "appliance.",
    TroubleCode.CAMERA_NOT_THERE: GUIDANCE[GuidanceCode.CAMERA_NOT_THERE],
    TroubleCode.CAMERA_NO_PICTURES: GUIDANCE[GuidanceCode.CAMERA_NO_PICTURES],
    TroubleCode.CAMERA_FROZEN: GUIDANCE[GuidanceCode.CAMERA_FROZEN],
    TroubleCode.ENGINE_NOT_BUILT: "The graphics processor's engine is not built, or was built for other software. "
    "Verdicts are as right, but slower. An administrator runs `triage build-engine`.",
    TroubleCode.ENGINE_BUILDING: "The graphics processor's engine is being built, which takes minutes. Until then "
    "verdicts are as right, but slower.",
    TroubleCode.ENGINE_REFUSED: "The graphics processor scores differently from the released network, so it is not "
    "used. Verdicts are right, but slower. Tell an administrator.",
    TroubleCode.ENGINE_UNUSABLE: "The graphics processor cannot be used. Verdicts are as right, but slower. Tell an "
    "administrator: `triage doctor` says why.",
    TroubleCode.BOARD_HOT: "The appliance is too hot and slows itself down: answers take longer. Check that its fan "
    "runs and that air reaches it.",
    TroubleCode.BOARD_POWER: "The appliance needs more power than its supply or its power mode gives: it slows itself "
    "down, and may switch itself off. Check the power supply and its plug.",
    TroubleCode.BOARD_LOW_POWER_MODE: "The appliance is in the power mode %(mode)s, with %(percent)s %% of its speed: "
    "answers take longer. Have an administrator choose a faster one.",
}
"""What a page and the doctor say of each."""


@dataclass(frozen=True)
class Trouble:
    """Something wrong with the appliance.

    Attributes
    ----------
    code : TroubleCode
        What it is.
    values : mapping
        What its sentence names.
    """

    code: TroubleCode
    values: Mapping[str, Union[str, int]] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """Its sentence, in English."""
        return SENTENCES[self.code] % self.values


def troubles(store: Store, settings: Settings) -> List[Trouble]:
    """Look at the store's disk, records, clock and processes, and at what strains the board.

    Parameters
    ----------
    store : Store
        The store.
    settings : Settings
        How much of the disk stays free, and which parts should run.

    Raises
    ------
    StoreError
        When the records cannot be read: that is trouble of its own.
    """
    return [
        *_disk(store, settings.ingest),
        *_records(store),
        *_clock(store),
        *_processes(store, settings),
        *_engine(store, settings.engine),
        *_board(store),
    ]


def _disk(store: Store, limits: IngestSettings) -> Iterator[Trouble]:
    folders = (store.folder, store.spool, store.rendered, store.temporary, store.network)
    if not all(os.access(folder, os.W_OK) for folder in folders):
        yield Trouble(TroubleCode.DISK_READ_ONLY)
    free_mb = shutil.disk_usage(store.spool).free // 1_000_000
    if free_mb < limits.min_free_mb:
        yield Trouble(TroubleCode.DISK_FULL, {"free_mb": free_mb})


def _records(store: Store) -> Iterator[Trouble]:
    for when in set_aside(store.folder)[-1:]:
        yield Trouble(TroubleCode.RECORDS_SET_ASIDE, {"time": when.isoformat(" ", "minutes")})


def _clock(store: Store) -> Iterator[Trouble]:
    rows = store.database.rows("SELECT * FROM cases WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1")
    for row in rows:
        passed = datetime.now(timezone.utc) - datetime.fromisoformat(row["finished_at"])
        awake_s = moment().age_s(row["finished_boot"], row["finished_uptime"])
        if passed < -_CLOCK_CHANGE:
            yield Trouble(TroubleCode.CLOCK_BEHIND, {"minutes": round(-passed / timedelta(minutes=1))})
        elif awake_s is not None and abs(passed - timedelta(seconds=awake_s)) > _CLOCK_CHANGE:
            change = abs(passed - timedelta(seconds=awake_s))
            yield Trouble(TroubleCode.CLOCK_CHANGED, {"minutes": round(change / timedelta(minutes=1))})


def _processes(store: Store, settings: Settings) -> Iterator[Trouble]:
    longer = (datetime.now(timezone.utc) - _PATIENCE).isoformat(timespec="milliseconds")
    query = "SELECT 1 FROM cases WHERE state IN (?, ?) AND created_at < ? LIMIT 1"
    waiting = store.database.rows(query, State.QUEUED.value, State.RUNNING.value, longer)
    if waiting and not is_present(store.worker_lock):
        yield Trouble(TroubleCode.NO_WORKER)
    coming = store.database.rows(query, State.RECEIVED.value, State.RECEIVED.value, longer)
    starting = time.monotonic() - _STARTED < _PATIENCE.total_seconds()
    if (coming or (settings.scp.port is not None and not starting)) and not is_present(store.network_lock):
        yield Trouble(TroubleCode.NO_NETWORK_STORAGE)
    if settings.media.watch != "nothing" and not starting and not is_present(store.media_lock):
        yield Trouble(TroubleCode.NO_MEDIA_WATCHER)
    query = "SELECT 1 FROM captures WHERE state = 'looking' AND began_at < ? LIMIT 1"
    wanted = settings.camera.source and not starting
    if (wanted or store.database.rows(query, longer)) and not is_present(store.camera_lock):
        yield Trouble(TroubleCode.NO_CAMERA_PROCESS)
    elif settings.camera.source:
        kind = store.captures.camera_trouble()
        if kind:
            yield Trouble(TroubleCode(f"camera_{kind}"))


_ENGINE_TROUBLE = {
    EngineState.ABSENT: TroubleCode.ENGINE_NOT_BUILT,
    EngineState.STALE: TroubleCode.ENGINE_NOT_BUILT,
    EngineState.DAMAGED: TroubleCode.ENGINE_NOT_BUILT,
    EngineState.REFUSED: TroubleCode.ENGINE_REFUSED,
}
"""What else is not quiet cannot be used."""


def _engine(store: Store, settings: EngineSettings) -> Iterator[Trouble]:
    if settings.backend == "onnxruntime":
        return
    folder = engines_folder(store.folder)
    state = read_note(folder).state
    asked_for = settings.backend == "tensorrt" and state is EngineState.NO_TENSORRT
    if state in QUIET and not asked_for:
        return
    if state in _ENGINE_TROUBLE and is_present(build_lock(folder)):
        yield Trouble(TroubleCode.ENGINE_BUILDING)
    else:
        yield Trouble(_ENGINE_TROUBLE.get(state, TroubleCode.ENGINE_UNUSABLE))


def _board(store: Store) -> Iterator[Trouble]:
    seen = store.board.seen()
    if seen is None:
        return
    if Strain.HEAT in seen.strains:
        yield Trouble(TroubleCode.BOARD_HOT)
    if Strain.POWER in seen.strains:
        yield Trouble(TroubleCode.BOARD_POWER)
    mode = seen.board.power_mode
    if mode is not None and mode.low:
        yield Trouble(TroubleCode.BOARD_LOW_POWER_MODE, {"mode": mode.name, "percent": round(100 * (mode.share or 0))})
