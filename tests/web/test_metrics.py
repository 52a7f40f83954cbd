"""What Prometheus reads, with a parser that is not ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, FrozenSet, Tuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.config import IngestSettings, ScpSettings, Settings
from appliance.presence import presence
from appliance.store import Case, Source, State, Store
from appliance.store.retention import purge
from appliance.store.troubles import TroubleCode
from appliance.web import create_app
from appliance.web.exposition import Family, Sample, render
from tests.verdicts import PATIENT, RED

parser = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is not installed")

Judged = Callable[[str], Case]
Values = Dict[Tuple[str, FrozenSet[Tuple[str, str]]], float]


def parsed(text: str) -> Values:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


def asked(client: FlaskClient) -> Values:
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return parsed(answer.text)


def value(values: Values, name: str, **labels: str) -> float:
    return values[name, frozenset(labels.items())]


def test_what_was_judged_is_counted(client: FlaskClient, store: Store, judged: Judged) -> None:
    judged("green")
    judged("refer")
    for name in ("one", "two"):
        store.arrivals.queue(Source.NETWORK, name)
        job = store.jobs.claim()
        assert job is not None
        store.jobs.finish(job, RED)
    store.arrivals.queue(Source.NETWORK, "fails")
    job = store.jobs.claim()
    assert job is not None
    store.jobs.fail(job, "no_dicom", "")
    store.arrivals.queue(Source.MEDIA, "waits")
    values = asked(client)
    assert value(values, "triage_cases_total", verdict="red_black", source="network") == 2
    assert value(values, "triage_cases_total", verdict="green_yellow", source="upload") == 1
    assert value(values, "triage_cases_total", verdict="failed", source="network") == 1
    assert value(values, "triage_cases_total", verdict="same", source="media") == 0
    assert {state.value: value(values, "triage_cases", state=state.value) for state in State} == {
        "received": 0,
        "queued": 1,
        "running": 0,
        "done": 3,
        "refused": 1,
        "failed": 1,
    }
    assert 0 <= value(values, "triage_queue_oldest_seconds") < 60
    assert value(values, "triage_judgement_seconds_bucket", le="0.5") == 1
    assert value(values, "triage_judgement_seconds_bucket", le="1.0") == 4
    assert value(values, "triage_judgement_seconds_bucket", le="+Inf") == 4
    assert value(values, "triage_judgement_seconds_count") == 4
    assert value(values, "triage_judgement_seconds_sum") == pytest.approx(3 * 0.589 + 0.433)
    assert value(values, "triage_audit_entries") == store.audit.verify().entries
    assert value(values, "triage_store_bytes") > 10_000 and value(values, "triage_disk_free_bytes") > 0


def test_counters_outlive_the_cases_and_the_process(
    client: FlaskClient, store: Store, judged: Judged, settings: Settings
) -> None:
    case = judged("green")
    judged("red")
    before = asked(client)
    purge(store, case)
    again = create_app(settings)
    for values in (asked(client), asked(again.test_client())):
        assert value(values, "triage_cases", state="done") == 1
        for name in ("triage_cases_total", "triage_judgement_seconds_sum", "triage_judgement_seconds_bucket"):
            assert {key: number for key, number in values.items() if key[0] == name} == {
                key: number for key, number in before.items() if key[0] == name
            }
    again.extensions["store"].close()


def test_a_new_trail_is_counted_anew(client: FlaskClient, store: Store, judged: Judged) -> None:
    judged("red")
    asked(client)
    with store.database.closed():
        for path in store.folder.glob("cases.sqlite*"):
            path.unlink()
        (store.folder / "audit.head").unlink()
    assert value(asked(client), "triage_cases_total", verdict="red_black", source="upload") == 0
    judged("green")
    assert value(asked(client), "triage_cases_total", verdict="green_yellow", source="upload") == 1


def test_troubles_and_parts_are_told(settings: Settings) -> None:
    asks = replace(settings, scp=ScpSettings(port=11112), ingest=IngestSettings(min_free_mb=1 << 40))
    app = create_app(asks)
    store: Store = app.extensions["store"]
    with presence(store.worker_lock):
        values = asked(app.test_client())
    assert {code.value for code in TroubleCode if value(values, "triage_trouble", code=code.value)} >= {"disk_full"}
    assert value(values, "triage_trouble", code="no_worker") == 0
    assert value(values, "triage_part_up", part="worker") == 1
    assert value(values, "triage_part_up", part="network_storage") == 0
    assert ("triage_part_up", frozenset({("part", "media_watcher")})) not in values
    assert value(asked(app.test_client()), "triage_part_up", part="worker") == 0
    store.close()


def test_nobody_is_named(client: FlaskClient, judged: Judged) -> None:
    cases = [judged(name) for name in ("red", "several")]
    text = client.get("/metrics").text
    for secret in (PATIENT.patient_id, "Hanako", "花子", PATIENT.birth_date, "1.2.3", *(case.id for case in cases)):
        assert secret not in text


def test_a_store_that_cannot_be_read_is_no_zero(client: FlaskClient, store: Store, app: Flask) -> None:
    with store.database.closed():
        store.database.path.write_bytes(b"no database" * 1000)
        for log in store.folder.glob("cases.sqlite-*"):
            log.unlink()
        assert client.get("/metrics").status_code == 500
        assert client.get("/healthz").status_code == 500
        store.database.path.unlink()


def test_labels_are_escaped() -> None:
    text = render([Family("a", "gauge", "one\\two\nthree", [Sample(1, {"l": 'a"b\\c\nd'}), Sample(2.5)])])
    (family,) = parser.text_string_to_metric_families(text)
    assert family.documentation == "one\\two\nthree"
    assert [(sample.labels, sample.value) for sample in family.samples] == [({"l": 'a"b\\c\nd'}, 1), ({}, 2.5)]
