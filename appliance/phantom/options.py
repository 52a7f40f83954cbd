"""Everything about a series and its patient that is not pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Sequence, Tuple

from pydicom.uid import ExplicitVRLittleEndian


@dataclass(frozen=True)
class PatientOptions:
    """Who the simulated patient is said to be.

    Attributes
    ----------
    name : str
        Person name with its component groups: ``ideographic`` and ``phonetic`` after ``=``.
    patient_id, birth_date, sex : str
        As in the header; empty is allowed.
    charset : tuple of str
        Specific Character Set, which must be able to hold the name.
    """

    name: str = "Phantom^Simulated"
    patient_id: str = "PHANTOM-0"
    birth_date: str = "19500101"
    sex: str = "O"
    charset: Tuple[str, ...] = ("ISO_IR 192",)


@dataclass(frozen=True)
class SeriesOptions:
    """Everything about a series that is not its pixels.

    Attributes
    ----------
    positions_mm : sequence of float
        For each slice the z at which it crosses the middle of the table; any order.
    thickness_mm, pixel_spacing_mm, tilt_deg : float
        Geometry of the slices; the tilt turns their normal towards the back of the head.
    seed : int
        Source of every UID that is not given.
    series_number, acquisition_number : int
        As in the header.
    series_description, study_description, kernel, body_part, protocol : str
        As in the header; an empty body part or description is written empty.
    image_type : tuple of str
        As in the header.
    patient : PatientOptions
        Who it is.
    study_uid, series_uid : str or None
        Made from the seed when None.
    study_date, study_time : str
        As in the header.
    transfer_syntax : str
        UID of any uncompressed syntax, deflated, RLE, or one that `transcode` makes; JPEG Baseline stores
        8 bits.
    rescale_intercept : int
        What is added to a stored value to give Hounsfield units.
    signed : bool
        Two's complement or unsigned pixels.
    photometric : str
        ``MONOCHROME2``, or ``MONOCHROME1``, which changes the display and not the Hounsfield units.
    padding : int or None
        Stored value that fills the outside of the reconstructed circle.
    contrast_agent : str
        Written when not empty.
    instance_numbers : bool
        Whether Instance Number is there.
    extra : mapping of str to Any
        Keywords to set last on each image; a value of None deletes the element.
    """

    positions_mm: Sequence[float]
    thickness_mm: float = 5.0
    pixel_spacing_mm: float = 240.0 / 512
    tilt_deg: float = 0.0
    seed: int = 0
    series_number: int = 2
    acquisition_number: int = 1
    series_description: str = "HEAD 5mm SOFT"
    study_description: str = "CT HEAD PLAIN"
    kernel: str = "SOFT"
    body_part: str = "HEAD"
    protocol: str = "HEAD ROUTINE"
    image_type: Tuple[str, ...] = ("ORIGINAL", "PRIMARY", "AXIAL")
    patient: PatientOptions = PatientOptions()
    study_uid: Optional[str] = None
    series_uid: Optional[str] = None
    study_date: str = "20240101"
    study_time: str = "031500"
    transfer_syntax: str = str(ExplicitVRLittleEndian)
    rescale_intercept: int = -1024
    signed: bool = False
    photometric: str = "MONOCHROME2"
    padding: Optional[int] = None
    contrast_agent: str = ""
    instance_numbers: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)
