"""Choose the series to judge, by declared rules, and say why each of the others was not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple

from appliance.dicom.geometry import Geometry
from appliance.dicom.rules import HEAD_RULES, RULES, judgeable_stack
from appliance.dicom.series import Series, Study, patients
from appliance.errors import UnknownStudyError
from appliance.reasons import Reason, ReasonCode
from appliance.study import StudySummary
from appliance.verdict import RejectedSeries

NOT_SHOWN = {ReasonCode.LOSSY, ReasonCode.UNSUPPORTED_SYNTAX, ReasonCode.NOT_HOUNSFIELD, ReasonCode.DAMAGED_HEADER}
"""Refusals after which a viewer would show other grey values than those of the scan, or none."""

PREFERRED_MM = 5.0
"""Thickness that the network was trained on: of two series that could be judged, the one nearer to it is taken."""


@dataclass(frozen=True)
class Candidate:
    """A series that may be judged.

    Attributes
    ----------
    series : Series
        As it was found.
    geometry : Geometry
        The images of it to judge, in order.
    """

    series: Series
    geometry: Geometry


@dataclass(frozen=True)
class Selection:
    """What can be judged of a medium.

    Attributes
    ----------
    study : Study or None
        The study, where it is clear which is meant.
    candidates : tuple of Candidate
        The series to judge first, then those to fall back on should its pixels belie its header. Empty on a refusal.
    nearest : Series or None
        On a refusal the series that came nearest to being judged.
    shown : Geometry or None
        On a refusal the images of that series, in order, where they are axial CT of a head and may be looked through.
    rejected : tuple of RejectedSeries
        Every other series with its reasons.
    refusal : tuple of Reason
        Why nothing can be judged; empty where something can.
    choices : tuple of StudySummary
        The studies that could be meant, where that is why nothing is judged.
    """

    study: Optional[Study] = None
    candidates: Tuple[Candidate, ...] = ()
    nearest: Optional[Series] = None
    shown: Optional[Geometry] = None
    rejected: Tuple[RejectedSeries, ...] = ()
    refusal: Tuple[Reason, ...] = ()
    choices: Tuple[StudySummary, ...] = ()


@dataclass(frozen=True)
class _Assessment:
    series: Series
    geometry: Optional[Geometry]
    reasons: Tuple[Reason, ...]
    passed: int = field(default=0)

    @property
    def eligible(self) -> bool:
        return not self.reasons and self.geometry is not None


def select(studies: Sequence[Study], study_uid: Optional[str] = None) -> Selection:
    """Choose what to judge.

    Parameters
    ----------
    studies : sequence of Study
        All that was found; not empty.
    study_uid : str, optional
        The study that is meant, where somebody chose.

    Returns
    -------
    Selection
        Candidates, or a refusal with its reasons. Patients are never mixed: more than one on a medium is a refusal
        until somebody chose a study.

    Raises
    ------
    UnknownStudyError
        When the chosen study was not found.
    """
    if study_uid is not None:
        studies = [study for study in studies if study.uid == study_uid]
        if not studies:
            raise UnknownStudyError(
                f"The study {study_uid} was not found here; leave out the choice to see which there are."
            )
    people = patients(studies)
    if len(people) > 1:
        reason = Reason(ReasonCode.SEVERAL_PATIENTS, {"count": len(people)})
        return Selection(refusal=(reason,), choices=tuple(study.summary() for study in studies))
    assessed = {study.uid: [assess(series) for series in study.series] for study in studies}
    judgeable = [study for study in studies if any(item.eligible for item in assessed[study.uid])]
    # a study that cannot be judged may still be the one that is meant: last year's must not answer for today's
    meant = [study for study in studies if any(item.passed >= HEAD_RULES for item in assessed[study.uid])]
    if judgeable and len(meant) > 1:
        reason = Reason(ReasonCode.SEVERAL_STUDIES, {"count": len(meant)})
        return Selection(refusal=(reason,), choices=tuple(study.summary() for study in meant))
    if not judgeable:
        return _refusal(studies, assessed)
    study = judgeable[0]
    ranked = sorted((item for item in assessed[study.uid] if item.eligible), key=_preference)
    candidates = tuple(Candidate(item.series, item.geometry) for item in ranked if item.geometry)
    rejected = tuple(
        RejectedSeries(item.series.summary(), item.reasons) for item in assessed[study.uid] if not item.eligible
    )
    return Selection(study=study, candidates=candidates, rejected=rejected)


def assess(series: Series) -> _Assessment:
    """Apply every rule to a series; the order of the reasons is that of the rules."""
    images, geometry, fault = judgeable_stack(series.images)
    reasons: List[Reason] = []
    passed = len(RULES) + 1
    for number, rule in enumerate(RULES):
        reason = rule(images)
        if reason:
            passed = min(passed, number)
            reasons.append(reason)
            if number < 3:  # no CT image at all, no pixels, a scout: what follows would be noise
                break
    else:
        if fault:
            reasons.extend(fault)
            passed = min(passed, len(RULES))
    return _Assessment(series, geometry, tuple(reasons), passed)


def _preference(item: _Assessment) -> Tuple[float, int, int, str]:
    """Nearest to the preferred thickness, then the most slices, then the lowest number: never the order of files."""
    summary = item.series.summary()
    thickness = summary.thickness_mm or summary.spacing_mm or 0.0
    number = summary.number if summary.number is not None else 1 << 31
    return (abs(thickness - PREFERRED_MM), -summary.slices, number, summary.uid)


def _refusal(studies: Sequence[Study], assessed: Dict[str, List[_Assessment]]) -> Selection:
    """Name the reasons of the series that came nearest to being judged."""
    everything = [(item, study) for study in studies for item in assessed[study.uid]]
    nearest, study = max(everything, key=lambda pair: (pair[0].passed, len(pair[0].series.images)))
    rejected = tuple(
        RejectedSeries(item.series.summary(), item.reasons)
        for item, _ in everything
        if item.series is not nearest.series
    )
    shown = may_be_shown(nearest.geometry, nearest.reasons) if nearest.passed >= HEAD_RULES else None
    return Selection(study, nearest=nearest.series, shown=shown, rejected=rejected, refusal=nearest.reasons)


def may_be_shown(geometry: Optional[Geometry], reasons: Sequence[Reason]) -> Optional[Geometry]:
    """Return the images of a refused series, None where what it was refused for forbids to show them."""
    return None if NOT_SHOWN & {reason.code for reason in reasons} else geometry


def not_needed(candidate: Candidate) -> RejectedSeries:
    """Return a candidate that was not needed as one of the rejected."""
    return RejectedSeries(candidate.series.summary(), (Reason(ReasonCode.LESS_SUITABLE),))
