"""Whether the page answers, asked from this machine as a browser would ask."""

from __future__ import annotations

import http.client
import ssl

from appliance.config import Settings
from appliance.web import certificate

_TIMEOUT_S = 5.0


def page_answers(settings: Settings) -> bool:
    """Tell whether the page at the settings' address answers that it can read the records.

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
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
