"""Errors that a user can cause, each with a code and a sentence that says what to do.

Everything else that goes wrong is a bug and keeps its own exception type.
"""

from __future__ import annotations


class TriageError(Exception):
    """An error a user can cause and mend.

    Parameters
    ----------
    message : str
        One sentence for the page and the terminal: what is wrong and what to do.

    Attributes
    ----------
    code : str
        Stable name of the kind of error, for programs and translations.
    exit_status : int
        Exit status of the command line: 2 for wrong usage, 4 for no DICOM object at all, 1 otherwise.
    passes : bool
        Whether it may pass by itself, so that a part of the appliance that cannot start is started again.
    """

    code = "error"
    exit_status = 1
    passes = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NoDicomError(TriageError):
    """Nothing under the given path is a DICOM object."""

    code = "no_dicom"
    exit_status = 4


class UnreadablePathError(TriageError):
    """A path is absent or may not be read."""

    code = "unreadable_path"
    exit_status = 2


class ArchiveError(TriageError):
    """A zip archive is damaged, encrypted, or larger than the limits allow."""

    code = "bad_archive"
    exit_status = 2


class UnknownStudyError(TriageError):
    """The study that was asked for is not among those found."""

    code = "unknown_study"
    exit_status = 2


class NoPictureError(TriageError):
    """A folder holds no PNG or JPEG picture."""

    code = "no_picture"
    exit_status = 4


class ConfigError(TriageError):
    """A setting is unknown or has a value of the wrong kind."""

    code = "bad_config"
    exit_status = 2


class ModelError(TriageError):
    """The released network is absent, torn, or not the one its manifest names."""

    code = "bad_model"


class FolderNotEmptyError(TriageError):
    """A command that writes a new folder was given one that already holds something."""

    code = "folder_not_empty"
    exit_status = 2


class DiskFullError(TriageError):
    """The appliance's disk has no room, or less than it keeps free."""

    code = "disk_full"
    passes = True

    def __init__(self) -> None:
        super().__init__("The appliance's disk is full; remove old cases with `triage cases purge`, then send again.")


class DiskReadOnlyError(TriageError):
    """The appliance's disk, or a folder of its store, cannot be written."""

    code = "disk_read_only"
    passes = True

    def __init__(self) -> None:
        super().__init__("The appliance's disk cannot be written; it may be failing. Check it, then send again.")


class UploadError(TriageError):
    """An upload is empty, too large, or has names that cannot be kept."""

    code = "bad_upload"
