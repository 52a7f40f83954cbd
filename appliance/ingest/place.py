"""Where media appear: a folder whose sub-folders they are. `appliance.ingest.udev` knows the devices below them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import List, Protocol

from appliance.errors import TriageError

_NAME_LENGTH = 40


class MediaPlaceError(TriageError):
    """Media cannot be watched for, for want of a folder or of udev."""

    code = "bad_media_place"
    exit_status = 2
    passes = True  # a folder may be mounted later


@dataclass(frozen=True)
class Inserted:
    """A medium that is there.

    Attributes
    ----------
    key : str
        Of this insertion: another one, or the same medium again, has another.
    name : str
        For people; `printable`.
    root : pathlib.Path
        Its folder.
    """

    key: str
    name: str
    root: Path


class Place(Protocol):
    """Where media appear."""

    grows: bool
    """Whether a medium may still be filling when it appears, as a folder that somebody copies does."""

    def present(self) -> List[Inserted]:
        """Return the media that are there now."""

    def wait(self, seconds: float) -> None:
        """Wait until something may have changed, at most so long."""

    def release(self, medium: Inserted) -> None:
        """Unmount a medium that was read."""


class FolderPlace:
    """A folder in the place of hardware: each sub-folder is a medium, and is removed when it disappears.

    Parameters
    ----------
    folder : pathlib.Path
        To be watched. Links and hidden folders in it are no media.

    Raises
    ------
    MediaPlaceError
        When it cannot be listed.
    """

    grows = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            os.listdir(folder)
        except OSError as error:
            raise MediaPlaceError(
                f"The folder {folder} cannot be watched ({error.strerror}); name another with --folder "
                "or [media] folder."
            ) from error

    def present(self) -> List[Inserted]:
        """Return the sub-folders that are there now."""
        found = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                        identity = entry.stat(follow_symlinks=False)
                        key = f"{entry.name} {identity.st_dev} {identity.st_ino}"
                        found.append(Inserted(key, printable(entry.name), Path(entry.path)))
        except OSError:
            return found  # it is being removed
        return found

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def release(self, medium: Inserted) -> None:
        """Do nothing: a folder is not mounted."""


def is_there(place: Place, medium: Inserted) -> bool:
    """Tell whether a medium has not been taken out."""
    return any(other.key == medium.key for other in place.present())


def printable(name: str) -> str:
    """Return a foreign name as one short line: bytes that are no text and control characters become ``?``."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)
    return shown if len(shown) <= _NAME_LENGTH else shown[: _NAME_LENGTH - 1] + "…"
