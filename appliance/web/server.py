"""The pages behind gunicorn: ``python -m appliance.web.server``."""

from __future__ import annotations

from typing import Any, Dict

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from appliance.config import Settings
from appliance.config_file import load_settings
from appliance.web.app import create_app
from appliance.web.live import PAGES_MAX

_THREADS = PAGES_MAX + 12
"""For the pages that wait for news, and for those that ask."""
_GRACE_S = 5


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with one process of some threads: the pages share one store, and the work is done elsewhere.

    Parameters
    ----------
    settings : Settings
        Address, store, limits and language.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application in the process that serves it."""
        return create_app(self._settings)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; does not return but exits."""
    Server(settings).run()


if __name__ == "__main__":
    run(load_settings())
