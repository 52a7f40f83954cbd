"""The lease on a job, renewed while the work goes on."""

from __future__ import annotations

import logging
import os
import threading
import time
from types import TracebackType
from typing import Optional, Type

from appliance import notify
from appliance.errors import TriageError
from appliance.stop import TRY_AGAIN
from appliance.store import Job, Store
from appliance.store.jobs import HEARTBEAT_S

STALL_S = 900.0
"""A step that says nothing for so long hangs: decoders have limits of their own, and no archive or network takes that
long."""

log = logging.getLogger("appliance.worker")


class Heartbeat:
    """A thread that renews the lease on a job; a context manager.

    A step of the work may take longer than a lease, and says nothing meanwhile. One that never ends would keep the
    lease for ever, so the thread ends the process then, and the case is taken up again.

    Parameters
    ----------
    store : Store
        Has the job.
    job : Job
        The job.
    stall_s : float
        Seconds without a `pulse` after which the process ends with `TRY_AGAIN`.
    """

    def __init__(self, store: Store, job: Job, stall_s: float = STALL_S) -> None:
        self._store = store
        self._job = job
        self._stall_s = stall_s
        self._pulse = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def pulse(self) -> None:
        """Say that the work goes on."""
        self._pulse = time.monotonic()

    def _beat(self) -> None:
        while not self._ended.wait(min(HEARTBEAT_S, self._stall_s)):
            if time.monotonic() - self._pulse > self._stall_s:
                log.critical("case %d: hangs; the worker ends", self._job.number)
                os._exit(TRY_AGAIN)
            notify.alive()
            try:
                self._store.jobs.renew(self._job)
            except (TriageError, OSError) as error:
                log.error("case %d: its lease is not renewed: %s", self._job.number, error)
