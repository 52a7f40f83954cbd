"""The one loop that owns the engine and takes jobs in turn: ``python -m appliance.worker``."""

from __future__ import annotations

import logging
import signal
import sys
import time
from typing import Optional

from appliance.config import Settings, load_settings
from appliance.errors import TriageError
from appliance.ingest.spool import medium_path
from appliance.pipeline import Pipeline, Progress
from appliance.store import Job, StepProgress, Store
from appliance.store.pictures import write_pictures

CANNOT_START = 78
"""Exit status of a worker that would not start a second time either (``EX_CONFIG`` of sysexits.h)."""

_IDLE_S = 0.1
_PROGRESS_S = 0.25

log = logging.getLogger("appliance.worker")


class StopRequest:
    """Set by SIGTERM and SIGINT.

    A flag and no `threading.Event`, for whose lock a signal handler could wait forever.
    """

    def __init__(self) -> None:
        self.set = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request)

    def _request(self, number: int, frame: object) -> None:
        self.set = True


class Stopped(Exception):
    """The worker was asked to stop in the middle of a job."""


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT.

    Parameters
    ----------
    settings : Settings
        The store, the limits and the network.

    Raises
    ------
    SystemExit
        With `CANNOT_START`, when the store or the network cannot be used; the log says why.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = StopRequest()
    try:
        with Store(settings.store.folder) as store:
            given_up = store.jobs.recover()
            if given_up:
                log.error("gave up %d cases during which the worker died repeatedly", given_up)
            while not stop.set:
                # after a fault the next jobs get a fresh engine and fresh children
                with Pipeline(settings) as pipeline:
                    log.info("ready")
                    _work(store, pipeline, stop)
    except TriageError as error:
        log.error("%s", error.message)
        raise SystemExit(CANNOT_START) from error


def _work(store: Store, pipeline: Pipeline, stop: StopRequest) -> None:
    """Take jobs until asked to stop, or until one showed a fault of the appliance itself."""
    while not stop.set:
        job = store.jobs.claim()
        if job is None:
            time.sleep(_IDLE_S)
            continue
        log.info("case %d: begun", job.number)
        try:
            _judge(store, pipeline, job, stop)
        except Stopped:
            store.jobs.give_back(job)
            log.info("case %d: given back", job.number)
        except TriageError as error:
            store.jobs.fail(job, error.code, error.message)
            log.info("case %d: failed, %s", job.number, error.code)
        except Exception:
            log.exception("case %d: failed", job.number)
            store.jobs.fail(job, "internal", "The appliance failed while judging these files. Read the study now.")
            return


def _judge(store: Store, pipeline: Pipeline, job: Job, stop: StopRequest) -> None:
    shown: Optional[Progress] = None
    shown_at = 0.0
    for item in pipeline.judge(medium_path(store, job.spool), job.study_uid):
        if not isinstance(item, Progress):
            write_pictures(store.rendered, job.case_id, item.pictures)
            store.jobs.finish(job, item.verdict)
            log.info("case %d: %s", job.number, item.verdict.colour.value)
            return
        if stop.set:
            raise Stopped
        if shown is None or item.step != shown.step or time.monotonic() - shown_at > _PROGRESS_S:
            store.jobs.progress(job, StepProgress(item.step, item.done, item.total))
            shown, shown_at = item, time.monotonic()
    raise RuntimeError("the pipeline ended without a judgement")


if __name__ == "__main__":
    run(load_settings())
