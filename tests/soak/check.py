"""What must hold when all is quiet, whatever was killed: read from the store, fault by fault."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from typing import Dict, Iterator, List, Mapping, Sequence, Set

import cv2
import numpy as np

from appliance.store import Case, Source, State, Store
from appliance.store.pictures import picture_path
from appliance.store.volumes import read_document, read_slice
from tests.soak.studies import Expected, Study

ZONES = 8
_ARCHIVE = "archive.zip"
_VIEWER = ("series", "plan")
"""How the names begin of what is rendered for the viewer when nobody waits for a verdict."""

_PNG_END = b"IEND\xaeB`\x82"


def faults(
    store: Store,
    studies: Sequence[Study],
    ways: Mapping[int, Set[str]],
    named: Mapping[str, int],
    expected: Sequence[Expected],
) -> List[str]:
    """Say what is wrong.

    Parameters
    ----------
    store : Store
        All that was acknowledged lies in it, and nobody works on it.
    studies : sequence of Study
        All that were sent.
    ways : mapping of int to set of str
        By which ways each study was acknowledged, by its number.
    named : mapping of str to int
        The study of each case that an acknowledgement named.
    expected : sequence of Expected
        What the appliance says of each head.
    """
    cases = store.recent(-1)
    by_study: Dict[str, List[Case]] = {item.uid: [] for item in studies}
    found = list(_of_store(store, cases))
    for case in cases:
        if not case.state.final:
            found.append(f"case {case.number} is still {case.state.value}")
        elif case.judged_study_uid in by_study:
            by_study[case.judged_study_uid].append(case)
        else:
            found.append(f"case {case.number} is of no study that was sent: {case.state.value}, {case.error_code}")
    uids = {item.number: item.uid for item in studies}
    for case_id, number in named.items():
        case_named = store.case(case_id)
        if case_named is None or case_named.judged_study_uid != uids[number]:
            found.append(f"study {number} was answered with case {case_id}, which is of another or not there")
    for item in studies:
        own = by_study[item.uid]
        if item.number in ways:
            found += _of_verdict(store, item, own, expected[item.head])
            found += _of_arrival(store, item, own, ways[item.number])
        for case in own:
            found += _of_case(store, item, case)
    return found


def _of_verdict(store: Store, item: Study, cases: Sequence[Case], expected: Expected) -> Iterator[str]:
    """One current verdict, on all images of the study, and the one that these images get."""
    current = [case for case in cases if case.verdict and case.superseded_by is None and case.same_as is None]
    if len(current) != 1:
        numbers = [(case.number, case.state.value) for case in current]
        yield f"study {item.number} has {len(current)} current verdicts: {numbers} of {[case.number for case in cases]}"
        return
    (case,) = current
    judged = store.studies.instances(case)
    if judged != sorted(item.images):
        yield f"case {case.number} judged {len(judged)} images of study {item.number}, not its {len(item.images)}"
    verdict = case.verdict or {}
    said = (verdict["verdict"], verdict["urgent_probability"])
    if said != (expected.verdict, expected.probability):
        right = (expected.verdict, expected.probability)
        yield f"case {case.number} says {said} of study {item.number}, which is {right}"
    for zone in verdict["zones"]:
        if zone["sop_instance_uid"] not in item.images:
            yield f"case {case.number} shows an image that study {item.number} does not have"
    for number, picture in enumerate(expected.pictures, start=1):
        shown = cv2.imread(str(picture_path(store.rendered, case.id, number)), cv2.IMREAD_UNCHANGED)
        if shown is None or not np.array_equal(shown, picture):
            yield f"picture {number} of case {case.number} is not that of study {item.number}"


def _of_case(store: Store, item: Study, case: Case) -> Iterator[str]:
    """No other patient, no torn file, in any case of the study."""
    if case.patient is None or case.patient.patient_id != item.patient_id:
        yield f"case {case.number} of study {item.number} is of patient {case.patient and case.patient.patient_id}"
    if case.superseded_by is not None and case.same_as is not None:
        yield f"case {case.number} is superseded and points to another"
    if case.state is State.DONE and case.same_as is None:
        yield from _of_series(store, case)
        pictures = sorted(
            path.name for path in (store.rendered / case.id).glob("*") if not path.name.startswith(_VIEWER)
        )
        if pictures != [picture_path(store.rendered, case.id, zone).name for zone in range(1, ZONES + 1)]:
            yield f"case {case.number} has the pictures {pictures}"
        for name in pictures:
            path = store.rendered / case.id / name
            if cv2.imread(str(path), cv2.IMREAD_UNCHANGED) is None or not path.read_bytes().endswith(_PNG_END):
                yield f"{name} of case {case.number} is torn"
    yield from _of_spool(store, item, case)


def _of_series(store: Store, case: Case) -> Iterator[str]:
    """Its slices for the viewer are all there, where there are any; a case that was superseded had fewer images."""
    document = read_document(store.rendered, case.id)
    if document is None:
        return
    count, images = json.loads(document)["slices"], len(store.studies.instances(case))
    if count != images:
        yield f"the viewer of case {case.number} has {count} slices, not {images}"
    for number in range(1, count + 1):
        try:
            gzip.decompress(read_slice(store.rendered, case.id, number) or b"")
        except (OSError, EOFError, zlib.error):
            yield f"slice {number} of case {case.number} is torn"


def _of_spool(store: Store, item: Study, case: Case) -> Iterator[str]:
    """Its files are those that were sent."""
    folder = store.spool / case.spool
    if not folder.is_dir():
        yield f"case {case.number} has lost its files"
        return
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    if case.source is Source.NETWORK:
        sent = {_data_set(content) for content in item.images.values()}
        for name, content in contents.items():
            if _data_set(content) not in sent:
                yield f"{name} of case {case.number} is no image of study {item.number} as it was sent"
    elif _ARCHIVE in contents:
        if contents != {_ARCHIVE: item.zipped()}:
            yield f"the archive of case {case.number} is not that of study {item.number}"
    else:
        images = Counter(item.images.values())
        with_directory = images + Counter([item.files["DICOMDIR"]])
        if Counter(contents.values()) not in (images, with_directory):
            yield f"the {len(contents)} files of case {case.number} are not those that were sent of study {item.number}"


def _of_arrival(store: Store, item: Study, cases: Sequence[Case], ways: Set[str]) -> Iterator[str]:
    """What was acknowledged by a way has come in by it, all of it."""
    sources = {"medium": Source.MEDIA, "network": Source.NETWORK, "upload": Source.UPLOAD, "zip": Source.UPLOAD}
    for way in ways:
        own = [case for case in cases if case.source is sources[way]]
        if not own:
            yield f"study {item.number} was acknowledged by way of {way}, and no case came of it"
        if way == "network":
            kept = {_data_set(path.read_bytes()) for case in own for path in (store.spool / case.spool).glob("*")}
            if kept != {_data_set(content) for content in item.images.values()}:
                yield f"of study {item.number} all images were acknowledged, and {len(kept)} are there"


def _of_store(store: Store, cases: Sequence[Case]) -> Iterator[str]:
    """The database is whole, and nothing lies around."""
    for row in store.database.rows("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield f"the database is damaged: {row[0]}"
    for row in store.database.rows("PRAGMA foreign_key_check"):
        yield f"the database has a row of no case: {tuple(row)}"
    fault = store.audit.verify().fault
    if fault:
        yield f"the audit trail: {fault}"
    known = {case.spool for case in cases}
    for folder in store.spool.iterdir():
        if folder.name not in known:
            yield f"{folder.name} lies in the spool and is of no case"
    ids = {case.id for case in cases}
    for folder in store.rendered.iterdir():
        if folder.name not in ids:
            yield f"{folder.name} lies among the pictures and is of no case"
    for folder in (*store.temporary.iterdir(), *(path for path in store.network.iterdir() if path.is_dir())):
        yield f"{folder.parent.name}/{folder.name} was left behind"


def _data_set(content: bytes) -> bytes:
    """Return what follows the file meta information, whose length stands in its first element (PS3.10 section 7.1)."""
    return content[144 + int.from_bytes(content[140:144], "little") :]
