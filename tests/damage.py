"""Damage as scratched discs, broken transfers and failing memory do it: bytes in, bytes out, seeded."""

from __future__ import annotations

import random
from typing import Callable, Dict, List

HEADER_BYTES = 1600
"""About where the pixel data of the simulated files begin."""


def _span(data: bytes, rng: random.Random, longest: int) -> tuple[int, int]:
    start = rng.randrange(len(data))
    return start, min(len(data), start + rng.randint(1, longest))


def flip_bits(data: bytes, rng: random.Random) -> bytes:
    """A few bits anywhere."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 4, 16, 64))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def flip_header(data: bytes, rng: random.Random) -> bytes:
    """Bytes of the header."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 8))):
        changed[rng.randrange(min(HEADER_BYTES, len(changed)))] = rng.randrange(256)
    return bytes(changed)


def digits(data: bytes, rng: random.Random) -> bytes:
    """A digit of a number in the header becomes another: positions, orientations, rescale, identifiers."""
    changed = bytearray(data)
    places = [i for i in range(132, min(HEADER_BYTES, len(changed))) if 48 <= changed[i] <= 57]
    for place in rng.sample(places, min(len(places), rng.choice((1, 2)))):
        changed[place] = 48 + rng.randrange(10)
    return bytes(changed)


def overwrite_random(data: bytes, rng: random.Random) -> bytes:
    """A block of noise."""
    start, stop = _span(data, rng, 16384)
    return (
        data[:start] + rng.randbytes(stop - start) + data[stop:]
        if hasattr(rng, "randbytes")
        else (data[:start] + bytes(rng.getrandbits(8) for _ in range(stop - start)) + data[stop:])
    )


def overwrite_constant(data: bytes, rng: random.Random) -> bytes:
    """A block of one value: an unread sector."""
    start, stop = _span(data, rng, 32768)
    return data[:start] + bytes([rng.choice((0, 255, rng.randrange(256)))]) * (stop - start) + data[stop:]


def truncate(data: bytes, rng: random.Random) -> bytes:
    """The end is missing."""
    return data[: rng.randrange(len(data))]


def cut_out(data: bytes, rng: random.Random) -> bytes:
    """A block is missing, so that all that follows has moved."""
    start, stop = _span(data, rng, 4096)
    return data[:start] + data[stop:]


def insert(data: bytes, rng: random.Random) -> bytes:
    """A block stands twice."""
    start, stop = _span(data, rng, 4096)
    return data[:stop] + data[start:stop] + data[stop:]


def fill_end(data: bytes, rng: random.Random) -> bytes:
    """The file was allocated, but its end never written."""
    start = rng.randrange(len(data))
    return data[:start] + bytes(len(data) - start)


KINDS: Dict[str, Callable[[bytes, random.Random], bytes]] = {
    function.__name__: function
    for function in (
        flip_bits,
        flip_header,
        digits,
        overwrite_random,
        overwrite_constant,
        truncate,
        cut_out,
        insert,
        fill_end,
    )
}


def plan(count: int, seed: int) -> List[tuple[str, int]]:
    """Kinds and seeds of ``count`` damages."""
    rng = random.Random(seed)
    return [(rng.choice(sorted(KINDS)), rng.getrandbits(32)) for _ in range(count)]
