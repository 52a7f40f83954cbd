"""On a graphics processor: scores against ONNX Runtime, and how fast it is. Run with ``pytest -m gpu -s``."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from appliance.config import EngineSettings
from appliance.engine_state import EngineState, EngineUnusable
from appliance.inference.building import build_engine
from appliance.inference.gpu import Gpu, find_gpu
from appliance.inference.release import load_release
from appliance.inference.serving import ServingEngine
from tests.inference.card_limit import FMA_A_CLOCK, slices_a_second

pytestmark = pytest.mark.gpu

RUNS = 50


@pytest.fixture(scope="module")
def gpu() -> Gpu:
    try:
        return find_gpu()
    except EngineUnusable as unusable:
        pytest.skip(unusable.message)


def card_limit(model: bytes, precision: str) -> float:
    """Slices a second that this card's arithmetic allows at its rated clock; not a number for a card not listed."""
    import pycuda.driver as cuda

    device, about = cuda.Device(0), cuda.device_attribute
    clock_hz = device.get_attribute(about.CLOCK_RATE) * 1000  # it says kHz
    multiprocessors = device.get_attribute(about.MULTIPROCESSOR_COUNT)
    capability = device.compute_capability()
    if capability not in FMA_A_CLOCK:
        return float("nan")
    return slices_a_second(model, precision, capability, multiprocessors, clock_hz)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_an_engine_is_built_passes_and_serves(
    gpu: Gpu, tmp_path: Path, precision: str, capsys: pytest.CaptureFixture[str]
) -> None:
    release, settings = load_release(), EngineSettings(precision=precision, backend="tensorrt")  # type: ignore[arg-type]
    drift = build_engine(release, settings, tmp_path, gpu, lambda text: None)
    with capsys.disabled():
        print(f"\n{gpu.device} {precision}: {drift.message}")
    assert drift.passes
    limit = card_limit(release.onnx.read_bytes(), precision)
    with ServingEngine(release, settings, tmp_path) as engine:
        assert engine.note.state is EngineState.SERVES, engine.note.message
        for count in (8, 32):
            slices = np.random.default_rng(0).random((count, 1, release.size, release.size), dtype=np.float32)
            times = []
            for _ in range(RUNS):
                begun = time.perf_counter()
                engine.scores(slices)
                times.append(time.perf_counter() - begun)
            median = float(np.median(times))
            with capsys.disabled():
                print(f"  {count} slices: median {median * 1000:.2f} ms, {count / median:.0f} slices a second")
                print(f"  {count / median / limit:.1%} of the {limit:.0f} that the card's arithmetic allows")
        many = np.random.default_rng(0).random((100, 1, release.size, release.size), dtype=np.float32)
        assert engine.scores(many)[70:72] == pytest.approx(engine.scores(many[70:72]), abs=0.05), "more than a profile"
        with pytest.raises(ValueError):
            engine.scores(many[:, :, :-1])
