"""Prometheus's text exposition format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/.

By hand, since all there is to write is counted by SQL when it is asked for; the client library keeps counters in the
memory of one process, which is what must not be relied on here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, List, Mapping, NamedTuple, Sequence, Union

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Number = Union[int, float]


class Sample(NamedTuple):
    """A value, its labels, and what stands behind the metric's name where it is one of several of a histogram."""

    value: Number
    labels: Mapping[str, str] = {}
    suffix: str = ""


@dataclass(frozen=True)
class Family:
    """The samples of one name.

    Attributes
    ----------
    name : str
        Of the metric.
    kind : str
        ``counter``, ``gauge`` or ``histogram``.
    help : str
        What it counts.
    samples : sequence of Sample
        Its values.
    """

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]


def histogram(bounds: Sequence[float], within: Sequence[int], total: float) -> Sequence[Sample]:
    """Return the samples of a histogram without labels.

    Parameters
    ----------
    bounds : sequence of float
        Upper bounds, ascending.
    within : sequence of int
        How many stayed within each bound and not within the one before; one more for those beyond the last.
    total : float
        Sum of all that was observed.
    """
    samples: List[Sample] = []
    count = 0
    for bound, more in zip([*map(str, bounds), "+Inf"], within):
        count += more
        samples.append(Sample(count, {"le": bound}, "_bucket"))
    return [*samples, Sample(total, {}, "_sum"), Sample(count, {}, "_count")]


def render(families: Iterable[Family]) -> str:
    """Write metrics as text."""
    return "".join(line + "\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {_escaped(family.help)}"
    yield f"# TYPE {family.name} {family.kind}"
    for sample in family.samples:
        pairs = ",".join(f'{name}="{_quoted(text)}"' for name, text in sample.labels.items())
        labels = f"{{{pairs}}}" if pairs else ""
        yield f"{family.name}{sample.suffix}{labels} {sample.value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")
