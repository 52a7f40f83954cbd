"""What the worker saw of the board, for the pages and for monitoring: a file beside the database.

It is written every half minute and worth nothing a minute later, so it is neither part of the records nor synced: a
board has flash memory that wears out.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, FrozenSet, Optional

from appliance.board import Board, PowerMode, Strain
from appliance.files import disk_in_words
from appliance.store.clock import moment

OLD_S = 90.0
"""What was seen so long ago says nothing of now."""


@dataclass(frozen=True)
class Seen:
    """What was seen of the board.

    Attributes
    ----------
    board : Board
        What it said.
    strains : frozenset of Strain
        What strained it of late.
    jetson_stats : str
        Whether jetson-stats answers, or why not.
    age_s : float
        How long ago it was seen, in seconds.
    """

    board: Board
    strains: FrozenSet[Strain]
    jetson_stats: str
    age_s: float


class Boards:
    """What was seen of the board that the appliance runs on.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, board: Board, strains: FrozenSet[Strain], jetson_stats: str) -> None:
        """Keep what was seen just now.

        Raises
        ------
        DiskFullError, DiskReadOnlyError
            When it cannot be written.
        """
        now = moment()
        document = {
            "boot": now.boot,
            "uptime": now.seconds,
            "board": asdict(board),
            "strains": sorted(strain.value for strain in strains),
            "jetson_stats": jetson_stats,
        }
        temporary = self._path.with_name(f".{self._path.name}-{os.getpid()}")
        with disk_in_words():
            temporary.write_text(json.dumps(document), "utf-8")
            os.chmod(temporary, 0o600)
            os.replace(temporary, self._path)

    def seen(self) -> Optional[Seen]:
        """Return what was seen a moment ago; None where nothing was, since no worker runs or it has just begun."""
        try:
            document = json.loads(self._path.read_text("utf-8"))
            age_s = moment().age_s(document["boot"], document["uptime"])
            if age_s is None or age_s > OLD_S:
                return None
            strains = frozenset(map(Strain, document["strains"]))
            return Seen(_board(document["board"]), strains, document["jetson_stats"], age_s)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, AttributeError):
            return None  # a power cut may leave half of it, and an update another form


def _board(document: Dict[str, Any]) -> Board:
    mode = document.pop("power_mode")
    slowed = document["slowed_by_heat"]
    document["slowed_by_heat"] = None if slowed is None else tuple(slowed)
    return Board(power_mode=None if mode is None else PowerMode(**mode), **document)
