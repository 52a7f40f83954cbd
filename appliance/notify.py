"""What a part tells the service manager that started it (sd_notify(3)): that it is ready, and that it still works.

A part that no service manager started tells nobody.
"""

from __future__ import annotations

import os
import socket
from typing import Optional

VARIABLE = "NOTIFY_SOCKET"
"""Names the service manager's socket in the environment."""


def ready(address: Optional[str] = None) -> None:
    """Tell that the part does its work from now on."""
    _tell(b"READY=1", address)


def alive(address: Optional[str] = None) -> None:
    """Tell that the part goes on; systemd ends one that has not said so within ``WatchdogSec``.

    Parameters
    ----------
    address : str, optional
        The service manager's socket; that of the environment if not given.
    """
    _tell(b"WATCHDOG=1", address)


def _tell(state: bytes, address: Optional[str]) -> None:
    address = os.environ.get(VARIABLE) if address is None else address
    if not address:
        return
    if address.startswith("@"):  # an abstract name (unix(7))
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        manager.setblocking(False)
        try:
            manager.sendto(state, address)
        except OSError:
            pass  # a service manager that does not listen must not end a part that works
