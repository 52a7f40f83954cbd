"""What a simulated head and a simulated bleed are described by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional

CENTRE_MM = (0.0, -4.0)
"""Where the middle of every slice lies in x and y of the patient (LPS)."""


class BleedKind(Enum):
    """Where blood lies; each kind follows its anatomy."""

    EPIDURAL = "epidural"
    SUBDURAL = "subdural"
    SUBARACHNOID = "subarachnoid"
    INTRAPARENCHYMAL = "intraparenchymal"
    INTRAVENTRICULAR = "intraventricular"


class Side(Enum):
    """Side of the patient, as the sign of x in patient coordinates (LPS)."""

    LEFT = 1
    RIGHT = -1


@dataclass(frozen=True)
class Bleed:
    """One acute bleed.

    Attributes
    ----------
    kind : BleedKind
        Where the blood lies.
    side : Side
        Side of the patient.
    volume_ml : float
        Volume of the blood.
    hounsfield : float
        Mean of fresh clotted blood, in Hounsfield units.
    """

    kind: BleedKind
    side: Side = Side.LEFT
    volume_ml: float = 30.0
    hounsfield: float = 66.0


@dataclass(frozen=True)
class Head:
    """One simulated head, the same for the same values.

    Attributes
    ----------
    seed : int
        Draws the folds of the cortex, the shape of the skull and every other individual detail.
    scale : float
        Size of the whole head; 1 is a skull of about 145 x 185 mm.
    atrophy : float
        0 for a young brain to 1 for strong loss of volume: wide ventricles and sulci.
    contrast : bool
        Whether vessels and, mildly, tissue are enhanced by an iodinated agent.
    craniectomy : Side or None
        Side on which a piece of the vault has been taken out.
    brain : bool
        False for a dry skull filled with air, as a quality phantom is.
    """

    seed: int = 0
    scale: float = 1.0
    atrophy: float = 0.35
    contrast: bool = False
    craniectomy: Optional[Side] = None
    brain: bool = True
