"""A thread of the worker that looks at the board, and keeps what it sees for the pages."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import FrozenSet, Optional, Type

from appliance.board import Strain
from appliance.device.board import ROOT, identity, read_board
from appliance.device.jetson_stats import JetsonStats
from appliance.device.strain import Watch
from appliance.errors import TriageError
from appliance.store import Store

LOOK_S = 5.0
SAVE_S = 30.0
"""What strains the board is told at once; the rest as often as this."""

log = logging.getLogger("appliance.worker")


class BoardWatch:
    """Look at the board until the end of the block; a context manager.

    Parameters
    ----------
    store : Store
        Keeps what is seen.
    root : pathlib.Path
        The file system's root.
    look_s : float
        Seconds between two looks.
    """

    def __init__(self, store: Store, root: Path = ROOT, look_s: float = LOOK_S) -> None:
        self._store = store
        self._root = root
        self._look_s = look_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="board", daemon=True)

    def __enter__(self) -> BoardWatch:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        known, watch = identity(self._root), Watch()
        told_strains: Optional[FrozenSet[Strain]] = None
        saved_at = 0.0
        with JetsonStats() as statistics:
            while True:
                board = read_board(known, self._root, statistics.told())
                now = time.monotonic()
                strains = watch.look(board, now)
                if strains != told_strains or now - saved_at >= SAVE_S:
                    if strains != told_strains and (strains or told_strains):
                        log.warning("board: %s", ", ".join(sorted(strains)) or "no longer strained")
                    try:
                        self._store.board.save(board, strains, statistics.state)
                        told_strains, saved_at = strains, now
                    except (TriageError, OSError) as error:
                        log.error("what the board says is not kept: %s", error)
                if self._ended.wait(self._look_s):
                    return
