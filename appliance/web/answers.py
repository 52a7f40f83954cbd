"""Whether the page answers, asked from this machine as a browser would ask."""

from __future__ import annotations

import http.client
import ssl
from typing import Optional

from appliance.config import Settings
from appliance.web import certificate

_TIMEOUT_S = 5.0


def page_answers(settings: Settings) -> bool:
    """Tell whether the page at the settings' address answers that it can read the records; raises as `page_status`."""
    return page_status(settings) == 200


def page_status(settings: Settings) -> Optional[int]:
    """Ask the page at the settings' address how it is.

    Returns
    -------
    int or None
        The status of its answer: 200 where it can read the records. Any other still comes from a page that works, and
        shows what is wrong. None where no whole answer comes.

    Raises
    ------
    ConfigError
        When the settings contradict each other.
    """
    server = settings.server
    # a page that listens everywhere listens on this machine too
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, server.port, timeout=_TIMEOUT_S)
    if certificate.speaks_tls(settings):
        # it is only asked whether somebody answers
        context = ssl._create_unverified_context()  # noqa: S323
        connection = http.client.HTTPSConnection(host, server.port, timeout=_TIMEOUT_S, context=context)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()  # raises where the answer ends too early
        return response.status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
