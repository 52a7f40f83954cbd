"""The engine contract: slices in, one score a slice out.

An engine is a context manager that owns its accelerator from ``__enter__`` to ``__exit__`` and is warm when
``__enter__``
returns. The implementations live in `appliance.inference` and know nothing of studies, zones or verdicts.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from types import TracebackType
from typing import Optional, Type, TypeVar

import numpy as np

EngineT = TypeVar("EngineT", bound="Engine")


@dataclass(frozen=True)
class EngineIdentity:
    """What computes the scores.

    Attributes
    ----------
    backend : str
        ``onnxruntime`` or ``tensorrt``, with its version.
    device : str
        The processor or accelerator in words.
    precision : str
        ``fp32``, ``fp16`` or ``int8``.
    """

    backend: str
    device: str
    precision: str


class Engine(abc.ABC):
    """Scores slices with the released slice network."""

    @property
    @abc.abstractmethod
    def identity(self) -> EngineIdentity:
        """What computes the scores; complete once the engine has been entered."""

    @abc.abstractmethod
    def __enter__(self: EngineT) -> EngineT:
        """Acquire the device, load the network and run it once, so that the first study is not the slow one."""

    @abc.abstractmethod
    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Release the device."""

    @abc.abstractmethod
    def scores(self, slices: np.ndarray) -> np.ndarray:
        """Score each slice.

        Parameters
        ----------
        slices : numpy.ndarray
            float32, shape ``(n, 1, size, size)``, brain-window grey levels between 0 and 1; ``n`` is free.

        Returns
        -------
        numpy.ndarray
            float32, shape ``(n,)``: the uncalibrated log-odds that a slice shows haemorrhage.

        Raises
        ------
        ValueError
            When the array has another shape or type: a bug in the caller, not an input of a user.
        """
