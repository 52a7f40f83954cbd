"""The pages behind gunicorn: ``triage web``."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import Any, Dict, Iterator

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from appliance import notify
from appliance.config import Settings
from appliance.stop import ends_in_words
from appliance.store import Store
from appliance.web import certificate
from appliance.web.answers import page_status
from appliance.web.app import create_app
from appliance.web.live import PAGES_MAX

_THREADS = PAGES_MAX + 12
"""For the pages that wait for news, and for those that ask."""
_GRACE_S = 5
_PERIOD_S = 1.0

log = logging.getLogger(__name__)


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with one process of some threads: the pages share one store, and the work is done elsewhere.

    Parameters
    ----------
    settings : Settings
        Address, store, limits and language.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # gunicorn would say that it is ready before it is
        self._manager = os.environ.pop(notify.VARIABLE, "")
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's own settings, from nowhere else."""
        host = self._settings.server.host
        options: Dict[str, Any] = {
            "bind": f"[{host}]:{self._settings.server.port}" if ":" in host else f"{host}:{self._settings.server.port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": _THREADS,
            "graceful_timeout": _GRACE_S,
            "loglevel": "warning",
            "control_socket_disable": True,  # newer releases would open one in the home folder
            "forwarded_allow_ips": "",  # the application itself takes what a proxy says, where there is one
        }
        found = certificate.files(self._settings)
        if found:
            options.update(certfile=str(found.certificate), keyfile=str(found.key))
            options["ssl_context"] = lambda config, make_default: certificate.context(found)
        options["post_worker_init"] = lambda worker: self._follow()
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _follow(self) -> None:
        """Tell the service manager again and again that the page answers, from the process that serves it.

        Whatever it answers: records that are damaged are no reason to end the page that says so.
        """
        if self._manager:
            threading.Thread(target=self._tell, name="notify", daemon=True).start()

    def _tell(self) -> None:
        while page_status(self._settings) is None:
            time.sleep(_PERIOD_S)
        notify.ready(self._manager)
        while True:
            if page_status(self._settings) is not None:
                notify.alive(self._manager)
            time.sleep(_PERIOD_S)

    def load(self) -> Flask:
        """Make the application in the process that serves it."""
        return create_app(self._settings)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; does not return but exits.

    Who starts it is told on standard error how to log in for the first time, and the certificate's fingerprint.
    """
    with ends_in_words(log):
        certificate.files(settings)  # gunicorn would make a status of its own of what is wrong with them
        server = Server(settings)
        with Store(settings.store.folder, "web") as store:
            for line in _first_words(settings, store):
                print(line, file=sys.stderr, flush=True)
    server.run()


def _first_words(settings: Settings, store: Store) -> Iterator[str]:
    fingerprint = certificate.fingerprint(settings)
    if fingerprint:
        yield f"The page's certificate has the SHA-256 fingerprint {fingerprint}"
    if settings.server.tls == "off" and not settings.server.local:
        yield "[server] tls = off: passwords and patients' names cross the network for everyone to read."
    if not store.people.anybody() and not settings.server.open_until_setup:
        yield f"Nobody was set up yet. Open /setup on the page, with the code {store.codes.make(None)}"
