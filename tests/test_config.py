"""Settings: defaults, then a file, then the environment; nothing unknown, nothing of the wrong kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config import load_settings
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
