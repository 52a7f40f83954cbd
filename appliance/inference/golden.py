"""The golden check: does an engine score the released simulated slices as the released network does?

An engine can be wrong in silence: a driver, a fused kernel or a card's arithmetic changes scores and raises no error.
So each engine scores a set of slices whose scores were released with the network, before it judges anybody: after it
was built, and whenever it is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Mapping, Sequence, Tuple
from zipfile import BadZipFile

import numpy as np

from appliance.engine import Engine
from appliance.errors import ModelError
from appliance.imaging.zones import ZONES, calibrated, pooled_score
from appliance.inference.release import GoldenReference, Release, RouteCalibration

AT_ONCE = (32, 1, 8, 70)
"""How many slices a compiled engine scores at once in its check: it may run other kernels for each number. The last is
more than its profile takes, so it is scored in parts."""


@dataclass(frozen=True)
class Limits:
    """How far an engine may differ from the float network on ONNX Runtime.

    Attributes
    ----------
    mean, largest : float
        Mean and largest difference of a slice's score (log-odds).
    verdicts : int
        Studies whose verdict may change.
    """

    mean: float
    largest: float
    verdicts: int


LIMITS: Mapping[str, Limits] = {
    "fp32": Limits(mean=0.001, largest=0.01, verdicts=0),
    "fp16": Limits(mean=0.02, largest=0.1, verdicts=0),
    "int8": Limits(mean=0.15, largest=0.5, verdicts=0),
}
"""By precision. Single precision differs by the order of its sums alone. Half precision has 11 bits, a relative error
of 0.0005 at each of some 30 layers. 8 bits are allowed more: see ``docs/jetson.md`` for what was measured."""


@dataclass(frozen=True)
class GoldenCases:
    """Simulated studies: one slice of each zone, as the network sees it, and its score.

    Attributes
    ----------
    names : tuple of str
        Of the studies, shape ``(n,)``.
    slices : numpy.ndarray
        uint8, shape ``(n, 8, size, size)``.
    scores : numpy.ndarray
        float32, shape ``(n, 8)``: of the float network on ONNX Runtime.
    """

    names: Tuple[str, ...]
    slices: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Drift:
    """How far an engine is from the golden scores.

    Attributes
    ----------
    precision : str
        Of the engine.
    slices : int
        How many were compared.
    mean, largest : float
        Mean and largest difference of a score.
    changed : tuple of str
        Studies whose verdict changes.
    """

    precision: str
    slices: int
    mean: float
    largest: float
    changed: Tuple[str, ...]

    @property
    def limits(self) -> Limits:
        """What is allowed."""
        return LIMITS[self.precision]

    @property
    def passes(self) -> bool:
        """Whether the engine may be used. NaN is within no limit."""
        limits = self.limits
        within = self.mean <= limits.mean and self.largest <= limits.largest
        return bool(within and len(self.changed) <= limits.verdicts)

    @property
    def message(self) -> str:
        """What was found, in words."""
        limits = self.limits
        changed = f", and the verdict changes on {', '.join(self.changed)}" if self.changed else ""
        return (
            f"its scores of {self.slices} golden slices differ by {self.mean:.4f} on average and {self.largest:.4f} "
            f"at most ({limits.mean} and {limits.largest} are allowed in {self.precision}){changed}"
        )

    def to_json(self) -> Dict[str, object]:
        """Return it as a document; a score that is no number is null."""
        finite = {name: value if np.isfinite(value) else None for name, value in self._numbers().items()}
        return {"precision": self.precision, "slices": self.slices, **finite, "changed": list(self.changed)}

    def _numbers(self) -> Dict[str, float]:
        return {"mean": self.mean, "largest": self.largest}


def read_golden(reference: GoldenReference) -> GoldenCases:
    """Read released golden cases.

    Raises
    ------
    ModelError
        When the file is absent or damaged, or is not that of the scores.
    """
    damaged = f"The golden cases {reference.file.name} are damaged; install the appliance again."
    try:
        with reference.file.open("rb") as file, np.load(file, allow_pickle=False) as content:
            names = tuple(str(name) for name in content["names"])
            slices = content["slices"]
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ModelError(damaged) from error
    scores = np.array(reference.scores, dtype=np.float32)
    if not names or slices.ndim != 4 or scores.shape != (len(names), ZONES) or scores.shape != slices.shape[:2]:
        raise ModelError(damaged)
    return GoldenCases(names, slices, scores)


def compare(engine: Engine, release: Release, cases: GoldenCases, at_once: Sequence[int] = AT_ONCE[:1]) -> Drift:
    """Let an engine score the golden cases, and judge them by every route that the release has.

    Parameters
    ----------
    engine : Engine
        Entered.
    release : Release
        The network it runs, and how its scores are read.
    cases : GoldenCases
        Released with it.
    at_once : sequence of int
        How many slices it is given at once, in turn; the worst counts.
    """
    count, zones, *picture = cases.slices.shape
    slices = (cases.slices.astype(np.float32) / 255).reshape(count * zones, 1, *picture)
    every = np.stack([_scores(engine, slices, number) for number in at_once]).reshape(-1, count, zones)
    difference = np.abs(every - cases.scores)
    routes = [route for route in (release.files, release.photographs) if route]
    changed = tuple(
        name
        for number, name in enumerate(cases.names)
        if any(
            _urgent(route, found) != _urgent(route, cases.scores[number])
            for route in routes
            for found in every[:, number]
        )
    )
    mean, largest = float(difference.mean(axis=(1, 2)).max()), float(difference.max())
    return Drift(engine.identity.precision, count * zones, mean, largest, changed)


def _scores(engine: Engine, slices: np.ndarray, at_once: int) -> np.ndarray:
    """Score slices so many at once; where there are fewer, they are given again, and the last scores count."""
    repeated = slices[np.arange(max(at_once, len(slices))) % len(slices)]
    parts = [engine.scores(repeated[start : start + at_once]) for start in range(0, len(repeated), at_once)]
    scores = np.concatenate(parts)
    order = np.arange(len(scores) - len(slices), len(scores))
    found = np.empty(len(slices), dtype=np.float32)
    found[order % len(slices)] = scores[order]
    return found


def _urgent(route: RouteCalibration, scores: np.ndarray) -> bool:
    pooled = pooled_score(scores, route.highest)
    return calibrated(pooled, route.study_calibration.slope, route.study_calibration.offset) >= route.operating_point
