"""What is brought to the appliance, by which way and when; and what of it was acknowledged."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import Counter as CounterOf
from typing import Dict, Iterator, List, Optional, Set, Tuple

WAYS = ("medium", "network", "upload", "zip")


@dataclass(frozen=True)
class Errand:
    """A study to be brought, and how; not before so many kills."""

    number: int
    way: str
    after: float


@dataclass
class Ledger:
    """What was acknowledged: the studies' ways, the cases that answers named, and how often anything was repeated."""

    ways: Dict[int, Set[str]] = field(default_factory=dict)
    named: Dict[str, int] = field(default_factory=dict)
    repeats: CounterOf[str] = field(default_factory=Counter)
    count: int = 0
    _lock: Lock = field(default_factory=Lock)

    def acknowledge(self, errand: Errand, case_id: Optional[str] = None) -> None:
        """Note that a study was acknowledged, and the case that the answer named."""
        with self._lock:
            self.count += 1
            self.ways.setdefault(errand.number, set()).add(errand.way)
            if case_id is not None:
                self.named[case_id] = errand.number

    def repeat(self, way: str) -> None:
        """Note that something is sent again."""
        with self._lock:
            self.repeats[way] += 1


def plan(studies: int, kills: int, seed: int) -> Tuple[Errand, ...]:
    """Say what is brought, how, and when.

    Most studies come once. Every twenty-fifth comes by two ways at the same time. The last are sent when there are
    still some kills to come, so that these hit the work on them.

    Parameters
    ----------
    studies, kills : int
        How many of each.
    seed : int
        Draws the order.
    """
    numbers = list(range(1, studies + 1))
    random.Random(f"{seed} plan").shuffle(numbers)
    errands = []
    for position, number in enumerate(numbers):
        after = 0.9 * kills * position / studies
        way = position % len(WAYS)
        errands.append(Errand(number, WAYS[way], after))
        if position % 25 == 0:
            errands.append(Errand(number, WAYS[(way + 1 + position // 25 % 3) % len(WAYS)], after))
    return tuple(errands)


class Shared:
    """An iterator for several threads."""

    def __init__(self, errands: List[Errand]) -> None:
        self._errands = iter(errands)
        self._lock = Lock()

    def __iter__(self) -> Iterator[Errand]:
        """Return itself."""
        return self

    def __next__(self) -> Errand:
        """Return the next."""
        with self._lock:
            return next(self._errands)
