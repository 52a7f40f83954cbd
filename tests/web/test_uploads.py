from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import List

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import IngestSettings, Settings
from appliance.ingest.spool import medium_path
from appliance.store import Source, Store
from appliance.web import create_app
from appliance.web.multipart import BrokenFormError, files_of

BOUNDARY = "----WebKitFormBoundaryABC"
TYPE = "multipart/form-data; boundary=" + BOUNDARY


def form(contents: List[bytes], fields: bool = False) -> bytes:
    parts = (
        [b'--%b\r\nContent-Disposition: form-data; name="note"\r\n\r\nwords\r\n' % BOUNDARY.encode()] if fields else []
    )
    for number, content in enumerate(contents):
        parts.append(
            b'--%b\r\nContent-Disposition: form-data; name="files"; filename="../../%d"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n%b\r\n" % (BOUNDARY.encode(), number, content)
        )
    return b"".join(parts) + b"--%b--\r\n" % BOUNDARY.encode()


class Dribble(io.BytesIO):
    """A body that arrives in pieces of one size."""

    def __init__(self, body: bytes, size: int) -> None:
        super().__init__(body)
        self._size = size

    def read(self, size: object = -1) -> bytes:
        return super().read(self._size)


def read(body: bytes, size: int) -> List[bytes]:
    return [b"".join(pieces) for pieces in files_of(Dribble(body, size), BOUNDARY)]


# what looks like the end of a part is most of what this content is made of
CONTENT = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"--", b"\r\n--", b"\r\n--" + BOUNDARY[:-1].encode(), b"x", b"\0"])
).map(b"".join)


@given(contents=st.lists(CONTENT, max_size=4), size=st.integers(1, 80), fields=st.booleans())
def test_files_arrive_as_they_were_however_the_body_is_cut(contents: List[bytes], size: int, fields: bool) -> None:
    assert read(form(contents, fields), size) == contents


def test_pieces_that_nobody_read_are_skipped() -> None:
    files = files_of(Dribble(form([b"a" * 500, b"b" * 100, b"c"]), 7), BOUNDARY)
    assert len(next(next(files))) < 500
    assert b"".join(next(files)) == b"b" * 100
    assert b"".join(next(files)) == b"c"


@pytest.mark.parametrize("left", [0, 1, 10, 60, 150, 170])
def test_a_body_that_ends_early_is_no_form(left: int) -> None:
    with pytest.raises(BrokenFormError):
        read(form([b"x" * 30])[:left], 16)


@pytest.mark.parametrize("boundary", [None, ""])
def test_a_body_without_boundary_is_no_form(boundary: object) -> None:
    with pytest.raises(BrokenFormError):
        list(files_of(io.BytesIO(b""), boundary))


def test_headers_without_end_are_not_collected() -> None:
    body = b"--%b\r\nX: %b" % (BOUNDARY.encode(), b"x" * 8_000_000)
    with pytest.raises(BrokenFormError):
        read(body, 1 << 18)


def test_an_upload_becomes_a_case(client: FlaskClient, store: Store) -> None:
    answer = client.post("/cases", data=form([b"one", b"two"]), content_type=TYPE)
    (case,) = store.recent(10)
    assert answer.status_code == 303 and answer.location == f"/cases/{case.id}"
    assert case.source is Source.UPLOAD
    kept = {path.name: path.read_bytes() for path in medium_path(store, case.spool).iterdir()}
    assert kept == {"000001": b"one", "000002": b"two"}


def test_the_script_is_told_where_the_case_is(client: FlaskClient, store: Store) -> None:
    answer = client.post("/cases", data=form([b"1"]), content_type=TYPE, headers={"Accept": "application/json"})
    assert answer.status_code == 201
    assert answer.json == {"case": f"/cases/{store.recent(1)[0].id}"}


def test_an_empty_form_is_refused_in_the_readers_language(client: FlaskClient, store: Store) -> None:
    # what a browser sends when nothing was chosen
    request = {"data": form([b""]), "content_type": TYPE}
    answer = client.post("/cases?lang=ja", **request)
    assert answer.status_code == 400 and "1検査分のフォルダーまたはzipを選んでください。" in answer.text
    answer = client.post("/cases?lang=en", headers={"Accept": "application/json"}, **request)
    assert answer.json is not None and answer.json["error"]["code"] == "empty_upload"
    assert store.recent(1) == []


def test_what_is_no_form_is_refused(client: FlaskClient) -> None:
    assert client.post("/cases", data=b"bytes", content_type="application/octet-stream").status_code == 400


def test_more_than_allowed_is_refused(settings: Settings, tmp_path: Path) -> None:
    app = create_app(replace(settings, ingest=IngestSettings(max_files=2, max_mb=1)))
    client, store = app.test_client(), app.extensions["store"]
    for body in (form([b"x"] * 3), form([b"x" * 1_100_000]), form([b"x" * 999_990, b"x" * 11])):
        answer = client.post("/cases?lang=en", data=body, content_type=TYPE)
        assert answer.status_code == 413 and "Send one study." in answer.text
    assert list(store.spool.iterdir()) == []
    store.close()
