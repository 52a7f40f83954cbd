"""TLS for DICOM associations (PS3.15 annex B.12, which follows BCP 195: TLS 1.2 or newer)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Optional

from appliance.errors import ConfigError


def server_context(certificate: Path, key: Optional[Path], authority: Optional[Path]) -> ssl.SSLContext:
    """Make the context of a side that is called.

    Parameters
    ----------
    certificate : pathlib.Path
        Its certificate and those between it and the authority, PEM.
    key : pathlib.Path or None
        Its private key, PEM, without a password; None where the certificate's file holds it.
    authority : pathlib.Path or None
        Certificates, PEM, one of which must have signed the caller's; None lets anybody call.

    Raises
    ------
    ConfigError
        When a file cannot be read, or key and certificate do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, certificate, key, authority)
    if authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(certificate: Optional[Path], key: Optional[Path], authority: Optional[Path]) -> ssl.SSLContext:
    """Make the context of a side that calls; the name it calls must stand in the other's certificate.

    Parameters
    ----------
    certificate, key : pathlib.Path or None
        Its own, for a side that asks for it; as in `server_context`.
    authority : pathlib.Path or None
        Certificates, PEM, one of which must have signed the other's; None for those that this machine trusts.

    Raises
    ------
    ConfigError
        As `server_context`.
    """
    context = ssl.create_default_context() if authority is None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, certificate, key, authority)
    return context


def _load(context: ssl.SSLContext, certificate: Optional[Path], key: Optional[Path], authority: Optional[Path]) -> None:
    try:
        if certificate is not None:
            # an answer, so that nobody is asked for a password at a terminal
            context.load_cert_chain(certificate, key, password="")
        if authority is not None:
            context.load_verify_locations(authority)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        files = ", ".join(str(path) for path in (certificate, key, authority) if path is not None)
        raise ConfigError(
            f"TLS cannot be set up with {files} ({error}); name PEM files that belong together, "
            "the key without a password."
        ) from error
