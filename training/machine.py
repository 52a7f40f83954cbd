"""What a training runs on: a processor, one GPU, or several, each with a process of its own (`torchrun`)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import distributed

from training.documents import TrainingError


@dataclass(frozen=True)
class Machine:
    """What a training runs on.

    Attributes
    ----------
    device : torch.device
        ``cpu``, or the GPU of this process.
    rank, processes : int
        Which process this is, of how many; `torchrun` starts several.
    workers : int
        Processes that make samples beside each of them; 0 makes them in place.
    """

    device: torch.device
    rank: int = 0
    processes: int = 1
    workers: int = 0

    @classmethod
    @contextlib.contextmanager
    def here(cls, device: str = "auto", workers: int = 0) -> Iterator[Machine]:
        """Find out where this process runs, and join the others when `torchrun` started it.

        Raises
        ------
        TrainingError
            When a GPU is asked for and there is none.
        """
        kind = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        if kind == "cuda" and not torch.cuda.is_available():
            raise TrainingError("There is no GPU that torch can use here; name --device cpu.")
        if not distributed.is_torchelastic_launched():
            yield cls(torch.device(kind), workers=workers)
            return
        distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
        try:
            rank = distributed.get_rank()
            place = torch.device(kind, int(os.environ["LOCAL_RANK"])) if kind == "cuda" else torch.device(kind)
            yield cls(place, rank, distributed.get_world_size(), workers)
        finally:
            distributed.destroy_process_group()

    @property
    def first(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0


CPU = Machine(torch.device("cpu"))
"""This process alone, on the processor."""
