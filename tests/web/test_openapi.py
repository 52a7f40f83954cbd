"""The description of the addresses for programs, against the addresses themselves."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, List, Set, Tuple
from typing import Counter as Counts

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from appliance.config import IngestSettings, Settings, StoreSettings
from appliance.store import Case, Source, Store
from appliance.store.pictures import write_pictures
from appliance.web import create_app, openapi
from tests.verdicts import SEVERAL, VERDICTS

if sys.version_info >= (3, 10):
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
else:
    pytest.skip("schemathesis needs Python 3.10", allow_module_level=True)

from schemathesis.checks import negative_data_rejection, positive_data_acceptance  # noqa: E402

EXAMPLES = 6
VIEWER = {"GET /cases/{case_id}/series.json", "GET /cases/{case_id}/series/{number}"}
"""These cases have no series: tests/web/test_series.py knows of some."""
CHOICE = "POST /cases/{case_id}/choice"
EXCLUDED = {
    CHOICE: [positive_data_acceptance],  # which studies a case offers, only the case can say
    "POST /cases": [negative_data_rejection],  # whatever stands in for a file is bytes in the form, as a file is
}

Judged = Callable[[str], Case]


def documented() -> Set[Tuple[str, str]]:
    """Method and path of every operation."""
    paths = openapi.description()["paths"]
    return {(method.upper(), path) for path, operations in paths.items() for method in operations}


def served(app: Flask) -> Set[Tuple[str, str]]:
    """Method and path of every route, written as OpenAPI does."""
    routes = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        routes |= {(method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return routes


def test_every_documented_address_exists(app: Flask) -> None:
    assert documented() - served(app) == set()


def test_every_answer_for_programs_is_documented(app: Flask, client: FlaskClient, judged: Judged) -> None:
    """Whatever address answers with anything but a page is for programs."""
    case = judged("red")
    undocumented = []
    for method, path in sorted(served(app) - documented()):
        if method != "GET" or path.startswith("/static"):
            continue
        address = path.replace("{case_id}", case.id)
        address = re.sub(r"\{\w+\}", "1", address)
        answer = client.get(address, headers={"Accept": "application/json"}, buffered=False)
        answer.close()
        if answer.mimetype not in ("text/html", "text/event-stream"):
            undocumented.append(path)
    assert undocumented == []


def test_the_description_is_one_of_openapi_3_1(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document is not None and document["openapi"] == "3.1.0"
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)))
    for reference in references:
        found: Any = document
        for name in reference.split("/"):
            found = found[name]
    assert "components/schemas/Verdict/$defs/reason" in references


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: str(mode.value))
def test_any_request_is_answered_as_described(tmp_path: Path, mode: Any) -> None:
    """Requests as described and otherwise, and all that schemathesis checks of an answer."""
    limits = IngestSettings(min_free_mb=1)
    app = create_app(Settings(store=StoreSettings(tmp_path), ingest=limits))
    known = cases(app.extensions["store"])
    reached: Counts[Tuple[str, int]] = Counter()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(data=st.data())
    def ask(operation: Any, data: Any) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if mode is schemathesis.GenerationMode.POSITIVE and "case_id" in case.path_parameters:
            # a random id is never that of a case
            case.path_parameters["case_id"] = data.draw(st.sampled_from(known) | st.just("A" * 16))
        answer = case.call(buffered=True)  # which closes the files that are sent
        reached[operation.label, answer.status_code] += 1
        case.validate_response(answer, excluded_checks=EXCLUDED.get(operation.label, []))

    for operation in schemathesis.openapi.from_wsgi("/openapi.json", app).get_all_operations():
        with suppress(Unsatisfiable):  # an address without parameters cannot be asked wrongly
            ask(operation.ok())
    app.extensions["store"].close()
    assert max(status for _, status in reached) < 500
    if mode is schemathesis.GenerationMode.POSITIVE:
        good = {label for label, status in reached if status < 400}
        # schemathesis leaves out the description itself
        assert good == {f"{method} {path}" for method, path in documented()} - {CHOICE, "GET /openapi.json", *VIEWER}


def cases(store: Store) -> List[str]:
    """Make a case of each kind, and return their ids."""
    for name, verdict in VERDICTS.items():
        store.arrivals.queue(Source.UPLOAD, name)
        job = store.jobs.claim()
        assert job is not None
        header = np.zeros((8, 8, 3), np.uint8)
        write_pictures(store.rendered, job.case_id, [np.zeros((8, 8), np.uint8) for _ in verdict.zones], header)
        store.jobs.finish(job, verdict)
    return [case.id for case in store.recent(-1)]


def test_a_choice_is_answered_as_described(app: Flask, judged: Judged) -> None:
    case = judged("several")
    operation = schemathesis.openapi.from_wsgi("/openapi.json", app)["/cases/{case_id}/choice"]["POST"]
    choice = operation.Case(
        path_parameters={"case_id": case.id},
        body={"study_uid": SEVERAL.choices[0].uid},
        media_type="application/x-www-form-urlencoded",
    )
    answer = choice.call()
    assert answer.status_code == 303
    choice.validate_response(answer)
