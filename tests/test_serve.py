from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
import warnings
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional

import psutil
import pytest

from tests.running import disc_files, wait_for, zipped
from tests.web.logins import PASSWORD

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path, repository: Path) -> Iterator[Start]:
    """Start ``triage serve`` on a free port, over a store of this test."""
    started = []

    def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli", "serve", *arguments],
            cwd=str(repository),
            env={
                **os.environ,
                "TRIAGE_STORE_FOLDER": str(tmp_path / "store"),
                "TRIAGE_SERVER_PORT": "0",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate()


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address), address
    return address


def document(address: str) -> Optional[Dict[str, object]]:
    with urllib.request.urlopen(address + ".json") as answer:
        found = json.load(answer)
    return found if found["state"] in ("done", "refused", "failed") else None


def workers(process: subprocess.Popen[str]) -> List[psutil.Process]:
    """The child that owns the children that decode."""
    return [child for child in psutil.Process(process.pid).children() if any(map(decodes, child.children()))]


def decodes(process: psutil.Process) -> bool:
    try:
        return "appliance.dicom.child" in process.cmdline()
    except psutil.Error:  # it has just ended
        return False


def send(address: str, body: bytes) -> str:
    """Upload one file as curl would, and return the address of its case."""
    form = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.zip"\r\n\r\n' + body + b"\r\n--x--\r\n"
    request = urllib.request.Request(
        address + "cases",
        data=form,
        headers={"Content-Type": "multipart/form-data; boundary=x", "Accept": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201
        return address.rstrip("/") + json.load(answer)["case"]


def test_the_demo_is_judged_and_its_address_printed(start: Start) -> None:
    process = start("--demo")
    address = address_of(process)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Simulated study: red_black. ")
    case = process.stdout.readline().strip()
    assert case.startswith(address + "cases/")
    with urllib.request.urlopen(case + "?lang=ja") as answer:
        page = answer.read().decode()
    assert "要緊急対応の疑い" in page and "模擬データ" in page


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_the_next_study_judged(start: Start) -> None:
    process = start()
    address = address_of(process)
    (first,) = wait_for(lambda: workers(process))
    first.kill()
    case = send(address, zipped(disc_files()))
    found = wait_for(lambda: document(case))
    assert found["state"] == "done"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything(start: Start, number: int) -> None:
    process = start()
    address_of(process)
    wait_for(lambda: workers(process))
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, complaints = process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in complaints
    assert psutil.wait_procs(family, timeout=120)[1] == []


@pytest.mark.slow
def test_an_address_in_use_is_one_sentence(start: Start) -> None:
    port = address_of(start()).rstrip("/").rsplit(":", 1)[1]
    second = start(TRIAGE_SERVER_PORT=port)
    said, complaints = second.communicate()
    assert second.returncode == 2 and said == ""
    assert len(complaints.splitlines()) == 1 and f"port {port}" in complaints


@pytest.mark.slow
def test_without_a_network_it_says_so_and_ends(start: Start, tmp_path: Path) -> None:
    process = start(TRIAGE_ENGINE_MANIFEST=str(tmp_path / "absent.json"))
    _, complaints = process.communicate()
    assert process.returncode not in (0, None)
    assert "absent.json" in complaints and "Traceback" not in complaints


@pytest.mark.slow
def test_an_unfinished_upload_is_discarded_at_the_start(start: Start, tmp_path: Path) -> None:
    left = tmp_path / "store" / "spool" / ".receiving-abc"
    left.mkdir(parents=True)
    (left / "000001").write_bytes(b"half a patient")
    address_of(start())
    assert not left.exists()


@pytest.mark.slow
def test_a_folder_of_more_files_than_may_be_open_comes_in(start: Start, tmp_path: Path) -> None:
    address = address_of(start())
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="%d"\r\n\r\n' % i + b"y" * 600_000 + b"\r\n"
        for i in range(5)
    )
    small = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="%d"\r\n\r\nz\r\n' % i for i in range(3000)
    )
    request = urllib.request.Request(
        address + "cases",
        data=parts + small + b"--x--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=x", "Accept": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        case = json.load(answer)["case"]
    (folder,) = (tmp_path / "store" / "spool").iterdir()
    assert len(list(folder.iterdir())) == 3005
    assert wait_for(lambda: document(address.rstrip("/") + case))["state"] == "failed"


def test_a_disc_in_the_watched_folder_is_judged(start: Start, tmp_path: Path) -> None:
    (tmp_path / "drive").mkdir()
    address = address_of(start(TRIAGE_MEDIA_WATCH="folder", TRIAGE_MEDIA_FOLDER=str(tmp_path / "drive")))
    making = tmp_path / "making"
    making.mkdir()
    for number, content in enumerate(disc_files()):
        (making / f"IM{number}").write_bytes(content)
    making.rename(tmp_path / "drive" / "disc")

    def case() -> Optional[str]:
        with urllib.request.urlopen(address + "?lang=en") as answer:
            page = answer.read().decode()
        found = re.search(r'It may be removed\..*?"/(cases/[^"]+)"', page, re.DOTALL)
        return found.group(1) if found else None

    assert wait_for(lambda: document(address + wait_for(case)))["state"] == "done"


def first_words(process: subprocess.Popen[str]) -> Dict[str, str]:
    """What a page that others see says at its start: its fingerprint, and the code for the first person."""
    said: Dict[str, str] = {}
    assert process.stderr is not None
    while "code" not in said:
        line = process.stderr.readline()
        assert line, "it ended"
        for name, pattern in (("fingerprint", r"fingerprint ([0-9A-F:]{95})"), ("code", r"code ([A-Z2-7-]{19})")):
            found = re.search(pattern, line)
            if found:
                said[name] = found.group(1)
    return said


def test_beyond_this_machine_there_is_tls_and_a_login(start: Start, tmp_path: Path) -> None:
    process = start(TRIAGE_SERVER_HOST="0.0.0.0")
    said = first_words(process)
    assert process.stdout is not None
    found = re.fullmatch(r"https://0\.0\.0\.0:(\d+)/", process.stdout.readline().strip())
    assert found is not None
    port = int(found.group(1))
    address = f"https://127.0.0.1:{port}"

    # the browser trusts what the administrator compared
    trusting = ssl.create_default_context(cafile=str(tmp_path / "store" / "page-certificate.pem"))
    with socket.create_connection(("127.0.0.1", port)) as plain:
        with trusting.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            assert secured.version() in ("TLSv1.2", "TLSv1.3")
            seen = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest().upper()
            assert seen == said["fingerprint"].replace(":", "")
    handler = urllib.request.HTTPSHandler(context=trusting)
    opener = urllib.request.build_opener(handler, urllib.request.HTTPCookieProcessor())
    with opener.open(address + "/") as answer:
        assert answer.url == address + "/setup"
        assert not re.search(r"\d", answer.headers["Server"]), "no version"
        assert "Strict-Transport-Security" not in answer.headers, "its own certificate is not one that browsers trust"
        (token,) = re.findall(r'name="form_token" value="([^"]+)"', answer.read().decode())
    form = {"form_token": token, "code": said["code"], "name": "tanaka", "password": PASSWORD, "again": PASSWORD}
    with opener.open(address + "/setup", urllib.parse.urlencode(form).encode()) as answer:
        assert answer.url == address + "/people" and said["fingerprint"] in answer.read().decode()
    with urllib.request.build_opener(handler).open(address + "/healthz") as answer:
        assert answer.status == 200
    with urllib.request.build_opener(handler).open(address + "/") as answer:
        assert answer.url.startswith(address + "/login")


def test_old_tls_weak_ciphers_and_none_are_refused(start: Start) -> None:
    process = start(TRIAGE_SERVER_HOST="0.0.0.0")
    assert process.stdout is not None
    port = int(process.stdout.readline().strip().rstrip("/").rsplit(":", 1)[1])

    def shake_hands(version: ssl.TLSVersion, ciphers: str) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers(ciphers)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as secured:
            return str(secured.cipher())

    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises(OSError):
            shake_hands(version, "ALL:@SECLEVEL=0")
    for weak in ("AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA"):
        with pytest.raises(OSError):
            shake_hands(ssl.TLSVersion.TLSv1_2, weak + ":@SECLEVEL=0")
    assert "ECDHE-ECDSA-AES" in shake_hands(ssl.TLSVersion.TLSv1_2, "ECDHE+AESGCM")
    with pytest.raises((OSError, http.client.HTTPException)):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10)


@pytest.mark.slow
def test_settings_that_cannot_be_meant_are_one_sentence(start: Start) -> None:
    for environment, word in (
        ({"TRIAGE_SERVER_TLS": "proxy", "TRIAGE_SERVER_HOST": "0.0.0.0"}, "127.0.0.1"),
        ({"TRIAGE_SERVER_TLS_CERTIFICATE": "/absent.pem", "TRIAGE_SERVER_TLS_KEY": "/absent.pem"}, "/absent.pem"),
    ):
        process = start(**environment)
        said, complaints = process.communicate()
        assert process.returncode in (1, 2) and said == ""
        assert word in complaints and "Traceback" not in complaints
