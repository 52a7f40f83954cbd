"""Who kills whom, and when: a thread for each part, its moments from the soak's seed."""

from __future__ import annotations

import random
import time
from threading import Condition, Event, Thread
from typing import Optional

from appliance.store import Store
from appliance.store.jobs import MAX_ATTEMPTS
from tests.soak.parts import UP_S, Part

LONGEST_S = {"worker": 6.0, "web": 5.0, "scp": 5.0, "media": 7.0}
"""A part is up so long at most before it is killed. A disc is read two seconds after a watcher's start."""

AIMS = {
    "worker": ("temporary/unpacked-*", "rendered/.writing-*"),
    "web": ("temporary/upload-*",),
    "scp": ("network/*/.part-*", "network/*.complete"),
    "media": ("temporary/media-*",),
}
"""What lies in the store while a part is in the middle of something."""

WHOM = {
    "worker": ("main", "all"),
    "web": ("main", "main", "all", "child"),
    "scp": ("main",),
    "media": ("main", "all"),
}

_START_S = 0.6
_AIM_S = 1.5
_AIM_PERIOD_S = 0.004
_PERIOD_S = 0.02


class NotUp(Exception):
    """A part does not start any more."""


class Kills:
    """How many there were, for those who wait for a number of them."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = Condition()

    def add(self) -> None:
        """Count one."""
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait_for(self, count: float, seconds: float) -> bool:
        """Wait until there were so many; False where they did not come in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, seconds)


class Killer(Thread):
    """Kills one part again and again, and starts it as often.

    A quarter of its kills hit a part that is starting; a third wait for the part to be in the middle of something; the
    others come at any time.

    Parameters
    ----------
    part : Part
        The part.
    quota : int
        How often it is killed.
    store : Store
        What it works on.
    kills : Kills
        Counts them.
    seed : str
        Of the moments.
    stop : threading.Event
        Ends the thread.
    """

    def __init__(self, part: Part, quota: int, store: Store, kills: Kills, seed: str, stop: Event) -> None:
        super().__init__(name=f"kills the {part.name}", daemon=True)
        self.fault: Optional[str] = None
        self.spared = 0
        self._part, self._quota, self._store, self._kills, self._stop_asked = part, quota, store, kills, stop
        self._random = random.Random(f"{seed} {part.name}")

    def run(self) -> None:
        """Kill; at the end the part runs."""
        try:
            self._kill_all()
        except Exception as error:  # noqa: BLE001
            self.fault = repr(error)  # whatever it is, the soak must hear of it

    def _kill_all(self) -> None:
        while self._part.kills < self._quota and not self._stop_asked.is_set():
            choice = self._random.random()
            if choice < 0.25:
                time.sleep(self._random.uniform(0, _START_S))
            else:
                self._wait_until_up()
                time.sleep(LONGEST_S[self._part.name] * self._random.random() ** 2)
                if choice > 0.67:
                    self._aim()
            if self._part.name == "worker":
                self._spare()
            if self._part.kill(self._random.choice(WHOM[self._part.name])):
                self._kills.add()
        self._wait_until_up()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + UP_S
        while not self._part.is_up():
            if time.monotonic() > deadline:
                raise NotUp(f"the {self._part.name} did not come up within {UP_S:.0f} s of its start")
            time.sleep(_PERIOD_S)

    def _aim(self) -> None:
        """Wait a while for the part to be busy."""
        folder = self._store.spool.parent
        deadline = time.monotonic() + _AIM_S
        while time.monotonic() < deadline:
            if any(any(folder.glob(pattern)) for pattern in AIMS[self._part.name]):
                time.sleep(self._random.uniform(0, 0.02))
                return
            time.sleep(_AIM_PERIOD_S)

    def _spare(self) -> None:
        """Let a worker live that tries a case for the last time: given up after that, it would be no lost study."""
        last = (
            "SELECT 1 FROM cases WHERE state = 'running' AND (attempts >= :most OR "
            "(attempts = :most - 1 AND lease_until < :soon)) LIMIT 1"
        )
        while self._store.database.rows(last, most=MAX_ATTEMPTS, soon=time.monotonic() + 1.0):
            self.spared += 1
            if self._stop_asked.wait(0.1):
                return
