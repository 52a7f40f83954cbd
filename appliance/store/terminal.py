"""Commands of the terminal that work on a store."""

from __future__ import annotations

import argparse
import os
from typing import Callable, Optional

from appliance.config import Settings
from appliance.store.store import Store

Command = Callable[[argparse.Namespace, Settings], int]


def over_the_store(function: Callable[[argparse.Namespace, Store], Optional[int]]) -> Command:
    """Make a command of a function that needs the store open.

    Parameters
    ----------
    function : callable
        Takes the options and the store, and returns the exit status; None for 0. The audit trail names the user.
    """

    def run(options: argparse.Namespace, settings: Settings) -> int:
        with Store(settings.store.folder, f"terminal, user {os.getuid()}") as store:
            return function(options, store) or 0

    return run
