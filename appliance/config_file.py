"""Settings from a TOML file and the environment. Unknown keys are refused."""

from __future__ import annotations

import os
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Dict, List, Literal, Mapping, Optional, Tuple, get_args, get_origin, get_type_hints

from appliance.config import Settings
from appliance.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENVIRONMENT_PREFIX = "TRIAGE_"
"""``TRIAGE_SERVER_PORT=8081`` sets ``port`` in ``[server]``; ``TRIAGE_CONFIG`` names the TOML file."""


def load_settings(path: Optional[Path] = None, environment: Optional[Mapping[str, str]] = None) -> Settings:
    """Read the settings.

    Parameters
    ----------
    path : pathlib.Path, optional
        TOML file; without it the one that ``TRIAGE_CONFIG`` names, if any.
    environment : mapping, optional
        Environment variables; those of the process if not given.

    Returns
    -------
    Settings
        Defaults, overlaid by the file, overlaid by the environment.

    Raises
    ------
    ConfigError
        When a key is unknown, a value has the wrong kind, or the file cannot be read.
    """
    environment = os.environ if environment is None else environment
    if path is None and environment.get(ENVIRONMENT_PREFIX + "CONFIG"):
        path = Path(environment[ENVIRONMENT_PREFIX + "CONFIG"])
    settings = Settings(file=path)
    for section, values in (_read_toml(path) if path else {}).items():
        if not isinstance(values, dict):
            raise ConfigError(
                f"The setting {section!r} stands outside any section; put it under one, such as [server]."
            )
        settings = _overlay(settings, section, values)
    sections = set(section_names())
    for name, value in environment.items():
        if name.startswith(ENVIRONMENT_PREFIX) and name != ENVIRONMENT_PREFIX + "CONFIG":
            section, _, key = name[len(ENVIRONMENT_PREFIX) :].lower().partition("_")
            if section not in sections:
                raise ConfigError(
                    f"The environment variable {name} names no setting; the sections are {sorted(sections)}."
                )
            settings = _overlay(settings, section, {key: value})
    return settings


def section_names() -> List[str]:
    """Return the names of the sections, in their order."""
    return [item.name for item in fields(Settings) if item.name != "file"]


def variable_name(section: str, key: str) -> str:
    """Return the environment variable that sets a setting."""
    return f"{ENVIRONMENT_PREFIX}{section}_{key}".upper()


def _read_toml(path: Path) -> Dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"The settings file {path} cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The settings file {path} is not valid TOML: {error}.") from error


def _overlay(settings: Settings, section: str, values: Mapping[str, Any]) -> Settings:
    known = section_names()
    if section not in known:
        raise ConfigError(f"The settings have no section [{section}]; the sections are {sorted(known)}.")
    current = getattr(settings, section)
    kinds = get_type_hints(type(current))
    changed = {}
    for key, value in values.items():
        if key not in kinds:
            raise ConfigError(f"[{section}] has no setting {key!r}; it has {sorted(kinds)}.")
        changed[key] = _convert(f"[{section}] {key}", kinds[key], value)
    return replace(settings, **{section: replace(current, **changed)})


def _convert(name: str, kind: Any, value: Any) -> Any:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ConfigError(f"{name} must be one of {', '.join(get_args(kind))}, not {value!r}.")
        return value
    if kind == Tuple[str, ...]:
        return _titles(name, value)
    if kind is bool:
        return _truth(name, value)
    # of an optional value, what it is where there is one
    wanted: Any = next(iter(get_args(kind)), kind)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ConfigError(f"{name} must be a {wanted.__name__}, not {value!r}.")
    try:
        return wanted(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name} must be a {wanted.__name__}, not {value!r}.") from error


def _titles(name: str, value: Any) -> Tuple[str, ...]:
    """Read a list of strings; the environment parts them by commas."""
    values = value.split(",") if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise ConfigError(f"{name} must be a list of strings, not {value!r}.")
    return tuple(item.strip() for item in values if item.strip())


def _truth(name: str, value: Any) -> bool:
    """Read true or false; in the environment they are words."""
    found = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ConfigError(f"{name} must be true or false, not {value!r}.")
    return found
