from __future__ import annotations

import ipaddress
import socket
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.config import ServerSettings, Settings, StoreSettings
from appliance.errors import ConfigError
from appliance.web import certificate


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a page that others on the network see."""
    return Settings(server=ServerSettings(host="0.0.0.0"), store=StoreSettings(tmp_path))


def made(settings: Settings) -> x509.Certificate:
    files = certificate.files(settings)
    assert files is not None
    return x509.load_pem_x509_certificate(files.certificate.read_bytes())


def test_the_certificate_that_is_made(settings: Settings, tmp_path: Path) -> None:
    found = made(replace(settings, server=replace(settings.server, names=("triage.hospital.example",))))
    key = found.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    assert found.not_valid_after_utc - found.not_valid_before_utc <= timedelta(days=825)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    own = socket.gethostname().lower()
    assert {"localhost", own, f"{own}.local", "triage.hospital.example"} == set(names.get_values_for_type(x509.DNSName))
    assert ipaddress.ip_address("127.0.0.1") in names.get_values_for_type(x509.IPAddress)
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_stays_until_it_has_to_be_renewed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(settings)
    assert made(settings) == first
    shown = certificate.fingerprint(settings)
    assert shown is not None and len(shown) == 95 and made(settings) == first
    named = replace(settings, server=replace(settings.server, names=("another",)))
    second = made(named)
    assert second != first and made(settings) == second, "one name too many is no reason"
    end = second.not_valid_after_utc

    class Later(datetime):
        @classmethod
        def now(cls, zone: object = None) -> datetime:  # type: ignore[override]
            return end - timedelta(days=30) + timedelta(seconds=days)

    monkeypatch.setattr(certificate, "datetime", Later)
    days = -5
    assert made(settings) == second
    days = 5
    assert made(settings) != second


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_or_readable_one_is_made_anew(settings: Settings, tmp_path: Path, damage: bytes) -> None:
    first = made(settings)
    path = tmp_path / certificate.OWN
    path.chmod(0o644)
    second = made(settings)
    assert second != first and path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(damage)
    assert made(settings) != second


def test_the_clock_was_set_back_and_it_is_not_valid_yet(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(settings)

    class Earlier(datetime):
        @classmethod
        def now(cls, zone: object = None) -> datetime:  # type: ignore[override]
            return datetime(1990, 1, 1, tzinfo=timezone.utc)

    monkeypatch.setattr(certificate, "datetime", Earlier)
    assert made(settings).not_valid_before_utc < first.not_valid_before_utc


@pytest.mark.parametrize(
    ("server", "speaks"),
    [
        (ServerSettings(), False),
        (ServerSettings(host="localhost", logins="on"), False),
        (ServerSettings(host="10.0.0.7"), True),
        (ServerSettings(host="::"), True),
        (ServerSettings(host="0.0.0.0", tls="off"), False),
        (ServerSettings(tls="proxy"), False),
        (ServerSettings(tls_certificate=Path("a"), tls_key=Path("b")), True),
    ],
)
def test_tls_is_spoken_beyond_this_machine_unless_it_was_turned_off(server: ServerSettings, speaks: bool) -> None:
    assert certificate.speaks_tls(Settings(server=server)) is speaks


@pytest.mark.parametrize(
    "server",
    [
        ServerSettings(tls_certificate=Path("a")),
        ServerSettings(tls_key=Path("a")),
        ServerSettings(tls="off", tls_certificate=Path("a"), tls_key=Path("b")),
        ServerSettings(host="0.0.0.0", tls="proxy"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(server: ServerSettings) -> None:
    with pytest.raises(ConfigError):
        certificate.speaks_tls(Settings(server=server))


def test_files_that_do_not_belong_together_are_refused(settings: Settings, tmp_path: Path) -> None:
    own = certificate.files(settings)
    assert own is not None
    (tmp_path / "other").mkdir()
    other = certificate.files(replace(settings, store=StoreSettings(tmp_path / "other")))
    assert other is not None
    for key in (other.key, tmp_path / "absent.pem"):
        server = replace(settings.server, tls_certificate=own.certificate, tls_key=key)
        with pytest.raises(ConfigError):
            certificate.files(replace(settings, server=server))
