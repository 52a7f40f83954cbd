"""Fixtures of the ingest tests."""

from __future__ import annotations

from typing import Any, Callable, Iterator, List

import pytest
from pynetdicom import AE, build_context
from pynetdicom.association import Association

from appliance.ingest.acceptor import close_socket
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
