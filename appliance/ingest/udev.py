"""Discs and sticks of this machine, through udev. pyudev (LGPL-2.1 or later) is asked for only here.

``systemd/99-triage-media.rules`` has systemd mount each of them below one folder, read-only. This module learns of the
devices, finds their mounts, and has them unmounted by leaving a file: it needs no privilege itself.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

from appliance.errors import TriageError
from appliance.ingest.place import Inserted, MediaPlaceError, printable

_CONTROL = Path("/run/udev/control")
_MOUNTS = Path("/proc/self/mountinfo")
_RELEASED = "-read"
"""Ends the name of the folder beside the mount points in which a file says that its medium was read."""
_UNMOUNT_S = 10.0
_PERIOD_S = 0.1


class NotUnmountedError(TriageError):
    """A medium was read and is still mounted."""

    code = "not_unmounted"


class UdevPlace:
    """The block devices that are mounted below a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Holds the mount points, each with the name of its device, such as ``sr0``.

    Raises
    ------
    MediaPlaceError
        When pyudev is not installed, or udev does not run here.
    """

    grows = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            import pyudev

            self._context: Any = pyudev.Context()
        except ImportError as error:
            raise MediaPlaceError(
                f"Discs and sticks need pyudev 0.24 or newer, and libudev ({error}). Install them with "
                "`pip install 'pyudev>=0.24'`, or watch a folder with `triage watch-media --folder DIR`."
            ) from error
        if not _CONTROL.exists():
            raise MediaPlaceError(
                "udev does not run on this machine; watch a folder with `triage watch-media --folder DIR`."
            )
        self._released: Dict[str, Inserted] = {}
        self._monitor: Any = pyudev.Monitor.from_netlink(self._context)
        self._monitor.filter_by("block")
        self._monitor.start()

    def present(self) -> List[Inserted]:
        """Return the devices that are mounted below the folder, and those that were until they were read."""
        mounted = self._mounted()
        found: Dict[str, Inserted] = {}
        for device in self._context.list_devices(subsystem="block"):
            number = f"{os.major(device.device_number)}:{os.minor(device.device_number)}"
            if number in mounted:
                mount, root = mounted[number]
                # the number of a mount is new whenever something is mounted
                found[number] = Inserted(f"{number} {mount}", printable(device.sys_name), root)
            elif number in self._released and device.get("ID_FS_USAGE") == "filesystem":
                found[number] = self._released[number]  # unmounted, and not yet taken out
        self._released = {number: medium for number, medium in self._released.items() if found.get(number) == medium}
        return list(found.values())

    def wait(self, seconds: float) -> None:
        """Wait for the next event of a block device. Its mount comes a moment later, so this returns early at most."""
        self._monitor.poll(timeout=seconds)

    def release(self, medium: Inserted) -> None:
        """Have a medium unmounted, and wait for it.

        Raises
        ------
        NotUnmountedError
            When it is still mounted after some seconds.
        """
        number, mount = medium.key.split(" ")
        self._released[number] = medium
        try:
            (self._folder.with_name(self._folder.name + _RELEASED) / medium.root.name).touch()
        except OSError as error:
            raise NotUnmountedError("The medium was read, and cannot be unmounted; remove it carefully.") from error
        deadline = time.monotonic() + _UNMOUNT_S
        while self._mounted().get(number, ("", medium.root))[0] == mount:
            if time.monotonic() > deadline:
                raise NotUnmountedError("The medium was read but is still in use; wait before it is removed.")
            time.sleep(_PERIOD_S)

    def _mounted(self) -> Dict[str, Tuple[str, Path]]:
        return mounts_below(self._folder, _MOUNTS.read_text("utf-8", "surrogateescape"))


def mounts_below(folder: Path, mountinfo: str) -> Dict[str, Tuple[str, Path]]:
    """Find what is mounted directly below a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Holds the mount points.
    mountinfo : str
        Content of ``/proc/self/mountinfo``, see proc(5).

    Returns
    -------
    dict
        Number of the mount and mount point, by the device's ``major:minor``.
    """
    found = {}
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if len(fields) > 4:
            point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal.group(1), 8)), fields[4]))
            if point.parent == folder:
                found[fields[2]] = (fields[0], point)
    return found
