"""Small DICOM objects, and network storage that receives them in this process."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np
from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.dsutils import split_dataset

from appliance.config import IngestSettings, ScpSettings
from appliance.ingest.intake import Intake
from appliance.ingest.scp import StorageServer
from appliance.ingest.send import Outcome, Peer, send
from appliance.phantom.transcode import transcode
from appliance.phantom.write import compress_rle, save, set_syntax, unique
from appliance.store import Case, State, Store
from tests.running import wait_for

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"
RLE = "1.2.840.10008.1.2.5"
LIMITS = IngestSettings(min_free_mb=1)
PATIENCE_S = 60.0
"""A busy machine is no defect."""


@dataclass(frozen=True)
class Receiver:
    """Network storage over a store, tended by the test."""

    store: Store
    intake: Intake
    server: StorageServer

    def complete(self) -> List[Case]:
        """The cases that are queued or further."""
        self.intake.tend()
        return [case for case in self.store.recent(100) if case.state is not State.RECEIVED]

    def case(self) -> Case:
        """Wait for the one case there is."""
        (case,) = self.cases(1)
        return case

    def cases(self, count: int) -> List[Case]:
        """Wait until there are so many cases."""

        def found() -> List[Case]:
            cases = self.complete()
            return cases if len(cases) >= count else []

        cases = wait_for(found)
        assert len(cases) == count
        return cases

    def files(self, case: Case) -> Dict[str, bytes]:
        """Encoded data sets of a case by SOP Instance UID."""
        return data_sets((self.store.spool / case.spool).iterdir())

    def send(self, path: Path, **peer: Any) -> List[Outcome]:
        """Send from here."""
        target = Peer("127.0.0.1", self.server.port, timeout_s=PATIENCE_S, **peer)
        return [outcome for _, outcome in send(path, target, LIMITS)]


@contextmanager
def receiving(folder: Path, limits: IngestSettings = LIMITS, **settings: Any) -> Iterator[Receiver]:
    """Network storage on a free port."""
    chosen = ScpSettings(**{"port": 0, "quiet_s": 0.3, "timeout_s": PATIENCE_S, **settings})
    with Store(folder) as store, Intake(store, chosen, limits) as intake, StorageServer(chosen, intake) as server:
        yield Receiver(store, intake, server)


def write_object(
    path: Path,
    study: str = "study",
    number: int = 0,
    patient_id: str = "PHANTOM-1",
    syntax: str = EXPLICIT,
    sop_class: str = CT,
    size: int = 64,
) -> Path:
    """Write an image of noise; the rest of it is what identifies it."""
    dataset = Dataset()
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = unique(study, patient_id, number)
    dataset.Modality = "CT"
    dataset.PatientName = "Phantom^Simulated"
    dataset.PatientID = patient_id
    dataset.StudyInstanceUID = unique(study)
    dataset.SeriesInstanceUID = unique(study, "series")
    dataset.InstanceNumber = number
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows = dataset.Columns = size
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12
    dataset.HighBit = 11
    dataset.PixelRepresentation = 0
    pixels = np.random.default_rng(number).integers(0, 4096, (size, size))
    dataset.PixelData = pixels.astype(">u2" if syntax == "1.2.840.10008.1.2.2" else "<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    by_gdcm = syntax.startswith("1.2.840.10008.1.2.4.")
    set_syntax(dataset, EXPLICIT if by_gdcm or syntax == RLE else syntax)
    if syntax == RLE:
        compress_rle(dataset)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(dataset, path)
    if by_gdcm:
        transcode(path, syntax)
    return path


def write_study(folder: Path, study: str = "study", numbers: Sequence[int] = range(3), **options: Any) -> Path:
    """Write several images of one study."""
    for number in numbers:
        write_object(folder / f"{study}-{number:03d}", study, number, **options)
    return folder


def data_sets(paths: Any) -> Dict[str, bytes]:
    """What comes after the file meta information of each file, by SOP Instance UID."""
    found = {}
    for path in paths:
        meta, offset = split_dataset(path)
        found[str(meta.MediaStorageSOPInstanceUID)] = path.read_bytes()[offset:]
    return found


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def store(association: Association, path: Path) -> Optional[int]:
    """Send one file and return the status; None where there was no answer."""
    if not association.is_established:  # the other side is gone already
        return None
    status: Dataset = association.send_c_store(path)
    return status.get("Status")
