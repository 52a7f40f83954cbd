"""A folder in the place of a drive, and what is watched in it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import List, Optional

from appliance.config import MediaSettings, Settings, StoreSettings
from appliance.ingest.place import FolderPlace, Inserted
from appliance.ingest.watcher import Watcher
from appliance.store import Case, MediumRow, Store
from tests.running import disc_files


class Forever:
    """Never asks to stop, and installs no signal handler."""

    set = False


class Drive(FolderPlace):
    """The real folder, whose media are whole when they appear: a test does not wait for them to stop growing."""

    grows = False

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        super().__init__(folder)
        self.folder = folder
        self.released: List[str] = []

    def release(self, medium: Inserted) -> None:
        self.released.append(medium.name)


class Bench:
    """A store, a drive, and a watcher that looks when it is told to."""

    def __init__(self, folder: Path, **limits: int) -> None:
        settings = Settings(store=StoreSettings(folder / "store"))
        self.settings = Settings(
            store=settings.store,
            media=MediaSettings("folder", folder / "drive"),
            ingest=type(settings.ingest)(**limits),
        )
        self.drive = Drive(folder / "drive")
        self.store = Store(self.settings.store.folder)
        self.watcher = Watcher(self.store, self.settings, self.drive, Forever())  # type: ignore[arg-type]

    def insert(self, name: str, files: Optional[List[bytes]] = None) -> Path:
        """Make a medium appear whole, as a mount does."""
        made = self.drive.folder.parent / f"making-{time.monotonic_ns()}"
        (made / "DICOM").mkdir(parents=True)
        for number, content in enumerate(disc_files() if files is None else files):
            (made / "DICOM" / f"IM{number:04d}").write_bytes(content)
        os.rename(made, self.drive.folder / name)
        return self.drive.folder / name

    def look(self) -> MediumRow:
        """Let the watcher look once and return the newest medium that a page shows."""
        self.watcher.look()
        return self.store.media.shown()[0]

    def case(self, row: MediumRow) -> Case:
        assert row.case_id is not None
        case = self.store.case(row.case_id)
        assert case is not None
        return case

    def spooled(self) -> int:
        """How many files lie in the spool."""
        return sum(path.is_file() for path in self.store.spool.rglob("*"))
