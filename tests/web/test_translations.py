from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Dict, Set, Type

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask

from appliance import errors, store
from appliance.errors import TriageError, UploadError
from appliance.ingest import spool
from appliance.store import passwords, people
from appliance.verdict import SENTENCES, Reason, ReasonCode
from appliance.web import access, login, multipart, words
from appliance.web.language import TRANSLATIONS

WEB = TRANSLATIONS.parent
PLACEHOLDER = re.compile(r"%\(\w+\)s|#")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (TRANSLATIONS / "ja.po").open("rb") as file:
        return read_po(file, locale="ja", abort_invalid=True)


def in_templates() -> Set[str]:
    found = extract_from_dir(
        str(WEB / "templates"), method_map=[("**.html", "jinja2.ext:babel_extract")], options_map={}
    )
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def needed() -> Set[str]:
    words_of_python = {
        *SENTENCES.values(),
        *words.SERIES_SENTENCES.values(),
        *words.ERROR_SENTENCES.values(),
        *words.HTTP_SENTENCES.values(),
        *words.TROUBLE_SENTENCES.values(),
        *words.BODY_PARTS,
        *words.DETAILS,
    }
    return in_templates() | words_of_python


def test_templates_hold_messages() -> None:
    assert {"Drop a head CT here", "Case %(number)s", "Cannot judge – read now"} <= in_templates()


def test_every_message_has_a_japanese_text(catalog: Catalog) -> None:
    assert {message for message in needed() if not (message in catalog and catalog[message].string)} == set()


def test_no_japanese_text_is_left_over(catalog: Catalog) -> None:
    assert {message.id for message in catalog if message.id} - needed() == set()


def test_placeholders_are_the_same(catalog: Catalog) -> None:
    for message in catalog:
        if message.id:
            assert sorted(PLACEHOLDER.findall(message.id)) == sorted(PLACEHOLDER.findall(message.string)), message.id


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
        allowed += r"|AE|TLS|SHA|MB|GB|USB|triage --config|TRIAGE_CONFIG"
        left = re.sub(allowed, " ", shown)
        assert re.findall(r"[A-Za-z]{2,}", left) == [], name


@pytest.fixture
def client_pages(client, judged) -> Dict[str, str]:  # type: ignore[no-untyped-def]
    paths = {name: f"/cases/{judged(name).id}" for name in ("red", "green", "refer", "several")}
    paths.update({"start": "/", "missing": "/nowhere", "admin": "/admin"})
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
    shown = kinds_in(errors, spool, multipart, store, access, login, passwords, people) - NOT_ON_A_PAGE
    assert {kind.code for kind in shown} | {"interrupted", "internal"} == set(words.ERROR_SENTENCES)


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
            app.preprocess_request()
            assert words.reason_sentence(reason) == sentence


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田 太郎（やまだ たろう） Yamada Tarou"),
        ("Doe^Jane", "Doe Jane"),
        ("=山田^太郎", "山田 太郎"),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ==やまだ^たろう", "ﾔﾏﾀﾞ ﾀﾛｳ やまだ たろう"),
        ("", ""),
    ],
)
def test_names_are_written_as_people_do(name: str, written: str) -> None:
    assert words.person_name(name) == written


def test_there_is_no_compiled_catalogue_to_be_older_than_its_source() -> None:
    assert {path.suffix for path in Path(TRANSLATIONS).iterdir()} == {".po"}
