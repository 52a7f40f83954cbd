"""Fixtures of the ingest tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
from pynetdicom import AE, build_context
from pynetdicom.association import Association

from appliance.ingest.acceptor import close_socket
from tests.ingest.camera_command import Start
from tests.ingest.network import CT, EXPLICIT, PATIENCE_S


@pytest.fixture
def calling() -> Iterator[Callable[..., Association]]:
    """Open associations with pynetdicom; they end with the test."""
    opened: List[Association] = []

    def run(port: int, *contexts: Any, title: str = "SCANNER", called: str = "TRIAGE") -> Association:
        entity = AE(title)
        entity.dimse_timeout = entity.acse_timeout = entity.network_timeout = PATIENCE_S
        wanted = contexts or (build_context(CT, [EXPLICIT]),)
        association = entity.associate("127.0.0.1", port, contexts=list(wanted), ae_title=called)
        opened.append(association)
        return association

    yield run
    for association in opened:
        if association.is_established:
            association.release()
        close_socket(association)


@pytest.fixture
def start(tmp_path: Path, repository: Path) -> Iterator[Start]:
    """Start ``triage camera`` over the store of this test."""
    started: List[subprocess.Popen[str]] = []

    def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli", "camera", *arguments],
            cwd=str(repository),
            env={
                **os.environ,
                "TRIAGE_STORE_FOLDER": str(tmp_path / "store"),
                "TRIAGE_INGEST_MIN_FREE_MB": "1",
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
