"""Small simulated head studies, many of them and each of another patient, and what their verdicts have to be."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import List, Mapping, Optional, Tuple

import numpy as np
import pydicom

from appliance.config import Settings
from appliance.phantom.disc import DiscOptions, write_disc
from appliance.phantom.head import Bleed, BleedKind, Head
from appliance.phantom.options import PatientOptions
from appliance.pipeline import Pipeline
from appliance.scoring import Judgement

_ROWS = 64
_SLICE_MM = 12.0
"""13 slices of 64 x 64 pixels: a tenth of a second's work, and hardly less would get a colour."""

_BLEED = Bleed(BleedKind.INTRAPARENCHYMAL, volume_ml=40.0)
_HEADS: Tuple[Tuple[int, Optional[Bleed]], ...] = ((0, None), (0, _BLEED))
"""Seed and bleed. Their probabilities lie far apart, so that a verdict in the wrong place is seen.

Two are enough, for every image has its own UID and every study its own patient; a head takes seconds to be made.
"""

_UID = re.compile(rb"1\.2\.826\.0\.1\.3680043\.8\.498\.\d{12,}")
_DIGITS = 9
_NOBODY = "0" * _DIGITS


@dataclass(frozen=True)
class Base:
    """A head of which there are many studies.

    Attributes
    ----------
    files : dict of str to bytes
        Content by path on its disc: the images and the DICOMDIR.
    images : dict of str to str
        Path of each image by its SOP Instance UID.
    study_uid : str
        Study Instance UID.
    """

    files: Mapping[str, bytes]
    images: Mapping[str, str]
    study_uid: str


@dataclass(frozen=True)
class Expected:
    """What the appliance says of a head when nobody kills it."""

    verdict: str
    probability: Optional[float]
    pictures: Tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Study:
    """A study of one patient.

    Attributes
    ----------
    number : int
        Counted from 1; its patient is named after it.
    head : int
        Which of the heads it shows.
    uid : str
        Study Instance UID.
    patient_id : str
        Patient ID.
    files : dict of str to bytes
        Content by path on its disc: the images and the DICOMDIR.
    images : dict of str to bytes
        Content of each image's file by its SOP Instance UID.
    """

    number: int
    head: int
    uid: str
    patient_id: str
    files: Mapping[str, bytes]
    images: Mapping[str, bytes]

    def zipped(self) -> bytes:
        """The images as one zip archive, the same at every call."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for number, file in enumerate(self.images.values()):
                archive.writestr(zipfile.ZipInfo(f"DISC/IM{number}"), file)
        return content.getvalue()


@lru_cache(maxsize=256)
def study(number: int) -> Study:
    """Return a study; heads come in turn, so that neighbours differ."""
    head = number % len(_HEADS)
    base = _base(head)
    files = {path: _made_own(content, number) for path, content in base.files.items()}
    return Study(
        number=number,
        head=head,
        uid=_own_uid(base.study_uid, number),
        patient_id=_patient_id(number),
        files=files,
        images={_own_uid(uid, number): files[path] for uid, path in base.images.items()},
    )


def expected(folder: Path, settings: Settings) -> List[Expected]:
    """Judge each head once, in this process.

    Parameters
    ----------
    folder : pathlib.Path
        Where to put the studies meanwhile.
    settings : Settings
        Those of the worker.
    """
    found = []
    with Pipeline(settings) as pipeline:
        for head in range(len(_HEADS)):
            disc = folder / f"head-{head}"
            disc.mkdir(parents=True)
            for number, content in enumerate(study(head).images.values()):
                (disc / f"IM{number}").write_bytes(content)
            *_, last = pipeline.judge(disc)
            if not isinstance(last, Judgement) or last.verdict.urgent_probability is None:
                raise RuntimeError(f"head {head} gets no colour; the soak needs one that does")
            document = last.verdict.to_json()
            found.append(Expected(document["verdict"], document["urgent_probability"], last.pictures))
    return found


@lru_cache(maxsize=None)
def _base(head: int) -> Base:
    seed, bleed = _HEADS[head]
    options = DiscOptions(
        head=Head(seed=seed),
        bleed=bleed,
        patient=PatientOptions(name=f"Phantom^Soak{_NOBODY}", patient_id=f"SOAK-{_NOBODY}"),
        seed=1000 + head,
        rows=_ROWS,
        soft_mm=_SLICE_MM,
        bone_mm=None,
        others=False,
    )
    with TemporaryDirectory() as folder:
        disc = write_disc(Path(folder) / "disc", options)
        paths = (*disc.series["soft"], disc.dicomdir)
        files = {str(path.relative_to(disc.folder)): path.read_bytes() for path in paths}
        images = {_instance_uid(path): str(path.relative_to(disc.folder)) for path in disc.series["soft"]}
    return Base(files, images, disc.study_uid)


def _instance_uid(path: Path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)


def _made_own(content: bytes, number: int) -> bytes:
    """Give a file to another patient and study. Nothing changes its length, so that a DICOMDIR's offsets stay true."""
    content = content.replace(_NOBODY.encode(), _digits(number).encode())
    return _UID.sub(lambda uid: _own_uid(uid.group().decode(), number).encode(), content)


def _own_uid(uid: str, number: int) -> str:
    return uid[:-_DIGITS] + _digits(number)


def _patient_id(number: int) -> str:
    return f"SOAK-{_digits(number)}"


def _digits(number: int) -> str:
    return f"{number:0{_DIGITS}d}"
