"""Open pages hear what changes: server-sent events (WHATWG HTML, section 9.2), and polling where those are used up.

One thread looks at the store; what has changed is rendered once for each language and handed to every page that waits.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Callable, Dict, Iterator, Optional, Tuple

PAGES_MAX = 40
"""Open pages that are told at once; each holds a thread of the server. Later ones ask by themselves."""

_PERIOD_S = 0.2
_STILL_HERE_S = 5.0
"""How soon a page that went away gives its place back."""

Version = Tuple[object, ...]


class Changes:
    """The newest version of what pages show, and how it looks in each language.

    Parameters
    ----------
    version : callable
        Returns what is different after each change; asked several times a second while any page waits.
    """

    def __init__(self, version: Callable[[], Version]) -> None:
        self._ask = version
        self._places = threading.BoundedSemaphore(PAGES_MAX)
        self._lock = threading.Lock()
        self._asked_at = 0.0
        self._version: Version = ()
        self._rendered: Dict[str, Tuple[Version, str]] = {}

    def take_place(self) -> bool:
        """Take one of the places for pages that wait; False where there is none left."""
        return self._places.acquire(blocking=False)

    def give_place_back(self) -> None:
        """Give a place back, when its page went away."""
        self._places.release()

    def events(self, key: str, render: Callable[[], str], allowed: Callable[[], bool]) -> Iterator[str]:
        """Yield an event for each change, the first at once, until the page goes away.

        Parameters
        ----------
        key : str
            Tells apart what looks different.
        render : callable
            Renders it now.
        allowed : callable
            Asked now and then whether to go on.
        """
        seen: Optional[Version] = None
        said_at = asked_at = time.monotonic()
        while True:
            version = self._now()
            if version != seen or time.monotonic() - asked_at > _STILL_HERE_S:
                if not allowed():
                    return
                asked_at = time.monotonic()
            if version != seen:
                yield f"data: {json.dumps(self._look(key, version, render))}\n\n"
                seen, said_at = version, time.monotonic()
            elif time.monotonic() - said_at > _STILL_HERE_S:
                yield "event: here\ndata:\n\n"
                said_at = time.monotonic()
            time.sleep(_PERIOD_S)

    def _now(self) -> Version:
        """Ask the store, but not once for each page."""
        with self._lock:
            if time.monotonic() - self._asked_at >= _PERIOD_S:
                self._version = self._ask()
                self._asked_at = time.monotonic()
            return self._version

    def _look(self, key: str, version: Version, render: Callable[[], str]) -> str:
        with self._lock:
            known = self._rendered.get(key)
            if known is None or known[0] != version:
                self._rendered[key] = known = (version, render())
            return known[1]
