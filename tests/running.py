"""A worker or a whole appliance that runs while a test looks at it."""

from __future__ import annotations

import io
import time
import zipfile
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable, List, Optional, TypeVar

from appliance.phantom.disc import DEMO_BLEED, DiscOptions, write_disc
from appliance.phantom.head import Bleed
from appliance.phantom.options import PatientOptions
from appliance.store import Case, Store

Found = TypeVar("Found")

_PATIENCE_S = 120.0


def wait_for(find: Callable[[], Optional[Found]]) -> Found:
    """Ask until there is an answer."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def final(store: Store, case: Case) -> Case:
    """Wait for the end of a case."""

    def ended() -> Optional[Case]:
        found = store.case(case.id)
        return found if found and found.state.final else None

    return wait_for(ended)


@lru_cache(maxsize=None)
def disc_files(bleed: Optional[Bleed] = DEMO_BLEED, name: str = "Phantom^Simulated", seed: int = 0) -> List[bytes]:
    """Content of every file of a small simulated disc."""
    patient = PatientOptions(name=name, patient_id=f"PHANTOM-{seed}")
    with TemporaryDirectory() as folder:
        options = DiscOptions(bleed=bleed, rows=256, bone_mm=None, patient=patient, seed=seed)
        disc = write_disc(Path(folder) / "disc", options)
        return [path.read_bytes() for path in sorted(disc.folder.rglob("*")) if path.is_file()]


def zipped(files: List[bytes]) -> bytes:
    """Files as one zip archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number, file in enumerate(files):
            archive.writestr(f"DISC/IM{number}", file)
    return content.getvalue()
