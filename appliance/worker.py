"""The one loop that owns the engine and takes jobs in turn: ``triage worker``."""

from __future__ import annotations

import json
import logging
import sys
import time
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple

from appliance import notify
from appliance.board_watch import BoardWatch
from appliance.config import Settings
from appliance.dicom.reader import ChildDied
from appliance.engine_state import EngineUnusable, engines_folder, read_note, write_note
from appliance.errors import DiskFullError, DiskReadOnlyError, TriageError
from appliance.files import disk_in_words
from appliance.heartbeat import Heartbeat
from appliance.ingest.losses import read_losses
from appliance.ingest.spool import medium_path
from appliance.picture_judging import PhotographedJudgement
from appliance.pipeline import Identified, Pipeline
from appliance.presence import presence
from appliance.progress import Progress
from appliance.rendering import plan, render_next
from appliance.scoring import Judgement
from appliance.stop import TRY_AGAIN, StopRequest, ends_in_words
from appliance.store import Job, StepProgress, Store, StoreBusyError, StoreError
from appliance.store.aside import set_aside_if_damaged
from appliance.store.pictures import write_pictures
from appliance.store.retention import expire
from appliance.store.volumes import take_up_begun, write_plan

_IDLE_S = 0.1
_PROGRESS_S = 0.25
_TIDY_S = 60.0
_TROUBLE_S = 1.0

log = logging.getLogger("appliance.worker")


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
        When the store or the network cannot be used; the log says why, and the status whether to start it again.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = StopRequest()
    with ends_in_words(log):
        set_aside_if_damaged(settings.store.folder)
        with Store(settings.store.folder, "worker") as store, presence(store.worker_lock), BoardWatch(store):
            store.recover()
            take_up_begun(store.rendered)
            store.audit.record_settings(_on_record(settings))
            while not stop.set:
                # after a fault the next jobs get a fresh engine and fresh children
                with Pipeline(settings) as pipeline:
                    _say_which_engine(store, pipeline)
                    log.info("ready")
                    notify.ready()
                    _work(store, settings, pipeline, stop)


def _say_which_engine(store: Store, pipeline: Pipeline) -> None:
    """Tell the pages which engine judges, where that has changed."""
    folder, note = engines_folder(store.folder), pipeline.engine.note
    try:
        if read_note(folder) != note:
            write_note(folder, note)
    except (TriageError, OSError) as error:
        log.error("the pages cannot be told which engine judges: %s", error)


def _on_record(settings: Settings) -> Dict[str, Any]:
    """Return the settings as the audit trail keeps them: without the camera's password."""
    kept = replace(settings, camera=replace(settings.camera, source=settings.camera.shown))
    document: Dict[str, Any] = json.loads(json.dumps(asdict(kept), default=str))
    return document


def _work(store: Store, settings: Settings, pipeline: Pipeline, stop: StopRequest) -> None:
    """Take jobs until asked to stop, or until one showed a fault of the appliance itself."""
    tidied_at = -_TIDY_S
    to_render = True
    while not stop.set:
        notify.alive()
        try:
            job = store.jobs.claim()
            if job is None:
                if time.monotonic() - tidied_at >= _TIDY_S:
                    tidied_at = time.monotonic()
                    _tidy(store, settings)
                    if pipeline.engine.outdated:
                        log.info("an engine was built; it is taken up")
                        return
                # nobody waits for a verdict, so there is time for the viewer
                due, to_render = to_render, False
                if due:
                    to_render = _render(store, settings, pipeline, stop)
                time.sleep(0 if to_render else _IDLE_S)
                continue
            to_render = True
            log.info("case %d: begun", job.number)
            if not _finish(store, pipeline, job, stop):
                return
        except (StoreBusyError, DiskFullError, DiskReadOnlyError) as error:
            # what was begun is taken up again when its lease has run out
            log.error("%s", error.message)
            time.sleep(_TROUBLE_S)


def _render(store: Store, settings: Settings, pipeline: Pipeline, stop: StopRequest) -> bool:
    """Render a series for the viewer unless a case comes in; False where none waits for it."""

    def interrupted() -> bool:
        notify.alive()
        return stop.set or store.jobs.waiting()

    return render_next(
        store,
        pipeline.reader,
        settings.ingest,
        lambda spool: medium_path(store, spool),
        interrupted,
    )


def _tidy(store: Store, settings: Settings) -> None:
    """Remove what is old enough, queue what a process left in the spool, and see whether the records are whole."""
    try:
        media, cases = expire(store, settings.store)
        if media or cases:
            log.info("removed %d media and %d cases by age", media, cases)
        store.recover()
    except OSError as error:
        log.error("the store cannot be tidied: %s", error)
    store.database.check()


def _finish(store: Store, pipeline: Pipeline, job: Job, stop: StopRequest) -> bool:
    """Judge a case, or keep why there is no verdict; False where the fault is the appliance's own."""
    try:
        _judge(store, pipeline, job, stop)
    except Stopped:
        store.jobs.give_back(job)
        log.info("case %d: given back", job.number)
    except (DiskFullError, DiskReadOnlyError):
        # that is no fault of the study: it waits until there is room, and the pages say why
        store.jobs.give_back(job)
        raise
    except StoreError:
        raise  # then nothing can be kept
    except ChildDied:
        log.error("case %d: the decoders do not start; a new worker tries again", job.number)
        raise SystemExit(TRY_AGAIN) from None
    except EngineUnusable as error:
        # what CUDA has lost it has lost for the process
        log.error("case %d: %s A new worker tries again, with ONNX Runtime", job.number, error.message)
        pipeline.engine.give_up(error)
        raise SystemExit(TRY_AGAIN) from None
    except TriageError as error:
        store.jobs.fail(job, error.code, error.message)
        log.info("case %d: failed, %s", job.number, error.code)
    except Exception:
        log.exception("case %d: failed", job.number)
        store.jobs.fail(job, "internal", "The appliance failed while judging these files. Read the study now.")
        return False
    return True


def _judge(store: Store, pipeline: Pipeline, job: Job, stop: StopRequest) -> None:
    with disk_in_words(), store.scratch("unpacked") as temporary, Heartbeat(store, job) as heartbeat:
        known = _follow(store, pipeline, job, stop, heartbeat, temporary, job.study_uid, ())
        if known:
            uid, spools = known
            log.info("case %d: judged together with %d earlier arrivals", job.number, len(spools))
            _follow(store, pipeline, job, stop, heartbeat, temporary, uid, spools)


def _follow(
    store: Store,
    pipeline: Pipeline,
    job: Job,
    stop: StopRequest,
    heartbeat: Heartbeat,
    temporary: Path,
    study_uid: Optional[str],
    earlier: Sequence[str],
) -> Optional[Tuple[str, Sequence[str]]]:
    """Drive the pipeline to the end of a job.

    Returns
    -------
    tuple of str and sequence of str, or None
        Nothing was judged, since the rest of this study lies in these folders of the spool.
    """
    shown: Optional[Progress] = None
    shown_at = 0.0
    # what was removed meanwhile is judged without
    kept = [spool for spool in earlier if (store.spool / spool).is_dir()]
    media = [medium_path(store, spool) for spool in (job.spool, *kept)]
    lost = read_losses(store.spool / job.spool)
    with closing(pipeline.judge(media[0], study_uid, media[1:], temporary, lost)) as steps:
        for item in steps:
            heartbeat.pulse()
            if isinstance(item, Judgement):
                photographed = isinstance(item, PhotographedJudgement)
                header = item.header if isinstance(item, PhotographedJudgement) else None
                write_pictures(store.rendered, job.case_id, item.pictures, header)
                if item.geometry:
                    write_plan(store.rendered, job.case_id, plan(item.geometry, (job.spool, *kept)))
                store.jobs.finish(job, item.verdict, photographed)
                log.info("case %d: %s", job.number, item.verdict.colour.value)
                return None
            if isinstance(item, Identified):
                known = store.studies.identify(
                    job, item.study_uid, item.patient_id, item.instances, pipeline.model_sha256
                )
                if known.same_as is not None:
                    store.jobs.finish_same(job, known.same_as)
                    log.info("case %d: the same as case %d", job.number, known.same_as)
                    return None
                if known.earlier and not earlier:
                    return item.study_uid, known.earlier
                continue
            if stop.set:
                raise Stopped
            if shown is None or item.step != shown.step or time.monotonic() - shown_at > _PROGRESS_S:
                store.jobs.progress(job, StepProgress(item.step, item.done, item.total))
                shown, shown_at = item, time.monotonic()
    raise RuntimeError("the pipeline ended without a judgement")
