"""One soak: an appliance in a folder, those who send to it, those who kill it, and the check at the end."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Dict, Iterator, List, Sequence, Tuple, Union

from appliance.store import Store, StoreBusyError
from tests.soak.check import faults
from tests.soak.killers import Killer, Kills
from tests.soak.parts import ENDS_S, Part, Site, parts, site
from tests.soak.plan import WAYS, Ledger, Shared, plan
from tests.soak.senders import Drive, Scanner, Sender, Uploader
from tests.soak.studies import expected, study

THREADS = {"network": 3, "upload": 2, "zip": 1}
_STUCK_S = 120.0
_SAYS_S = 5.0
_PERIOD_S = 0.2
_QUIET = 5
"""So many looks in a row must find nothing left to do."""


@dataclass
class Report:
    """What came of a soak.

    Attributes
    ----------
    faults : list of str
        What does not hold.
    figures : dict
        What was done, for people.
    """

    faults: List[str] = field(default_factory=list)
    figures: Dict[str, object] = field(default_factory=dict)


class Soak:
    """A soak in a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Empty; the store, the logs of the parts and what is being sent go there.
    studies, kills : int
        How many of each, at least.
    seed : int
        Draws the order of the studies, the pauses, and the moments of the kills.
    """

    def __init__(self, folder: Path, studies: int, kills: int, seed: int) -> None:
        self._site = site(folder)
        self._studies, self._kill_count, self._seed = studies, kills, seed
        self._errands = plan(studies, kills, seed)
        self._ledger, self._kills, self._stop = Ledger(), Kills(), Event()
        self._begun = time.monotonic()

    def run(self) -> Report:
        """Send, kill, wait until all is quiet, and check."""
        report = Report()
        wanted = expected(self._site.folder / "heads", self._site.settings())
        self._begun = time.monotonic()
        with Store(self._site.store) as store:
            with _started(self._site) as running:
                killers = self._killers(running, store)
                threads: List[Union[Killer, Sender]] = [*killers, *self._senders(store)]
                for thread in threads:
                    thread.start()
                report.faults += self._follow(store, running, killers, threads)
                if not report.faults:
                    report.faults += self._not_judged(store)
                    # the next start of the worker sweeps up, and queues what came in whole without being acknowledged
                    running[0].kill("main")
                    report.faults += self._follow(store, running, killers, threads)
                self._stop.set()
                for thread in threads:
                    thread.join(ENDS_S)
                    if thread.is_alive():
                        report.faults.append(f"{thread.name}: did not end")
                report.faults += _ended(running)
            sent = [study(errand.number) for errand in {errand.number: errand for errand in self._errands}.values()]
            report.faults += faults(store, sent, self._ledger.ways, self._ledger.named, wanted)
            report.figures = self._figures(store, running, killers)
        return report

    def _killers(self, running: Sequence[Part], store: Store) -> List[Killer]:
        share, rest = divmod(self._kill_count, len(running))
        return [
            Killer(part, share + (position < rest), store, self._kills, str(self._seed), self._stop)
            for position, part in enumerate(running)
        ]

    def _senders(self, store: Store) -> List[Sender]:
        by_way: Dict[str, Shared] = {
            way: Shared([errand for errand in self._errands if errand.way == way]) for way in WAYS
        }
        senders: List[Sender] = [
            Drive(by_way["medium"], self._site, self._ledger, self._kills, f"{self._seed} medium", self._stop, store)
        ]
        for way, count in THREADS.items():
            kind = Scanner if way == "network" else Uploader
            for number in range(count):
                seed = f"{self._seed} {way} {number}"
                senders.append(kind(by_way[way], self._site, self._ledger, self._kills, seed, self._stop))
        return senders

    def _follow(
        self,
        store: Store,
        running: Sequence[Part],
        killers: Sequence[Killer],
        threads: Sequence[Union[Killer, Sender]],
    ) -> List[str]:
        """Wait until all was sent, killed and judged; say what went wrong on the way."""
        state: Tuple[int, ...] = ()
        changed = said = time.monotonic()
        quiet = 0
        while True:
            found = [f"{thread.name}: {thread.fault}" for thread in threads if thread.fault]
            if found:
                return found
            busy = [part for part, killer in zip(running, killers) if not killer.is_alive() and not part.is_up()]
            try:
                cases = store.recent(-1)
            except StoreBusyError:
                continue
            final = sum(case.state.final for case in cases)
            if (self._ledger.count, self._kills.count, len(cases), final) != state:
                state = (self._ledger.count, self._kills.count, len(cases), final)
                changed = time.monotonic()
            if time.monotonic() - said > _SAYS_S:
                said = time.monotonic()
                self._say(state)
            if time.monotonic() - changed > _STUCK_S:
                return [f"nothing has moved for {_STUCK_S:.0f} s: {self._left(cases)}"]
            done = (
                not busy
                and final == len(cases)
                and self._ledger.count == len(self._errands)
                and not any(killer.is_alive() for killer in killers)
                and not any(path.is_dir() for path in store.network.iterdir())
            )
            quiet = quiet + 1 if done else 0
            if quiet >= _QUIET:
                self._say(state)
                return []
            time.sleep(_PERIOD_S)

    def _not_judged(self, store: Store) -> List[str]:
        """List what was acknowledged, and waits for nobody to judge it."""
        judged = {case.judged_study_uid for case in store.recent(-1)}
        numbers = [number for number in self._ledger.ways if study(number).uid not in judged]
        return [f"studies {numbers} were acknowledged and are not in the queue"] if numbers else []

    def _left(self, cases: Sequence[object]) -> str:
        missing = [
            f"{errand.number} by {errand.way}"
            for errand in self._errands
            if errand.way not in self._ledger.ways.get(errand.number, ())
        ]
        return f"{len(cases)} cases; not acknowledged are {', '.join(missing[:10]) or 'none'}"

    def _say(self, state: Tuple[int, ...]) -> None:
        acknowledged, kills, cases, final = state
        print(
            f"{time.monotonic() - self._begun:6.0f} s: {acknowledged} of {len(self._errands)} acknowledged, "
            f"{final} of {cases} cases judged, {kills} of {self._kill_count} kills",
            flush=True,
        )

    def _figures(self, store: Store, running: Sequence[Part], killers: Sequence[Killer]) -> Dict[str, object]:
        cases = store.recent(-1)
        attempts = [row["attempts"] for row in store.database.rows("SELECT attempts FROM cases")]
        return {
            "studies": self._studies,
            "acknowledged by way": dict(Counter(way for ways in self._ledger.ways.values() for way in sorted(ways))),
            "kills": {part.name: part.kills for part in running},
            "kills that hit a running job": sum(attempts) - len(attempts),
            "cases begun more than once": sum(number > 1 for number in attempts),
            "moments at which a last attempt was spared": sum(killer.spared for killer in killers),
            "sent again": dict(self._ledger.repeats),
            "parts that ended unkilled": {part.name: part.ended for part in running if part.ended},
            "cases": len(cases),
            "same as another": sum(case.same_as is not None for case in cases),
            "superseded": sum(case.superseded_by is not None for case in cases),
            "audit entries": store.audit.verify().entries,
            "seconds": round(time.monotonic() - self._begun),
        }


@contextmanager
def _started(where: Site) -> Iterator[List[Part]]:
    running = parts(where)
    try:
        for part in running:
            part.start()
        yield running
    finally:
        for part in running:
            part.end_all()


def _ended(running: Sequence[Part]) -> List[str]:
    """Ask every part to end, and see that nothing of the killed ones is left."""
    found = []
    for part in running:
        status = part.stop()
        if status != 0:
            found.append(f"the {part.name}, asked to end, " + ("did not" if status is None else f"ended with {status}"))
        if part.ended and part.name != "web":
            # gunicorn may: it gives up its address after five seconds, and an orphan of the last one may need six
            found.append(f"the {part.name} ended with {part.ended}, though nobody killed it")
        stayed = part.end_orphans()
        if stayed:
            found.append(f"{stayed} children of a killed {part.name} went on without it")
    return found
