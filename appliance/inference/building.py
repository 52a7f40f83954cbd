"""Building an engine for this device, checking it, and keeping it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from appliance.config import EngineSettings
from appliance.engine_state import EngineState, EngineUnusable
from appliance.inference.engine_cache import EngineCache, EngineKey
from appliance.inference.golden import AT_ONCE, Drift, compare, read_golden
from appliance.inference.gpu import PROFILE, Gpu, Say
from appliance.inference.release import GoldenReference, Release
from appliance.inference.trials import Trials

log = logging.getLogger("appliance.engine")


@dataclass(frozen=True)
class Wanted:
    """What is to be built.

    Attributes
    ----------
    key : EngineKey
        What it is built from and for.
    network : pathlib.Path
        ONNX.
    golden : GoldenReference
        What it is checked with.
    """

    key: EngineKey
    network: Path
    golden: GoldenReference


def wanted(release: Release, settings: EngineSettings, gpu: Gpu) -> Wanted:
    """Return what the settings ask for, on this device.

    Raises
    ------
    EngineUnusable
        With ``NO_NETWORK``, where the release has no network for that precision, or nothing to check it with.
    """
    precision = "fp16" if settings.precision == "auto" else settings.precision
    network = release.int8_tensorrt if precision == "int8" else release.onnx
    if network is None or release.golden is None:
        raise EngineUnusable(EngineState.NO_NETWORK, precision=precision)
    key = EngineKey(
        onnx=sha256(network.read_bytes()).hexdigest(),
        tensorrt=gpu.tensorrt,
        cuda=gpu.cuda,
        driver=gpu.driver,
        device=gpu.device,
        architecture=gpu.architecture,
        precision=precision,
        flags=gpu.flags(precision),
        profile="/".join(map(str, PROFILE)),
    )
    return Wanted(key, network, release.golden)


def build_engine(
    release: Release, settings: EngineSettings, folder: Path, gpu: Gpu, say: Say, again: bool = False
) -> Drift:
    """Build the engine that the settings ask for, unless it is there, and check it.

    One that was refused, or that failed, is built anew only when that is asked for: the same would come of it.

    Parameters
    ----------
    release : Release
        The network.
    settings : EngineSettings
        The precision.
    folder : pathlib.Path
        Where engines are kept.
    gpu : Gpu
        The device.
    say : callable
        Told what is being done.
    again : bool
        Whether to build it even if one is there.

    Returns
    -------
    Drift
        What the golden check found; where it does not pass, the engine is kept and not used.

    Raises
    ------
    BuildingError
        When another process builds.
    CannotBuildError
        When TensorRT cannot.
    EngineUnusable
        When the release has no network for it, or the engine does not run, or was refused or failed before.
    DiskFullError, DiskReadOnlyError
        When it cannot be kept.
    """
    asked = wanted(release, settings, gpu)
    key, cache, trials = asked.key, EngineCache(folder), Trials(folder)
    cases = read_golden(asked.golden)
    with cache.building():
        kept = cache.look(key)
        if kept.state is EngineState.REFUSED and not again:
            raise EngineUnusable(EngineState.REFUSED, detail=kept.detail)
        if kept.engine is not None and not again:
            trials.check(key)
            engine = kept.engine
            log.info("the engine in %s is up to date", key.precision)
        else:
            log.info("an engine in %s is built: %s", key.precision, _reason(kept.state, kept.detail, again))
            began = time.monotonic()
            built = gpu.build(asked.network.read_bytes(), release.size, key.precision, cache.timings(), say)
            engine, seconds = built.engine, round(time.monotonic() - began, 1)
            cache.keep(key, engine, {"seconds": seconds})
            cache.keep_timings(built.timings)
            trials.forget()
            log.info("built in %.0f s, %.1f MB", seconds, len(engine) / 1e6)
        with trials.trying(key), gpu.engine(engine, release.size, key.precision) as runs:
            drift = compare(runs, release, cases, AT_ONCE)
        cache.judge(key.precision, drift.to_json(), None if drift.passes else drift.message)
    return drift


def _reason(state: EngineState, detail: str, again: bool) -> str:
    """Say why one is built although there may be one."""
    words = {
        EngineState.ABSENT: "there is none",
        EngineState.STALE: "the one there was built for something else",
        EngineState.DAMAGED: "the one there is damaged",
        EngineState.REFUSED: "the one there was refused",
    }
    reason = "it was asked for" if again and state is EngineState.SERVES else words[state]
    return f"{reason} ({detail})" if detail else reason
