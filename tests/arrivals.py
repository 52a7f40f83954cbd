"""Studies that reach a store and are judged there, short of being read."""

from __future__ import annotations

from typing import Dict, Mapping, Tuple

from appliance.store import Case, Source, Store
from appliance.store.pictures import write_pictures
from appliance.store.studies import Known
from appliance.verdict import Verdict
from tests.verdicts import RED

STUDY = "1.2.826.0.1.77"

MODEL = "5f" * 32
"""SHA-256 of the network that judged the verdicts of `tests.verdicts`."""


def images(*numbers: int, header: str = "") -> Dict[str, str]:
    """Instances as the pipeline names them: SOP Instance UID and digest of the header."""
    return {f"{STUDY}.{number}": f"{number}{header}".ljust(64, "0") for number in numbers}


def received(store: Store, source: Source = Source.NETWORK) -> Case:
    """Receive a folder with one file."""
    with store.scratch("test") as made:
        (made / "000001").write_bytes(b"pixels")
        return store.arrivals.receive(source, made)


def arrived(
    store: Store, instances: Mapping[str, str], verdict: Verdict = RED, study: str = STUDY, model: str = MODEL
) -> Tuple[Case, Known]:
    """Receive a study and finish it as a worker does."""
    case = received(store)
    job = store.jobs.claim()
    assert job is not None and job.case_id == case.id
    patient_id = verdict.patient.patient_id if verdict.patient else ""
    known = store.studies.identify(job, study, patient_id, instances, model)
    if known.same_as is not None:
        assert store.jobs.finish_same(job, known.same_as)
    else:
        write_pictures(store.rendered, case.id, [])
        assert store.jobs.finish(job, verdict)
    return again(store, case), known


def again(store: Store, case: Case) -> Case:
    """The case as it is now."""
    found = store.case(case.id)
    assert found is not None
    return found
