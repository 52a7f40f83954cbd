"""The pool of child processes: it starts, ends and survives what kills a child."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import List

import psutil
import pytest

from appliance.config import Settings
from appliance.dicom.reader import DicomReader
from appliance.phantom.dicomise import write_series
from tests.simulated import options, volume


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> List[str]:
    """A series."""
    return [str(path) for path in write_series(tmp_path_factory.mktemp("series"), volume(), options())]


def children() -> List[psutil.Process]:
    """Processes that this one started to read DICOM."""
    return [child for child in psutil.Process().children() if "appliance.dicom.child" in " ".join(child.cmdline())]


def test_ends_whenever_it_is_asked_to(paths: List[str]) -> None:
    """Before the children have loaded their libraries, and in the middle of their work; none is left behind."""
    before = len(children())
    for _ in range(10):
        with DicomReader(Settings().decode):
            pass
    with DicomReader(Settings().decode) as reader:
        next(reader.headers(paths))
    assert len(children()) == before


def test_a_child_that_is_killed_is_started_again(paths: List[str]) -> None:
    """What it was asked is lost at most once; the rest is read."""
    with DicomReader(replace(Settings().decode, processes=1)) as reader:
        reader.wait()
        (child,) = [child for child in children() if child.ppid() == os.getpid()][-1:]
        os.kill(child.pid, signal.SIGKILL)
        images = [image for _, batch in reader.headers(paths) for image in batch]
    assert len(images) == len(paths)
