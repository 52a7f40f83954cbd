"""What a camera looks at: who began it, what the camera process says of it, and which case came of it.

The page writes wishes and, where the camera is the page's own, frames (`appliance.store.frames`); the camera process
writes all else.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from dataclasses import dataclass
from enum import Enum
from typing import List, Optional

from appliance.errors import TriageError
from appliance.guidance import Guidance
from appliance.store.cases import now
from appliance.store.database import Database

AT_ONCE = 3
"""Captures that are under way at once: each takes a core."""


class CaptureError(TriageError):
    """A capture cannot begin, since the camera is in use."""

    code = "camera_busy"

    def __init__(self) -> None:
        super().__init__("The camera is in use. Wait for the end of the other capture, or use another camera.")


class Way(str, Enum):
    """How slices come before the camera."""

    SCROLL = "scroll"
    """One after the other, while somebody scrolls."""
    TILES = "tiles"
    """Side by side."""


class Eye(str, Enum):
    """Whose camera looks."""

    OWN = "own"
    """The appliance's."""
    BROWSER = "browser"
    """That of the device on which the page is open."""


class CaptureState(str, Enum):
    """How far a capture is. The last three are final."""

    LOOKING = "looking"
    RUNNING = "running"
    """Slices were found."""
    DONE = "done"
    FAILED = "failed"
    ABANDONED = "abandoned"
    """Cancelled, or nothing came any more."""

    @property
    def final(self) -> bool:
        """Whether no more will happen."""
        return self in (CaptureState.DONE, CaptureState.FAILED, CaptureState.ABANDONED)


class Wish(str, Enum):
    """What its person wants of a capture."""

    TAKE = "take"
    FINISH = "finish"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Capture:
    """A capture, as the store keeps it.

    Attributes
    ----------
    id : str
        Random, URL-safe.
    person : int or None
        Number of the person who began it; None where nobody has to log in.
    who : str
        The same for the audit trail.
    way : Way
        How slices come before the camera.
    eye : Eye
        Whose camera looks.
    state : CaptureState
        How far it is.
    wish : Wish or None
        What its person wants and the camera process did not take up yet.
    said : Guidance or None
        The newest.
    slices : int
        Found so far.
    looked : int
        Frames looked at.
    case_id : str or None
        The case that came of it.
    error_code, error_message : str or None
        Why none did.
    """

    id: str
    person: Optional[int]
    who: str
    way: Way
    eye: Eye
    state: CaptureState
    wish: Optional[Wish]
    said: Optional[Guidance]
    slices: int
    looked: int
    case_id: Optional[str]
    error_code: Optional[str]
    error_message: Optional[str]


class Captures:
    """What pages and the camera process know of captures.

    Parameters
    ----------
    database : Database
        Holds them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, way: Way, eye: Eye, person: Optional[int], who: str) -> Capture:
        """Begin a capture; the one that the same person had under way is over.

        Raises
        ------
        CaptureError
            When another person uses the appliance's own camera, or too many are under way.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE captures SET wish = 'cancel' WHERE person IS ? AND state IN ('looking', 'running')", (person,)
            )
            query = "SELECT eye FROM captures WHERE state IN ('looking', 'running') AND wish IS NOT 'cancel'"
            under_way = [row["eye"] for row in connection.execute(query)]
            if len(under_way) >= AT_ONCE or (eye is Eye.OWN and eye.value in under_way):
                raise CaptureError
            capture_id = secrets.token_urlsafe(12)
            connection.execute(
                "INSERT INTO captures (id, began_at, person, who, way, eye) VALUES (?, ?, ?, ?, ?, ?)",
                (capture_id, now(), person, who, way.value, eye.value),
            )
            return _capture(connection.execute("SELECT * FROM captures WHERE id = ?", (capture_id,)).fetchone())

    def find(self, capture_id: str) -> Optional[Capture]:
        """Return a capture by its id."""
        rows = self._database.rows("SELECT * FROM captures WHERE id = ?", capture_id)
        return _capture(rows[0]) if rows else None

    def under_way(self) -> List[Capture]:
        """Return the captures that are not over, oldest first."""
        query = "SELECT * FROM captures WHERE state IN ('looking', 'running') ORDER BY number"
        return [_capture(row) for row in self._database.rows(query)]

    def wish(self, capture: Capture, wish: Wish) -> None:
        """Note what its person wants; a wish to cancel stays."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE captures SET wish = ? WHERE id = ? AND state IN ('looking', 'running') "
                "AND wish IS NOT 'cancel'",
                (wish.value, capture.id),
            )

    def took_up(self, capture: Capture, wish: Wish) -> None:
        """Forget a wish that was taken up; a newer one stays."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE captures SET wish = NULL WHERE id = ? AND wish = ?", (capture.id, wish.value))

    def say(self, capture: Capture, said: Guidance, slices: int, looked: int) -> None:
        """Note what the camera process sees."""
        text = json.dumps(said.to_json())
        state = CaptureState.RUNNING if slices else CaptureState.LOOKING
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE captures SET said = ?, slices = ?, looked = ?, state = ? WHERE id = ? "
                "AND state IN ('looking', 'running')",
                (text, slices, looked, state.value, capture.id),
            )

    def done(self, capture: Capture, case_id: str) -> None:
        """Note which case came of a capture."""
        self._end(capture, CaptureState.DONE, case_id)

    def fail(self, capture: Capture, code: str, message: str) -> None:
        """Note why no case came of a capture."""
        self._end(capture, CaptureState.FAILED, None, code, message)

    def abandon(self, capture: Capture) -> None:
        """Note that nobody wants a capture any more."""
        self._end(capture, CaptureState.ABANDONED)

    def camera_is(self, trouble: Optional[str]) -> None:
        """Note what is wrong with the appliance's own camera; None where nothing is."""
        with self._database.transaction() as connection:
            if trouble is None:
                connection.execute("DELETE FROM camera_trouble")
            else:
                connection.execute(
                    "INSERT INTO camera_trouble (only_one, kind, since) VALUES (1, ?, ?) "
                    "ON CONFLICT (only_one) DO UPDATE SET kind = excluded.kind",
                    (trouble, now()),
                )

    def camera_trouble(self) -> Optional[str]:
        """Return what is wrong with the appliance's own camera."""
        rows = self._database.rows("SELECT kind FROM camera_trouble")
        return str(rows[0]["kind"]) if rows else None

    def _end(
        self,
        capture: Capture,
        state: CaptureState,
        case_id: Optional[str] = None,
        error_code: Optional[str] = None,
        error_message: Optional[str] = None,
    ) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE captures SET state = ?, case_id = ?, error_code = ?, error_message = ?, ended_at = ?, "
                "wish = NULL WHERE id = ? AND state IN ('looking', 'running')",
                (state.value, case_id, error_code, error_message, now(), capture.id),
            )


def _capture(row: sqlite3.Row) -> Capture:
    return Capture(
        id=row["id"],
        person=row["person"],
        who=row["who"],
        way=Way(row["way"]),
        eye=Eye(row["eye"]),
        state=CaptureState(row["state"]),
        wish=Wish(row["wish"]) if row["wish"] else None,
        said=Guidance.from_json(json.loads(row["said"])) if row["said"] else None,
        slices=row["slices"],
        looked=row["looked"],
        case_id=row["case_id"],
        error_code=row["error_code"],
        error_message=row["error_message"],
    )
