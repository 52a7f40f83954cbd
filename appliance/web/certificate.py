"""The page's certificate: that of the hospital, or one that the appliance makes for itself."""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import ssl
import struct
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import List, Optional, Set, Union

with warnings.catch_warnings():
    # on Python 3.8, where JetPack 5 stays, it announces at each start that a later release will not run there
    warnings.simplefilter("ignore")
    from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.config import Settings
from appliance.errors import ConfigError
from appliance.files import replace_file

OWN = "page-certificate.pem"
"""Name in the store's folder of the key and the certificate that the appliance made, both in one file."""

VALID = timedelta(days=825)
"""Browsers take no longer ones."""

_RENEWED = timedelta(days=30)
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption alone. Those of TLS 1.3 all are so."""

_SIOCGIFADDR = 0x8915
"""Asks Linux for an interface's address (netdevice(7))."""

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


@dataclass(frozen=True)
class Files:
    """What a server speaks TLS with.

    Attributes
    ----------
    certificate, key : pathlib.Path
        PEM.
    """

    certificate: Path
    key: Path


def speaks_tls(settings: Settings) -> bool:
    """Tell whether the page itself speaks TLS.

    Raises
    ------
    ConfigError
        When the settings contradict each other.
    """
    server = settings.server
    if (server.tls_certificate is None) != (server.tls_key is None):
        raise ConfigError("[server] tls_certificate and tls_key belong together; name both files, or none.")
    if server.tls != "auto":
        if server.tls_certificate is not None:
            raise ConfigError(f'[server] tls = "{server.tls}" leaves no use for tls_certificate; remove one of them.')
        if server.tls == "proxy" and not server.local:
            raise ConfigError('[server] tls = "proxy" needs host = "127.0.0.1": others would get past the proxy.')
        return False
    return server.tls_certificate is not None or not server.local


def files(settings: Settings) -> Optional[Files]:
    """Return the files of the page's certificate, made or renewed where it is the appliance's own; None without TLS.

    Raises
    ------
    ConfigError
        When a certificate of the hospital cannot be used.
    UnreadablePathError
        When the store's folder cannot be written.
    """
    if not speaks_tls(settings):
        return None
    server = settings.server
    if server.tls_certificate is not None and server.tls_key is not None:
        found = Files(server.tls_certificate, server.tls_key)
        context(found)
        return found
    path = settings.store.folder / OWN
    if not _is_good(path, settings):
        with replace_file(path, 0o600) as file:
            file.write(_made(settings))
    return Files(path, path)


def context(found: Files) -> ssl.SSLContext:
    """Return the server's side of TLS, 1.2 or newer (BCP 195).

    Raises
    ------
    ConfigError
        When the files cannot be read or do not belong together.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(_CIPHERS)
    try:
        # an answer, so that nobody is asked for a password at a terminal
        made.load_cert_chain(found.certificate, found.key, password="")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(
            f"TLS cannot be set up with {found.certificate} and {found.key} ({error}); name PEM files that belong "
            "together, the key without a password."
        ) from error
    return made


def fingerprint(settings: Settings) -> Optional[str]:
    """Return the SHA-256 of the page's certificate as browsers show it; None where there is none."""
    if not speaks_tls(settings):
        return None
    loaded = _load(settings.server.tls_certificate or settings.store.folder / OWN)
    return ":".join(f"{byte:02X}" for byte in loaded.fingerprint(hashes.SHA256())) if loaded else None


def names_of(settings: Settings) -> Set[str]:
    """Return the names and addresses by which others reach this machine, lower case."""
    own = socket.gethostname().lower()
    names = {"localhost", own, f"{own}.local", *(name.lower() for name in settings.server.names)}
    return names | {str(address) for address in _addresses(settings)}


def _addresses(settings: Settings) -> Set[Address]:
    found: Set[Address] = {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            try:
                request = struct.pack("256s", name.encode()[:15])
                found.add(ipaddress.ip_address(fcntl.ioctl(asked.fileno(), _SIOCGIFADDR, request)[20:24]))
            except OSError:  # this interface has no address
                continue
    try:
        host = ipaddress.ip_address(settings.server.host)
        found |= set() if host.is_unspecified else {host}
    except ValueError:
        pass
    return found


def _is_good(path: Path, settings: Settings) -> bool:
    """Tell whether the certificate made before still holds: for these names, and some time yet."""
    loaded = _load(path)
    if loaded is None or path.stat().st_mode & 0o077:
        return False
    try:
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        context(Files(path, path))
    except (x509.ExtensionNotFound, ConfigError):
        return False
    held = {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}
    begins, ends = loaded.not_valid_before_utc, loaded.not_valid_after_utc
    return names_of(settings) <= held and begins <= datetime.now(timezone.utc) < ends - _RENEWED


def _load(path: Path) -> Optional[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def _made(settings: Settings) -> bytes:
    """Make a key (ECDSA, P-256) and a certificate that it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, socket.gethostname()[:64])])
    names: List[x509.GeneralName] = []
    for name in sorted(names_of(settings)):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            names.append(x509.DNSName(name))
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem + certificate.public_bytes(serialization.Encoding.PEM)
