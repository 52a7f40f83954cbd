"""What the appliance has judged so far, added up from the audit trail.

Cases are removed by age, so a count of them falls; entries of the audit trail are never changed or removed, so what is
added up from them only grows, and is the same after a restart. That is what Prometheus calls a counter. Each entry is
read once: a sum goes on from the last entry that is in it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Tuple
from typing import Counter as Counts

from appliance.store.audit import Act
from appliance.store.database import Database

OUTCOMES = ("red_black", "green_yellow", "refer", "same", "failed")
"""What a case ends with. ``same``: its images had been judged before, and it got that answer."""

BOUNDS_S = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0, 60.0, 120.0)
"""Upper bounds in seconds by which judgements are counted."""

_AT_ONCE = 5000


@dataclass
class Totals:
    """Sums over all entries.

    Attributes
    ----------
    cases : counter of (str, str)
        Cases that ended, by outcome and source.
    within : list of int
        Judgements by the bound that they stayed within, and those beyond the last; none is counted twice.
    seconds : float
        What all judgements took together.
    """

    cases: Counts[Tuple[str, str]] = field(default_factory=Counter)
    within: List[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    seconds: float = 0.0


class Tally:
    """Adds up the audit trail of a store, for several threads.

    Parameters
    ----------
    database : Database
        Holds the trail.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._begin()

    def totals(self) -> Totals:
        """Return the sums up to now."""
        with self._lock:
            query = "SELECT 1 FROM audit WHERE number = ? AND hash = ?"
            if self._last and not self._database.rows(query, *self._last):
                self._begin()  # another trail took the place of a damaged one
            while True:
                number = self._last[0] if self._last else 0
                query = "SELECT * FROM audit WHERE number > ? ORDER BY number LIMIT ?"
                rows = self._database.rows(query, number, _AT_ONCE)
                for row in rows:
                    self._add(row)
                if len(rows) < _AT_ONCE:
                    sums = self._sums
                    return Totals(Counter(sums.cases), list(sums.within), sums.seconds)

    def _begin(self) -> None:
        self._last: Tuple[Any, ...] = ()
        self._sources: Dict[int, str] = {}
        self._sums = Totals()

    def _add(self, row: sqlite3.Row) -> None:
        self._last = (row["number"], row["hash"])
        what, case = row["what"], row["case_number"]
        if what == Act.RECEIVED.value:
            self._sources[case] = json.loads(row["detail"])["source"]
        elif what == Act.PURGED.value:
            self._sources.pop(case, None)
        elif what == Act.JUDGED.value:
            detail = json.loads(row["detail"])
            outcome = detail.get("verdict") or ("failed" if "failed" in detail else "same")
            self._sums.cases[outcome, self._sources.pop(case, "unknown")] += 1
            if "ms" in detail:
                seconds = detail["ms"] / 1000
                self._sums.within[bisect_left(BOUNDS_S, seconds)] += 1
                self._sums.seconds += seconds
