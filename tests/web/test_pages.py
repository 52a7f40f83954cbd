from __future__ import annotations

import json
import re
from typing import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.store import Case, Source, StepProgress, Store
from tests.verdicts import PATIENT, RED, SCORES

Judged = Callable[[str], Case]

PERMANENT = {
    "ja": ("医政医発1219第1号", "承認された医療機器ではありません"),
    "en": (
        "The doctor decides and stays responsible (notice 医政医発1219第1号",
        "not an approved medical device",
    ),
}
WORDS = {
    ("red", "ja"): "要緊急対応の疑い",
    ("red", "en"): "Urgent pattern suspected",
    ("green", "ja"): "出血を疑う所見を検出せず",
    ("green", "en"): "No finding suspicious of bleeding detected",
    ("refer", "ja"): "判定不能・直ちに読影",
    ("refer", "en"): "Cannot judge – read now",
}


def answer_of(page: str) -> str:
    """The verdict card alone."""
    (found,) = re.findall(r'<section class="answer.*?</section>', page, re.DOTALL)
    return found


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", ["red", "green", "refer"])
def test_a_verdict_is_told_by_colour_word_and_shape(
    client: FlaskClient, judged: Judged, name: str, language: str
) -> None:
    case = judged(name)
    page = client.get(f"/cases/{case.id}?lang={language}").text
    card = answer_of(page)
    assert f'class="answer {name}"' in card
    assert f"<h1>{WORDS[name, language]}</h1>" in card
    shape = {"red": "<polygon", "green": 'fill="none" stroke', "refer": '<path d="M50 7 96 90H4z"'}[name]
    assert shape in card
    for other in {"red", "green", "refer"} - {name}:
        assert WORDS[other, language] not in page
    assert WORDS[name, language] in re.findall("<title>(.*?)</title>", page)[0]
    assert f'<span class="word">{WORDS[name, language]}</span>' in client.get("/?lang=" + language).text


def test_green_itself_says_what_it_does_not_exclude(client: FlaskClient, judged: Judged) -> None:
    case = judged("green")
    card = answer_of(client.get(f"/cases/{case.id}?lang=ja").text)
    assert "脳梗塞・腫瘍・水頭症・骨折は判定できません。否定ではありません" in card
    assert (
        "Infarction, tumour, hydrocephalus and fracture cannot be judged"
        in client.get(f"/cases/{case.id}?lang=en").text
    )


def test_black_is_never_shown_alone(client: FlaskClient, judged: Judged) -> None:
    page = client.get(f"/cases/{judged('red').id}?lang=ja").text
    page = re.sub(r'<div id="feedback".*?</section>', "", page, flags=re.DOTALL)  # a person's own colour may be black
    assert "赤・黒" in page and not re.search("(?<!赤・)黒", page)


def test_a_refusal_says_why_and_what_to_do(client: FlaskClient, judged: Judged) -> None:
    card = answer_of(client.get(f"/cases/{judged('refer').id}?lang=ja").text)
    assert "造影剤を使用した画像です。" in card and "直ちに読影してください。" in card


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_permanent_sentences_are_on_every_page(client: FlaskClient, judged: Judged, language: str) -> None:
    paths = ["/", "/nowhere", *(f"/cases/{judged(name).id}" for name in ("red", "green", "refer", "several"))]
    for path in paths:
        page = client.get(f"{path}?lang={language}").text
        for sentence in PERMANENT[language]:
            assert sentence in page, path


def test_what_the_verdict_rests_on_is_shown(client: FlaskClient, judged: Judged) -> None:
    case = judged("red")
    page = client.get(f"/cases/{case.id}?lang=en").text
    for zone, score in enumerate(SCORES, start=1):
        assert f'/cases/{case.id}/zone-{zone}.png"' in page and f"{score:.2f}" in page
    (highest,) = re.findall(r'<li class="highest">.*?</li>', page, re.DOTALL)
    assert "Zone 4" in highest and "0.93" in highest and "-8.5 mm" in highest
    assert "it is strongest in zone 4 of 8" in page and "2 files on the medium could not be read" in page
    assert (
        "Head 5.0 soft" in page
        and "Localizer (scout)" in page
        and "Made for bone" in page
        and "Too few slices (6)" in page
    )
    assert "Score 0.94, operating point 0.35." in page
    assert "slice-alexnet 0.1.0" in page and "onnxruntime 1.19.2" in page and "0.59 s" in page


def test_headers_cannot_write_into_the_page(client: FlaskClient, judged: Judged) -> None:
    page = client.get(f"/cases/{judged('red').id}").text
    assert "Scout &lt;b&gt;" in page and "Scout <b>" not in page


def test_the_patient_is_named_on_the_page_and_nowhere_else(client: FlaskClient, judged: Judged) -> None:
    case = judged("red")
    page = client.get(f"/cases/{case.id}?lang=ja").text
    for words in (
        "模擬 花子（もぎ はなこ） Mogi Hanako",
        "SIM-0001",
        "1950年1月2日",
        "女性",
        "76歳",
        "2026年2月3日 04:05",
    ):
        assert words in page
    others = client.get("/").text + client.get(f"/cases/{case.id}.json").text
    for secret in (PATIENT.patient_id, "模擬 花子", "Hanako", "1950"):
        assert secret not in others


def test_the_published_document_is_the_verdict(client: FlaskClient, judged: Judged) -> None:
    answer = client.get(f"/cases/{judged('red').id}.json")
    assert answer.json == {
        "number": 1,
        "state": "done",
        "progress": None,
        "error": None,
        "same_as": None,
        "superseded_by": None,
        "photographed": False,
        "identified": None,
        "verdict": json.loads(json.dumps(RED.to_json())),
    }


def test_slices_are_pictures_of_this_case_alone(client: FlaskClient, judged: Judged) -> None:
    case = judged("red")
    with client.get(f"/cases/{case.id}/zone-8.png") as picture:
        assert picture.mimetype == "image/png" and picture.data.startswith(b"\x89PNG")
    for path in (
        f"/cases/{case.id}/zone-9.png",
        "/cases/other/zone-1.png",
        f"/cases/..%2f{case.id}/zone-1.png",
    ):
        assert client.get(path).status_code == 404


def test_studies_to_choose_from_name_nobody(client: FlaskClient, judged: Judged, store: Store) -> None:
    case = judged("several")
    page = client.get(f"/cases/{case.id}?lang=ja").text
    assert page.count("この検査を判定</button>") == 2
    assert "2026年2月3日 04:05" in page and "1.2.4.9" in page and "患者ID" not in page
    answer = client.post(f"/cases/{case.id}/choice", data={"study_uid": "1.2.4.9"})
    assert answer.status_code == 303
    chosen = store.recent(1)[0]
    assert answer.location == f"/cases/{chosen.id}"
    assert (chosen.study_uid, chosen.spool) == ("1.2.4.9", case.spool)


@pytest.mark.parametrize("uid", ["1.2.4.10", "", None])
def test_no_other_study_can_be_chosen(client: FlaskClient, judged: Judged, store: Store, uid: object) -> None:
    case = judged("several")
    data = {} if uid is None else {"study_uid": uid}
    assert client.post(f"/cases/{case.id}/choice", data=data).status_code == 400
    assert len(store.recent(10)) == 1


def test_work_is_shown_step_by_step(client: FlaskClient, store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    later = store.arrivals.queue(Source.UPLOAD, "b")
    assert "1 case is before this one." in client.get(f"/cases/{later.id}?lang=en").text
    waiting = client.get(f"/cases/{case.id}?lang=ja").text
    assert "順番を待っています" in waiting and "data-working" in waiting
    job = store.jobs.claim()
    assert job is not None
    store.jobs.progress(job, StepProgress("decode", 7, 32))
    page = client.get(f"/cases/{case.id}?lang=ja").text
    (step,) = re.findall(r'<li class="now".*?</li>', page, re.DOTALL)
    assert "画像の展開" in step and 'max="32" value="7"' in step
    assert len(re.findall(r'<li class="passed"', page)) == 2 and len(re.findall(r'<li class="ahead"', page)) == 2
    store.jobs.finish(job, RED)
    assert "data-working" not in client.get(f"/cases/{case.id}?lang=ja").text


def test_a_failed_case_says_why_in_both_languages(client: FlaskClient, store: Store) -> None:
    case = store.arrivals.queue(Source.UPLOAD, "a")
    job = store.jobs.claim()
    assert job is not None
    store.jobs.fail(job, "no_dicom", "No DICOM object was found under /home/someone/spool.")
    for language, sentence in (
        ("ja", "DICOM画像も写真も見つかりません。"),
        ("en", "No DICOM image and no photograph was found."),
    ):
        card = answer_of(client.get(f"/cases/{case.id}?lang={language}").text)
        assert 'class="answer failed"' in card and sentence in card and "/home" not in card


def test_the_start_page_without_cases(client: FlaskClient) -> None:
    page = client.get("/?lang=en").text
    assert "None yet." in page and 'enctype="multipart/form-data"' in page and "data-working" not in page


def test_the_language_is_kept(app: Flask) -> None:
    client = app.test_client()
    assert '<html lang="ja">' in client.get("/").text
    cookie = client.get("/?lang=en").headers["Set-Cookie"]
    assert "SameSite=Lax" in cookie and "HttpOnly" in cookie
    assert '<html lang="en">' in client.get("/").text
    assert '<html lang="en">' in client.get("/?lang=xx").text


@pytest.mark.parametrize("status", [404, 405, 403, 500])
def test_errors_are_sentences(app: Flask, client: FlaskClient, status: int) -> None:
    def fail() -> str:
        raise RuntimeError("a secret detail")

    app.view_functions["wall.show"] = fail
    app.testing = False
    answer = {
        404: lambda: client.get("/nowhere?lang=ja"),
        405: lambda: client.get("/cases/x/choice?lang=ja"),
        403: lambda: client.post("/cases?lang=ja", headers={"Origin": "http://evil.example"}),
        500: lambda: client.get("/?lang=ja"),
    }[status]()
    assert answer.status_code == status
    assert "処理できません" in answer.text
    for secret in ("Traceback", "RuntimeError", "a secret detail", "werkzeug"):
        assert secret not in answer.text


def test_programs_get_errors_as_json(client: FlaskClient) -> None:
    for answer in (
        client.get("/cases/none.json"),
        client.get("/nowhere", headers={"Accept": "application/json"}),
    ):
        assert answer.json is not None
        assert answer.status_code == 404 and answer.json["error"]["code"] == "http_404"


@pytest.mark.parametrize("path", ["/", "/nowhere", "/healthz", "/static/live.js"])
def test_every_answer_is_guarded(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "same-origin"
    assert path.startswith("/static") or headers["Cache-Control"] == "no-store"


def test_pages_keep_the_policy_they_set(client: FlaskClient, judged: Judged) -> None:
    for path in ("/", *(f"/cases/{judged(name).id}" for name in ("red", "several"))):
        page = client.get(path).text
        assert re.findall(r"<script(?![^>]* src=)|\sstyle=|\son\w+=|javascript:", page) == []
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//', page) == []


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://localhost:8080"}, False),
        ({"Origin": "https://localhost"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_other_sites_cannot_post(client: FlaskClient, headers: dict, allowed: bool) -> None:
    answer = client.post("/cases/none/choice", headers=headers)
    assert answer.status_code == (404 if allowed else 403)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("10.0.0.7", True),
        ("rebound.example", False),
        ("", False),
    ],
)
def test_foreign_names_for_this_machine_are_refused(client: FlaskClient, host: str, allowed: bool) -> None:
    assert (client.get("/", headers={"Host": host}).status_code == 200) is allowed


def test_it_is_healthy(client: FlaskClient) -> None:
    assert client.get("/healthz").text == "ok\n"
