"""`Store`: the folder that holds the database, the spool and the slices shown."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import AbstractSet, Any, List, Optional, Tuple, Type

from appliance.store.acknowledgements import Acknowledgements
from appliance.store.arrivals import Arrivals
from appliance.store.aside import DATABASE, HEAD
from appliance.store.attempts import Attempts
from appliance.store.audit import Audit
from appliance.store.boards import Boards
from appliance.store.captures import Captures
from appliance.store.cases import CASES, Case, Link, Source, State, case_of
from appliance.store.codes import Codes
from appliance.store.database import Database, StoreError
from appliance.store.feedback import Feedbacks
from appliance.store.frames import Frames
from appliance.store.identities import Identities
from appliance.store.jobs import Jobs
from appliance.store.media import Media
from appliance.store.people import People
from appliance.store.scratch import held_folder, sweep
from appliance.store.sessions import Sessions
from appliance.store.studies import Studies

log = logging.getLogger("appliance.store")


class Store:
    """What the appliance remembers; a context manager, to be opened once in a process.

    Parameters
    ----------
    folder : pathlib.Path
        Made if absent, readable by its owner alone.
    who : str
        Component or user that opens it, for the audit trail.

    Attributes
    ----------
    folder : pathlib.Path
        Holds all that follows.
    database : Database
        The file of all that follows.
    audit : Audit
        Who did what.
    arrivals : Arrivals
        The way into the spool and the queue.
    jobs : Jobs
        The work on the cases.
    studies : Studies
        Which images each case judged.
    media : Media
        The discs and sticks that were inserted.
    people, codes, sessions, attempts : People, Codes, Sessions, Attempts
        Who may use the page, who has been given a code, who is logged in, whose logins failed.
    acknowledgements : Acknowledgements
        Who took notice of which case.
    feedback : Feedbacks
        What people themselves saw in the studies.
    captures : Captures
        What cameras look at.
    identities : Identities
        Whose photographed cases are, as people confirmed.
    board : Boards
        What the worker saw of the machine itself.
    spool : pathlib.Path
        Holds what came in, one folder a medium.
    rendered : pathlib.Path
        Holds the slices that pages show, one folder a case.
    temporary : pathlib.Path
        Holds what is being made, each folder as long as its process lives.
    network : pathlib.Path
        Holds the studies that network storage acknowledges image by image, until they are complete. Never swept.
    worker_lock, network_lock, media_lock, camera_lock : pathlib.Path
        Files that a worker, network storage, the watcher of media and the camera process hold a lock on while they live
        (`appliance.presence`).

    Raises
    ------
    StoreError
        When the folder cannot be used.
    """

    def __init__(self, folder: Path, who: str = "appliance") -> None:
        self.spool = folder / "spool"
        self.rendered = folder / "rendered"
        self.temporary = folder / "temporary"
        self.network = folder / "network"
        self._frames = folder / "frames"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for room in (self.spool, self.rendered, self.temporary, self.network, self._frames):
                room.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The store {folder} cannot be made ({error.strerror}); name another with [store] folder."
            ) from error
        self.folder = folder
        self.worker_lock = folder / "worker.lock"
        self.network_lock = self.network / ".lock"
        self.media_lock = folder / "media.lock"
        self.camera_lock = folder / "camera.lock"
        self.database = Database(folder / DATABASE)
        self.audit = Audit(self.database, folder / HEAD, who)
        self.arrivals = Arrivals(self.spool, self.audit)
        self.jobs = Jobs(self.database, self.audit)
        self.studies = Studies(self.audit)
        self.media = Media(self.database)
        self.people = People(self.database, self.audit)
        self.codes = Codes(self.audit)
        self.sessions = Sessions(self.database)
        self.attempts = Attempts(self.database)
        self.acknowledgements = Acknowledgements(self.database, self.audit)
        self.feedback = Feedbacks(self.database, self.audit)
        self.captures = Captures(self.database)
        self.identities = Identities(self.audit)
        self.board = Boards(folder / "board.json")

    def __enter__(self) -> Store:
        """Return itself."""
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Close the database."""
        self.close()

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def recover(self) -> None:
        """Put in order what killed processes left: sweep what was unfinished, queue what was finished.

        May be called while others work.
        """
        for folder, prefix in ((self.temporary, ""), (self.rendered, "."), (self.spool, ".")):
            swept = sweep(folder, prefix)
            if swept:
                log.warning("removed %d unfinished folders from %s", swept, folder)
        known = {row["spool"] for row in self.database.rows("SELECT spool FROM cases WHERE state <> 'received'")}
        for folder in sorted(self.spool.glob("?*-*"), key=lambda path: path.stat().st_mtime):
            # a medium that was complete when its process was killed, or that is younger than a restored database
            source = _source_of(folder.name)
            if source and folder.name not in known and folder.is_dir():
                case = self.arrivals.queue(source, folder.name)
                log.warning("queued %s, which was complete and waited for nobody, as case %d", folder.name, case.number)

    def scratch(self, purpose: str) -> AbstractContextManager[Path]:
        """Make an empty folder on the spool's file system that goes away at the end of the block.

        It goes away too, by the next `recover`, where the process was killed; not where `Arrivals.receive` took it.

        Parameters
        ----------
        purpose : str
            Beginning of its name.
        """
        return held_folder(self.temporary, purpose + "-")

    def frames(self, capture_id: str) -> Frames:
        """Return the folder for what the camera of a capture sees."""
        return Frames(self._frames / capture_id)

    def remove_frames(self, keep: AbstractSet[str]) -> None:
        """Remove what the cameras of all captures saw but of those to keep."""
        for folder in self._frames.iterdir():
            if folder.name not in keep:
                Frames(folder).remove()

    def choose(self, case: Case, study_uid: str) -> Case:
        """Queue one study of a case's files; the same case again where that study was chosen before.

        Parameters
        ----------
        case : Case
            A case that was refused because its files hold several studies.
        study_uid : str
            One of the studies that its verdict lists.

        Raises
        ------
        ValueError
            When it lists no such study, or its files are no longer kept.
        """
        choices = case.verdict["choices"] if case.verdict else []
        if study_uid not in {choice["uid"] for choice in choices} or case.pixels_removed_at:
            raise ValueError(f"case {case.number} offers no study {study_uid}")
        return self.arrivals.queue(case.source, case.spool, study_uid)

    def case(self, case_id: str) -> Optional[Case]:
        """Return a case by its id."""
        return self._one("cases.id = ?", case_id)

    def numbered(self, number: int) -> Optional[Case]:
        """Return a case by its number."""
        return self._one("cases.number = ?", number)

    def recent(self, limit: int, before: Optional[int] = None) -> List[Case]:
        """Return the newest cases, newest first; all where the limit is negative; those before a number, if given."""
        query = f"{CASES} WHERE ? IS NULL OR cases.number < ? ORDER BY cases.number DESC LIMIT ?"
        return [case_of(row) for row in self.database.rows(query, before, before, limit)]

    def version(self) -> Tuple[object, ...]:
        """Return what differs once anything does that a page shows of cases and media."""
        query = (
            "SELECT (SELECT MAX(number) FROM audit),"
            "(SELECT group_concat(number || state || COALESCE(step, '') || COALESCE(step_done, '')) FROM cases "
            "WHERE state IN ('received', 'queued', 'running')),"
            "(SELECT group_concat(number || state || done || present) FROM media WHERE present OR number = "
            "(SELECT MAX(number) FROM media))"
        )
        return tuple(self.database.rows(query)[0])

    def superseded(self, case: Case) -> List[Link]:
        """Return the cases that a case took the place of."""
        query = "SELECT number, id FROM cases WHERE superseded_by = ? ORDER BY number"
        return [Link(row["number"], row["id"]) for row in self.database.rows(query, case.number)]

    def waiting_before(self, case: Case) -> int:
        """Count the unfinished cases that come before a queued one."""
        query = "SELECT COUNT(*) FROM cases WHERE number < ? AND state IN (?, ?)"
        return int(self.database.rows(query, case.number, State.QUEUED.value, State.RUNNING.value)[0][0])

    def _one(self, condition: str, *values: Any) -> Optional[Case]:
        rows = self.database.rows(f"{CASES} WHERE {condition}", *values)
        return case_of(rows[0]) if rows else None


def _source_of(spool: str) -> Optional[Source]:
    """Return the source that a folder of the spool is named after; None where it is not ours."""
    name = spool.partition("-")[0]
    return Source(name) if name in {source.value for source in Source} else None
