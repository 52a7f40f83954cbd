"""The verdict on one study."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Dict, Optional, Tuple

from appliance import __version__
from appliance.engine import EngineIdentity
from appliance.reasons import Reason
from appliance.study import PatientIdentity, SeriesSummary, StudySummary


class Colour(str, Enum):
    """What the appliance shows. `REFER` is a third answer, never a kind of green."""

    RED_BLACK = "red_black"
    GREEN_YELLOW = "green_yellow"
    REFER = "refer"


@dataclass(frozen=True)
class RejectedSeries:
    """A series that was not judged, and why."""

    series: SeriesSummary
    reasons: Tuple[Reason, ...]


@dataclass(frozen=True)
class SlabScore:
    """The score of one slab.

    Attributes
    ----------
    position_mm : float or None
        Its true centre along the normal; None for pictures.
    source : str
        SOP Instance UID at the centre, or the picture's name.
    probability : float
        Calibrated probability that this slab shows haemorrhage.
    """

    position_mm: Optional[float]
    source: str
    probability: float


@dataclass(frozen=True)
class Zone:
    """One of the 8 equal zones of the brain, represented by its highest-scoring slab.

    Attributes
    ----------
    zone_mm : tuple of float or None
        Lower and upper edge along the normal; None for pictures.
    slab : SlabScore
        The slab that represents it.
    """

    zone_mm: Optional[Tuple[float, float]]
    slab: SlabScore


@dataclass(frozen=True)
class ModelIdentity:
    """Which released network judged: name, version and SHA-256 of its ONNX file."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Timings:
    """Milliseconds spent in each step; None for a step that was not reached."""

    scan: Optional[float] = None
    select: Optional[float] = None
    decode: Optional[float] = None
    preprocess: Optional[float] = None
    infer: Optional[float] = None
    total: Optional[float] = None


@dataclass(frozen=True)
class Verdict:
    """What the appliance says of one study, and all that is needed to check it.

    Attributes
    ----------
    colour : Colour
        The answer.
    reasons : tuple of Reason
        Why, the weightiest first.
    model : ModelIdentity
        The network that judged or would have judged.
    engine : EngineIdentity or None
        What computed the scores; None when no engine was needed.
    operating_point : float
        Probability at and above which a study is `RED_BLACK`.
    urgent_probability : float or None
        Calibrated probability of haemorrhage; None on `REFER`.
    patient : PatientIdentity or None
        Who the headers say this is; None where there is no header or no single patient.
    study : StudySummary or None
        The study that was judged.
    series : SeriesSummary or None
        The series that was judged, or that came nearest to it.
    rejected : tuple of RejectedSeries
        Every other series with its reason.
    zones, slabs : tuple
        Scores by zone (8 or none) and by slab.
    choices : tuple of StudySummary
        On ``several_patients`` and ``several_studies``: the studies that could be meant.
    timings : Timings
        How long each step took.
    """

    colour: Colour
    reasons: Tuple[Reason, ...]
    model: ModelIdentity
    operating_point: float
    engine: Optional[EngineIdentity] = None
    urgent_probability: Optional[float] = None
    patient: Optional[PatientIdentity] = None
    study: Optional[StudySummary] = None
    series: Optional[SeriesSummary] = None
    rejected: Tuple[RejectedSeries, ...] = ()
    zones: Tuple[Zone, ...] = ()
    slabs: Tuple[SlabScore, ...] = ()
    choices: Tuple[StudySummary, ...] = ()
    timings: Timings = Timings()

    def to_json(self, with_identity: bool = False) -> Dict[str, Any]:
        """Return the published form, which ``verdict.schema.json`` describes.

        Parameters
        ----------
        with_identity : bool
            Whether the patient is named.
        """
        document: Dict[str, Any] = {
            "verdict": self.colour.value,
            "urgent_probability": _rounded(self.urgent_probability, 6),
            "operating_point": _rounded(self.operating_point, 6),
            "reasons": [_reason_json(reason) for reason in self.reasons],
            "study": asdict(self.study) if self.study else None,
            "series": {
                **(asdict(self.series) if self.series else _NO_SERIES),
                "rejected": [
                    {**asdict(item.series), "reasons": [_reason_json(reason) for reason in item.reasons]}
                    for item in self.rejected
                ],
            },
            "zones": [
                {
                    "zone_mm": [_rounded(edge, 3) for edge in zone.zone_mm] if zone.zone_mm else None,
                    "position_mm": _rounded(zone.slab.position_mm, 3),
                    "sop_instance_uid": zone.slab.source,
                    "probability": _rounded(zone.slab.probability, 6),
                }
                for zone in self.zones
            ],
            "slabs": [
                {"position_mm": _rounded(slab.position_mm, 3), "probability": _rounded(slab.probability, 6)}
                for slab in self.slabs
            ],
            "choices": [asdict(choice) for choice in self.choices],
            "timings_ms": {step: _rounded(value, 1) for step, value in asdict(self.timings).items()},
            "model": asdict(self.model),
            "engine": asdict(self.engine) if self.engine else None,
            "appliance_version": __version__,
        }
        if with_identity:
            document["patient"] = asdict(self.patient) if self.patient else None
        return document


_NO_SERIES: Dict[str, Any] = asdict(SeriesSummary("", None, "", "", "", slices=0))


def _reason_json(reason: Reason) -> Dict[str, str]:
    return {"code": reason.code.value, "message": reason.message}


def _rounded(value: Optional[float], digits: int) -> Optional[float]:
    return None if value is None else round(float(value), digits)
