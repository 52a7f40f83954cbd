"""From a `SliceStack` to a `Verdict`: the last stretch of the road, the same for every source."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from appliance.dicom.geometry import Geometry
from appliance.engine import Engine
from appliance.imaging.brain import BrainExtent, find_brain
from appliance.imaging.brain_like import check_brain_like
from appliance.imaging.checks import check_brain, check_hounsfield, check_tissue, check_window
from appliance.imaging.damage import check_damage
from appliance.imaging.head import Head, find_heads
from appliance.imaging.single import open_picture
from appliance.imaging.tensor import to_tensor
from appliance.imaging.window import look_of, to_usual_window
from appliance.imaging.zones import ZONES, calibrated, pooled_score, representatives, zone_edges
from appliance.inference.release import Release, RouteCalibration
from appliance.reasons import Reason, ReasonCode, Refused
from appliance.study import SliceStack
from appliance.verdict import Colour, SlabScore, Timings, Verdict, Zone


@dataclass(frozen=True)
class Judgement:
    """A verdict, and the pictures that represent the 8 zones.

    Attributes
    ----------
    verdict : Verdict
        The answer.
    pictures : tuple of numpy.ndarray
        uint8, shape ``(rows, columns)``: one a zone; empty on a refusal.
    geometry : Geometry or None
        The images of the verdict's series, in order; None for pictures, and where a refusal leaves none to be shown.
    """

    verdict: Verdict
    pictures: Tuple[np.ndarray, ...] = ()
    geometry: Optional[Geometry] = None


@dataclass(frozen=True)
class Prepared:
    """A stack that passed every check.

    Attributes
    ----------
    stack : SliceStack
        All its slices.
    brain : BrainExtent
        Those that show brain.
    tensor : numpy.ndarray
        The network's input for those, float32, shape ``(n, 1, size, size)``.
    route : RouteCalibration
        How their scores are read.
    """

    stack: SliceStack
    brain: BrainExtent
    tensor: np.ndarray
    route: RouteCalibration


class Clock:
    """Takes the time of each step, in milliseconds."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._spent: Dict[str, float] = {}

    def lap(self, step: str) -> None:
        """Add the time since the last call to a step."""
        now = time.perf_counter()
        self._spent[step] = self._spent.get(step, 0.0) + (now - self._last) * 1000
        self._last = now

    def timings(self) -> Timings:
        """Return the time of each step so far, and in all."""
        return replace(Timings(), **self._spent, total=(time.perf_counter() - self._start) * 1000)


class StackJudge:
    """Judges stacks with one released network.

    Parameters
    ----------
    release : Release
        The network's parameters.
    engine : Engine
        Runs it.
    """

    def __init__(self, release: Release, engine: Engine) -> None:
        self._release = release
        self._engine = engine

    def prepare(self, stack: SliceStack) -> Prepared:
        """Find the head and the brain, check both, and make the network's input.

        Parameters
        ----------
        stack : SliceStack
            Slices of any source.

        Returns
        -------
        Prepared
            What `judge` takes.

        Raises
        ------
        Refused
            When the pixels are not a whole, undamaged, unenhanced brain.
        """
        heads = find_heads(stack)
        brain = find_brain(stack, heads)
        reasons = self._check(stack, heads, brain)
        if reasons:
            raise Refused(*reasons)
        tensor = to_tensor(stack, heads, self._release.size, brain.indices)
        return Prepared(stack, brain, tensor, self.route(stack))

    def route(self, stack: SliceStack) -> RouteCalibration:
        """Return how the scores of a stack are read.

        Raises
        ------
        Refused
            With ``photo_not_measured`` for photographs where the network has no calibration for them.
        """
        if not stack.photographed:
            return self._release.files
        if self._release.photographs is None:
            raise Refused(Reason(ReasonCode.PHOTO_NOT_MEASURED))
        return self._release.photographs

    @staticmethod
    def _check(stack: SliceStack, heads: Sequence[Head], brain: BrainExtent) -> List[Reason]:
        whole = check_brain(stack, heads, brain)
        if whole:
            return whole
        if stack.hounsfield is None:
            found = [check_window(stack, heads, brain) or check_brain_like(stack, heads, brain)]
        else:
            found = [check_hounsfield(stack), check_tissue(stack, heads, brain), check_damage(stack, heads, brain)]
        return [reason for reason in found if reason]

    def judge(self, prepared: Prepared, known: Verdict, clock: Clock) -> Judgement:
        """Score every slab of the brain, let each zone be represented by its highest, pool, calibrate, compare.

        Parameters
        ----------
        prepared : Prepared
            From `prepare`.
        known : Verdict
            What is known of the study without its pixels; the answer is filled in.
        clock : Clock
            Takes the time.

        Returns
        -------
        Judgement
            A colour, or ``refer`` where a zone holds no slice.
        """
        stack, brain, route = prepared.stack, prepared.brain, prepared.route
        scores = self._engine.scores(prepared.tensor)
        indices = np.array(brain.indices)
        edges = zone_edges(brain)
        chosen = representatives(stack.centres[indices], scores, edges)
        if min(chosen) < 0:
            empty = Reason(
                ReasonCode.INCONSISTENT_GEOMETRY, {"detail": f"no slice in zone {chosen.index(-1) + 1} of {ZONES}"}
            )
            return Judgement(replace(known, reasons=(empty,), timings=clock.timings()))
        per_slice = route.slice_calibration
        slabs = tuple(
            SlabScore(
                None if stack.positions_mm is None else float(stack.positions_mm[index]),
                stack.sources[index],
                calibrated(float(score), per_slice.slope, per_slice.offset),
            )
            for index, score in zip(indices, scores)
        )
        in_mm = stack.positions_mm is not None
        zones = tuple(Zone(edge if in_mm else None, slabs[best]) for edge, best in zip(edges, chosen))
        pooled = pooled_score(scores[chosen], route.highest)
        probability = calibrated(pooled, route.study_calibration.slope, route.study_calibration.offset)
        urgent = probability >= route.operating_point
        strongest = int(np.argmax(scores[chosen])) + 1
        finding = (
            Reason(ReasonCode.ABOVE_OPERATING_POINT, {"zone": strongest})
            if urgent
            else Reason(ReasonCode.BELOW_OPERATING_POINT)
        )
        clock.lap("infer")
        verdict = replace(
            known,
            colour=Colour.RED_BLACK if urgent else Colour.GREEN_YELLOW,
            reasons=(finding,),
            urgent_probability=probability,
            operating_point=route.operating_point,
            zones=zones,
            slabs=slabs,
            timings=clock.timings(),
        )
        return Judgement(verdict, tuple(stack.pixels[indices[best]] for best in chosen))

    def score_slice(self, stack: SliceStack) -> float:
        """Return the calibrated probability that a stack of one slice shows haemorrhage.

        Raises
        ------
        Refused
            When it shows no brain, or shows it in a window in which it cannot be judged.
        """
        picture = open_picture(stack.pixels[0])
        if picture.refusal:
            raise Refused(picture.refusal)
        # as it is, and as it would look in the network's window: a guess of the window alone may be wrong
        usual = to_usual_window(picture.pixels, [look_of(picture.pixels, picture.head)])
        shown = SliceStack(np.stack([picture.pixels, usual]), stack.sources * 2)
        scores = self._engine.scores(to_tensor(shown, [picture.head] * 2, self._release.size, range(2)))
        calibration = self._release.files.slice_calibration
        return calibrated(float(scores.mean()), calibration.slope, calibration.offset)
