from __future__ import annotations

import re
from dataclasses import replace
from types import ModuleType
from typing import Callable, Dict, List, Set, Tuple, Type

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from appliance import errors, picture_judging
from appliance import store as records
from appliance.camera import scroll, sources
from appliance.config import Settings
from appliance.errors import TriageError, UploadError
from appliance.guidance import GUIDANCE, GuidanceCode
from appliance.ingest import spool
from appliance.reasons import SENTENCES, Reason, ReasonCode
from appliance.store import Source, Store, passwords, people
from appliance.store.troubles import Trouble, TroubleCode
from appliance.web import access, create_app, formats, login, multipart, words
from appliance.web.language import TRANSLATIONS

WEB = TRANSLATIONS.parent
PLACEHOLDER = re.compile(r"%\(\w+\)s|#")


Key = Tuple[str, str, str]
"""A message, its plural and its context; both empty where there is none."""


@pytest.fixture(scope="module")
def catalog() -> Dict[Key, List[str]]:
    """The Japanese texts of each message."""
    with (TRANSLATIONS / "ja" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        messages = [message for message in read_po(file, locale="ja", abort_invalid=True) if message.id]
    return {
        (*((message.id, "") if isinstance(message.id, str) else message.id), message.context or ""): list(
            message.string if isinstance(message.string, (list, tuple)) else [message.string]
        )
        for message in messages
    }


def in_sources() -> Set[Key]:
    """What templates and modules translate where they say it."""
    found: Set[Key] = set()
    methods = [("**.html", "jinja2.ext:babel_extract"), ("**.py", "babel.messages.extract:extract_python")]
    for _, _, message, _, context in extract_from_dir(str(WEB), method_map=methods):
        one, many = (message, "") if isinstance(message, str) else message[-2:]
        found.add((one, many, context or ""))
    return found


def needed() -> Set[Key]:
    words_of_python = {
        *SENTENCES.values(),
        *words.SERIES_SENTENCES.values(),
        *words.ERROR_SENTENCES.values(),
        *words.HTTP_SENTENCES.values(),
        *words.TROUBLE_SENTENCES.values(),
        *GUIDANCE.values(),
        *words.BODY_PARTS,
        *words.DETAILS,
    }
    forms = {(words.SINGULAR[text], text, "") if text in words.SINGULAR else (text, "", "") for text in words_of_python}
    return in_sources() | forms


def test_sources_hold_messages() -> None:
    some = {"Drop a head CT here", "Case %(number)s", "Cannot judge – read now", "male"}
    assert {(text, "", "") for text in some} <= in_sources()
    assert ("%(num)s session", "%(num)s sessions", "") in in_sources()
    assert ("%(num)s year", "%(num)s years", "age") in in_sources()


def test_every_message_has_a_japanese_text(catalog: Dict[Key, List[str]]) -> None:
    assert {key for key in needed() if not all(catalog.get(key, [""]))} == set()


def test_no_japanese_text_is_left_over(catalog: Dict[Key, List[str]]) -> None:
    assert set(catalog) - needed() == set()


def test_japanese_has_one_form_for_any_number(catalog: Dict[Key, List[str]]) -> None:
    assert {len(texts) for texts in catalog.values()} == {1}


def test_what_is_said_of_one_belongs_to_a_sentence() -> None:
    assert set(words.SINGULAR) <= {*SENTENCES.values(), *words.TROUBLE_SENTENCES.values(), *words.DETAILS}


def test_placeholders_are_the_same(catalog: Dict[Key, List[str]]) -> None:
    for (one, many, _), (text,) in catalog.items():
        for english in filter(None, (one, many)):
            assert sorted(PLACEHOLDER.findall(english)) == sorted(PLACEHOLDER.findall(text)), one


def test_scripts_say_nothing_themselves() -> None:
    for path in (WEB / "static").glob("*.js"):
        code = re.sub(r"//.*", "", path.read_text("utf-8")).replace('"use strict"', "")
        literals = ["".join(found) for found in re.findall(r'"([^"]*)"|`([^`]*)`', code)]
        assert [text for text in literals if re.search(r"[A-Za-z]{2,} [a-z]", text)] == [], path.name


def test_every_template_text_is_marked_for_translation(client_pages: Dict[str, str]) -> None:
    for name, page in client_pages.items():
        shown = re.sub(r"<(script|style|code|noscript).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
        allowed = r"English|zip|CT|ID|mm|JSON|HU|SIM\S*|Mogi Hanako|Head 5.0 soft|Head 1.0 bone|Scout|headct-triage"
        allowed += r"|onnxruntime|CPU|threads|fp32|slice-alexnet|lt;b|gt;|DICOM|<b>"
        allowed += r"|UTC|AE|TLS|SHA|MB|GB|USB|https|triage --config|TRIAGE_CONFIG"
        left = re.sub(allowed, " ", shown)
        assert re.findall(r"[A-Za-z]{2,}", left) == [], name


@pytest.fixture
def client_pages(client, judged) -> Dict[str, str]:  # type: ignore[no-untyped-def]
    paths = {name: f"/cases/{judged(name).id}" for name in ("red", "green", "refer", "several")}
    paths.update({"start": "/", "missing": "/nowhere", "admin": "/admin", "camera": "/camera"})
    return {name: client.get(path + "?lang=ja").text for name, path in paths.items()}


NOT_ON_A_PAGE = {
    TriageError,
    UploadError,
    errors.ConfigError,
    errors.NoPictureError,
    errors.FolderNotEmptyError,
}


def kinds_in(*modules: ModuleType) -> Set[Type[TriageError]]:
    members = (member for module in modules for member in vars(module).values())
    return {member for member in members if isinstance(member, type) and issubclass(member, TriageError)}


def test_every_error_that_a_page_may_show_has_a_sentence() -> None:
    shown = kinds_in(errors, spool, multipart, records, access, login, passwords, people) - NOT_ON_A_PAGE
    of_no_class = {"interrupted", "internal", "camera_failed", "camera_interrupted"}
    elsewhere = {picture_judging.TooManyPhotographsError.code, sources.SourceError.code}
    assert {kind.code for kind in shown} | of_no_class | elsewhere == set(words.ERROR_SENTENCES)


def test_every_guidance_has_a_sentence() -> None:
    assert set(GUIDANCE) == set(GuidanceCode) - {GuidanceCode.REFUSED}
    assert {hint.value for hint in scroll.Hint} <= {code.value for code in GuidanceCode}
    assert {f"camera_{kind.value}" for kind in sources.TroubleKind} <= {code.value for code in GuidanceCode}


@pytest.mark.parametrize(
    ("reason", "japanese", "english"),
    [
        (
            Reason(ReasonCode.CONTRAST),
            "造影剤を使用した画像です。造影剤は血液と紛らわしいため判定できません。直ちに読影してください。",
            SENTENCES[ReasonCode.CONTRAST],
        ),
        (
            Reason(ReasonCode.NOT_HEAD, {"part": "chest"}),
            "頭部以外の画像です（胸部）。判定できるのは頭部CTだけです。",
            "The images are of another part of the body (chest). The appliance judges CT of the head only.",
        ),
        (
            Reason(ReasonCode.INCONSISTENT_GEOMETRY, {"detail": "a gap of 12.5 mm at -40 mm"}),
            "スライスの位置が整合しません（12.5 mmの欠落、位置 -40 mm）。"
            "欠落の恐れがあります。直ちに読影し、その後に送り直してください。",
            "The positions of the slices do not fit together (a gap of 12.5 mm at -40 mm). "
            "Slices may be missing. Read the study now; then send it again.",
        ),
        (
            Reason(ReasonCode.DAMAGED_PIXELS, {"detail": "something # new 5"}),
            "このシリーズの画像が壊れています（something # new 5）。直ちに読影し、その後に送り直してください。",
            "Images of this series are damaged (something # new 5). Read the study now; then send it again.",
        ),
    ],
)
def test_reasons_are_said_in_both_languages(app: Flask, reason: Reason, japanese: str, english: str) -> None:
    for language, sentence in (("ja", japanese), ("en", english)):
        with app.test_request_context("/?lang=" + language):
            assert words.reason_sentence(reason) == sentence


@pytest.mark.parametrize(
    ("said", "japanese", "one", "several"),
    [
        (
            lambda count: words.reason_sentence(Reason(ReasonCode.UNREADABLE_FILES, {"count": count})),
            "読めないファイルが#個あり、除外しました。",
            "1 file on the medium could not be read; it was left out.",
            "2 files on the medium could not be read; they were left out.",
        ),
        (
            lambda count: words.series_sentence(Reason(ReasonCode.DAMAGED_HEADER, {"detail": f"{count} files"})),
            "ヘッダーの破損（#個のファイル）",
            "Damaged headers (1 file)",
            "Damaged headers (2 files)",
        ),
        (
            lambda count: words.trouble_sentence(Trouble(TroubleCode.CLOCK_BEHIND, {"minutes": count})),
            "装置の時計が前の症例の時刻より#分遅れています。表示される時刻は正しくない可能性があります。時計を確認してください。",
            "The appliance's clock is behind the time of its last case by 1 minute: times may be wrong. "
            "Check the clock.",
            "The appliance's clock is behind the time of its last case by 2 minutes: times may be wrong. "
            "Check the clock.",
        ),
        (formats.hours, "# 時間", "1 hour", "2 hours"),
        (formats.days, "# 日", "1 day", "2 days"),
    ],
)
def test_one_and_several_are_said_as_each_language_does(
    app: Flask, said: Callable[[int], str], japanese: str, one: str, several: str
) -> None:
    with app.test_request_context("/?lang=en"):
        assert (said(1), said(2)) == (one, several)
    with app.test_request_context("/?lang=ja"):
        assert [said(count) for count in (1, 2)] == [japanese.replace("#", str(count)) for count in (1, 2)]


def test_templates_know_one_from_several(client: FlaskClient, store: Store) -> None:
    cases = [store.arrivals.queue(Source.UPLOAD, str(number)) for number in range(3)]
    for case, text in zip(cases, ("It is next.", "1 case is before this one.", "2 cases are before this one.")):
        assert text in client.get(f"/cases/{case.id}?lang=en").text
    assert "この前に1件が待っています。" in client.get(f"/cases/{cases[1].id}?lang=ja").text


def test_the_language_is_what_is_asked_for_then_the_cookie_then_the_setting(settings: Settings) -> None:
    for set_to, other in (("ja", "en"), ("en", "ja")):
        app = create_app(replace(settings, server=replace(settings.server, language=set_to)))
        browser = app.test_client()

        def language(address: str, browser: FlaskClient = browser) -> str:
            return re.findall('<html lang="(.*?)">', browser.get(address).text)[0]

        assert language("/") == set_to
        assert language("/?lang=fr") == set_to and browser.get_cookie("language") is None
        assert language("/?lang=" + other) == other
        assert language("/") == other and language("/nowhere") == other, "the cookie"
        assert language("/?lang=" + set_to) == set_to and language("/cases") == set_to
        browser.set_cookie("language", "../x")
        assert language("/") == set_to
        app.extensions["store"].close()


def test_there_is_no_compiled_catalogue_to_be_older_than_its_source() -> None:
    assert [path.name for path in TRANSLATIONS.rglob("*") if path.is_file()] == ["messages.po"]
