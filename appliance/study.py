"""`SliceStack`, what every source delivers, and what it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np


@dataclass(frozen=True)
class SliceStack:
    """Brain-window slices of one head, in order.

    Slices run from the feet towards the top of the head. Rows run from front to back, columns from the patient's
    right to the left, as a CT is shown.

    Attributes
    ----------
    pixels : numpy.ndarray
        uint8, shape ``(n, rows, columns)``: the brain window, 0 at its lower edge and 255 at its upper edge.
    sources : tuple of str
        For each slice the SOP Instance UID at its centre, or the name of the picture it came from.
    positions_mm : numpy.ndarray or None
        float64, shape ``(n,)``, rising: the centre of each slab along the normal of the slices; None for pictures.
    thickness_mm : numpy.ndarray or None
        float64, shape ``(n,)``: how much of the normal each slab stands for; None for pictures.
    pixel_spacing_mm : float or None
        Edge of a (square) pixel; None for pictures.
    hounsfield : numpy.ndarray or None
        int16, same shape as `pixels`, Hounsfield units before windowing; None for pictures.
    photographed : bool
        Whether a camera saw them on a screen: such slices have a calibration of their own.
    """

    pixels: np.ndarray
    sources: Tuple[str, ...]
    positions_mm: Optional[np.ndarray] = None
    thickness_mm: Optional[np.ndarray] = None
    pixel_spacing_mm: Optional[float] = None
    hounsfield: Optional[np.ndarray] = None
    photographed: bool = False

    def __len__(self) -> int:
        """Return the number of slices."""
        return len(self.sources)

    @property
    def edges(self) -> np.ndarray:
        """Lower and upper edge of each slice: float64, shape ``(n, 2)``, in mm, or in slices where mm are unknown."""
        if self.positions_mm is None or self.thickness_mm is None:
            index = np.arange(len(self), dtype=np.float64)
            return np.stack([index - 0.5, index + 0.5], axis=1)
        half = self.thickness_mm / 2
        return np.stack([self.positions_mm - half, self.positions_mm + half], axis=1)

    @property
    def centres(self) -> np.ndarray:
        """Centre of each slice: float64, shape ``(n,)``, in mm, or in slices where mm are unknown."""
        return self.edges.mean(axis=1)


@dataclass(frozen=True)
class PatientIdentity:
    """Who the study says the patient is. Shown only where identity was asked for.

    Attributes
    ----------
    patient_id, name, birth_date, sex, age : str
        As in the DICOM header, names decoded; empty where the header has none.
    """

    patient_id: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""


@dataclass(frozen=True)
class SeriesSummary:
    """One series in the words of its headers.

    Attributes
    ----------
    uid, description, modality, manufacturer : str
        As in the header; empty where it has none.
    number : int or None
        Series Number.
    slices : int
        How many images it holds.
    spacing_mm : float or None
        Median distance between neighbouring slices along their normal.
    thickness_mm : float or None
        Median Slice Thickness.
    tilt_deg : float or None
        Angle between the normal of the slices and the patient's long axis.
    """

    uid: str
    number: Optional[int]
    description: str
    modality: str
    manufacturer: str
    slices: int
    spacing_mm: Optional[float] = None
    thickness_mm: Optional[float] = None
    tilt_deg: Optional[float] = None


@dataclass(frozen=True)
class StudySummary:
    """One study that could be meant, named without its patient.

    Attributes
    ----------
    uid : str
        Study Instance UID.
    date : str
        Study Date as ``YYYY-MM-DD``, empty where the header has none.
    time : str
        Study Time as ``HH:MM``, empty where the header has none.
    series : int
        How many series it has.
    """

    uid: str
    date: str
    time: str
    series: int
