"""Settings: defaults, then a file, then the environment; nothing unknown, nothing of the wrong kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config_file import load_settings
from appliance.errors import ConfigError


def test_environment_overrides_file_overrides_defaults(tmp_path: Path) -> None:
    """In this order."""
    path = tmp_path / "triage.toml"
    path.write_text('[server]\nport = 9000\nlanguage = "en"\n[store]\nfolder = "/somewhere"\n')
    settings = load_settings(path, {"TRIAGE_SERVER_PORT": "9001"})
    assert (settings.server.port, settings.server.language) == (9001, "en")
    assert settings.store.folder == Path("/somewhere")
    assert load_settings(None, {"TRIAGE_CONFIG": str(path)}).server.port == 9000


@pytest.mark.parametrize(
    "text",
    ["port = 1", "[server]\nprot = 1", "[sever]\nport = 1", '[server]\nport = "x"', "[server]\nport = [1]", "[server"],
)
def test_what_is_refused(text: str, tmp_path: Path) -> None:
    """Outside a section, a misspelt key or section, another kind, no TOML."""
    path = tmp_path / "triage.toml"
    path.write_text(text + "\n")
    with pytest.raises(ConfigError):
        load_settings(path, {})


@pytest.mark.parametrize("name", ["TRIAGE_SERVER_PROT", "TRIAGE_PORT", "TRIAGE_DECODE_PROCESSES"])
def test_environment_is_refused_likewise(name: str) -> None:
    """A misspelt variable is an error too."""
    with pytest.raises(ConfigError):
        load_settings(None, {name: "x"})


def test_lists_truths_and_paths(tmp_path: Path) -> None:
    """In a file as TOML has them, in the environment as words."""
    path = tmp_path / "triage.toml"
    path.write_text('[scp]\nport = 104\ncalling_ae_titles = ["CT1", "CT2"]\ncheck_called = true\ntls_key = "/k.pem"\n')
    scp = load_settings(path, {}).scp
    assert (scp.port, scp.calling_ae_titles, scp.check_called) == (104, ("CT1", "CT2"), True)
    assert (scp.tls_key, scp.tls_certificate) == (Path("/k.pem"), None)
    environment = {"TRIAGE_SCP_CALLING_AE_TITLES": "CT3, CT4", "TRIAGE_SCP_CHECK_CALLED": "false"}
    scp = load_settings(path, environment).scp
    assert (scp.calling_ae_titles, scp.check_called) == (("CT3", "CT4"), False)


@pytest.mark.parametrize(
    ("number", "uri"),
    [
        ("03-1234-5678", "tel:0312345678"),
        ("+81 (3) 1234 5678", "tel:+81312345678"),
        ("*21#70123", "tel:*21%2370123"),
        ("", "tel:"),
    ],
)
def test_the_link_dials_the_number_that_is_shown(number: str, uri: str) -> None:
    """Without what only parts its digits."""
    hospital = load_settings(None, {"TRIAGE_HOSPITAL_ON_CALL_NUMBER": number}).hospital
    assert (hospital.on_call_number, hospital.on_call_uri) == (number, uri)


@pytest.mark.parametrize("number", ["内線 5123", "03-1234-5678 ext. 9", "０３", "- -", "1;2", "5123\n"])
def test_what_cannot_be_dialled_is_no_number(number: str) -> None:
    """A button would dial something else than is shown."""
    with pytest.raises(ConfigError, match="on_call_label"):
        load_settings(None, {"TRIAGE_HOSPITAL_ON_CALL_NUMBER": number})


@pytest.mark.parametrize(
    "text",
    [
        "[scp]\ncalling_ae_titles = [1]",
        '[scp]\ncheck_called = "x"',
        "[scp]\nport = true",
        '[media]\nwatch = "everything"',
        "[media]\nfolder = [1]",
    ],
)
def test_what_is_refused_of_lists_truths_and_choices(text: str, tmp_path: Path) -> None:
    """A kind that is close is not the kind."""
    path = tmp_path / "triage.toml"
    path.write_text(text + "\n")
    with pytest.raises(ConfigError):
        load_settings(path, {})
