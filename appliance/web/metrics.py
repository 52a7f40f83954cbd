"""``/metrics``: how the appliance does, for Prometheus. Numbers alone: no patient, no study, no UID."""

from __future__ import annotations

import platform
import shutil
import sqlite3
from typing import List

from flask import Blueprint, Response, current_app

from appliance import __version__
from appliance.config import Settings
from appliance.store import Source, Store
from appliance.store.figures import audit_entries, cases_by_state, database_bytes, oldest_waiting_s, parts
from appliance.store.tally import BOUNDS_S, OUTCOMES, Tally
from appliance.store.troubles import TroubleCode, troubles
from appliance.web.board_metrics import board_families
from appliance.web.exposition import CONTENT_TYPE, Family, Sample, histogram, render

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show() -> Response:
    """Count what there is."""
    store: Store = current_app.extensions["store"]
    settings: Settings = current_app.extensions["settings"]
    tally: Tally = current_app.extensions["tally"]
    return Response(render(families(store, settings, tally)), content_type=CONTENT_TYPE)


def families(store: Store, settings: Settings, tally: Tally) -> List[Family]:
    """Return all metrics.

    Counters and the histogram are added up from the audit trail, and grow over restarts and retention; they begin anew
    when damaged records are set aside. What is counted from cases is a gauge, since cases are removed by age.

    Raises
    ------
    StoreError
        When the store cannot be read: then there is nothing to tell but that.
    """
    totals = tally.totals()
    wrong = {trouble.code for trouble in troubles(store, settings)}
    build = {"version": __version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    # all that may be, so that a rate is known from the first case on
    ends = {(outcome, source.value): 0 for outcome in OUTCOMES for source in Source}
    return [
        Family("triage_build_info", "gauge", "Versions of what runs; always 1.", [Sample(1, build)]),
        Family(
            "triage_cases",
            "gauge",
            "Cases that are kept, by state. Old ones are removed.",
            [Sample(count, {"state": state.value}) for state, count in cases_by_state(store).items()],
        ),
        Family(
            "triage_cases_total",
            "counter",
            "Cases that ended, by verdict and source. same: judged before; failed: no verdict.",
            [
                Sample(count, {"verdict": outcome, "source": source})
                for (outcome, source), count in {**ends, **totals.cases}.items()
            ],
        ),
        Family(
            "triage_queue_oldest_seconds",
            "gauge",
            "Seconds since the oldest case came in that is queued or being judged; 0 where none is.",
            [Sample(oldest_waiting_s(store))],
        ),
        Family(
            "triage_judgement_seconds",
            "histogram",
            "Seconds from the first look at the files to the verdict, of all cases with one of their own.",
            histogram(BOUNDS_S, totals.within, totals.seconds),
        ),
        Family(
            "triage_disk_free_bytes",
            "gauge",
            "Bytes that are free on the store's disk.",
            [Sample(shutil.disk_usage(store.spool).free)],
        ),
        Family(
            "triage_store_bytes",
            "gauge",
            "Bytes of the database and its log. Files of studies show in what is free.",
            [Sample(database_bytes(store))],
        ),
        Family(
            "triage_audit_entries",
            "gauge",
            "Entries of the audit trail. It never shrinks, unless damaged records are set aside.",
            [Sample(audit_entries(store))],
        ),
        Family(
            "triage_part_up",
            "gauge",
            "Whether a part runs that the settings ask for.",
            [Sample(int(runs), {"part": part.value}) for part, runs in parts(store, settings).items()],
        ),
        Family(
            "triage_trouble",
            "gauge",
            "Whether this is wrong with the appliance as a whole.",
            [Sample(int(code in wrong), {"code": code.value}) for code in TroubleCode],
        ),
        *board_families(store),
    ]
