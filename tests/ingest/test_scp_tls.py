"""Network storage under TLS."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any, Optional

import pytest

from appliance.ingest.send import NotConnectedError
from tests.ingest.network import (
    data_sets,
    receiving,
    write_study,
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority's certificate and two certificates that it signed, made by openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("authority")
    new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("ca", "stranger"):
        openssl(
            folder, *new, "-x509", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"
        )
    (folder / "name").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("server", "client"):
        openssl(folder, *new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        sign = ["x509", "-req", "-days", "2", "-in", f"{name}.csr", "-out", f"{name}.pem", "-extfile", "name"]
        openssl(folder, *sign, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
    return folder


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def client(authority: Path, own: Optional[str], trusted: str = "ca") -> Any:
    from appliance.ingest.tls import client_context

    pair = (authority / f"{own}.pem", authority / f"{own}.key") if own else (None, None)
    return client_context(*pair, authority / f"{trusted}.pem")


@pytest.mark.slow
def test_tls_with_a_client_certificate(tmp_path: Path, authority: Path) -> None:
    disc = write_study(tmp_path / "disc", size=256)
    settings = {
        "tls_certificate": authority / "server.pem",
        "tls_key": authority / "server.key",
        "tls_authority": authority / "ca.pem",
    }
    with receiving(tmp_path / "store", **settings) as receiver:
        with socket.create_connection(("127.0.0.1", receiver.server.port)):  # shakes no hands
            for tls in (None, client(authority, None), client(authority, "stranger")):
                with pytest.raises(NotConnectedError):
                    receiver.send(disc, tls=tls)
            assert all(outcome.stored for outcome in receiver.send(disc, tls=client(authority, "client")))
        assert receiver.files(receiver.case()) == data_sets(disc.iterdir())


def test_tls_without_one(tmp_path: Path, authority: Path) -> None:
    disc = write_study(tmp_path / "disc")
    settings = {"tls_certificate": authority / "server.pem", "tls_key": authority / "server.key"}
    with receiving(tmp_path / "store", **settings) as receiver:
        with pytest.raises(NotConnectedError):  # nobody it trusts has signed the server's certificate
            receiver.send(disc, tls=client(authority, None, "stranger"))
        assert all(outcome.stored for outcome in receiver.send(disc, tls=client(authority, None)))
