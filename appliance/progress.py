"""How far a judgement is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """A step of the work: ``scan``, ``select``, ``decode``, ``preprocess`` or ``infer``, and how far it is."""

    step: str
    done: int
    total: int
