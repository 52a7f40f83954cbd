"""What a training runs on: a processor, one GPU, or several, each with a process of its own (`torchrun`)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import distributed


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
        """Find out where this process runs, and join the others when `torchrun` started it."""
        kind = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        if not distributed.is_torchelastic_launched():
            yield cls(torch.device(kind), workers=workers)
            return
        distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
        try:
            rank = distributed.get_rank()
            place = torch.device(kind, rank % torch.cuda.device_count()) if kind == "cuda" else torch.device(kind)
            yield cls(place, rank, distributed.get_world_size(), workers)
        finally:
            distributed.destroy_process_group()

    @property
    def first(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0


CPU = Machine(torch.device("cpu"))
"""This process alone, on the processor."""
