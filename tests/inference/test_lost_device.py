"""What TensorRT and CUDA do when something is wrong, with small stand-ins for both: most machines have neither."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any, Iterator, List

import pytest

from appliance.engine_state import EngineState, EngineUnusable

MODULES = ("appliance.inference.tensorrt_build", "appliance.inference.tensorrt_engine")


class CudaError(Exception):
    """As ``pycuda.driver.Error``."""


def lost(*arguments: object) -> None:
    raise CudaError("the device is lost")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A driver whose device is there until it is released."""
    tensorrt: Any = ModuleType("tensorrt")
    tensorrt.ILogger = type("ILogger", (), {})
    driver: Any = ModuleType("pycuda.driver")
    driver.Error, driver.init = CudaError, lambda: None
    driver.Context = SimpleNamespace(pop=lost)
    context = SimpleNamespace(push=lambda: None, detach=lost)
    driver.Device = lambda number: SimpleNamespace(retain_primary_context=lambda: context, name=lambda: "Board")
    package: Any = ModuleType("pycuda")
    package.driver = driver
    for name, module in (("tensorrt", tensorrt), ("pycuda", package), ("pycuda.driver", driver)):
        monkeypatch.setitem(sys.modules, name, module)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield driver
    for name in MODULES:
        sys.modules.pop(name, None)


def test_a_device_that_is_lost_while_it_is_taken_and_released(cuda: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever CUDA raises has its sentence, so that ONNX Runtime judges."""
    engine_class = import_module(MODULES[1]).TensorRtEngine
    monkeypatch.setattr(engine_class, "_load", lost)
    with pytest.raises(EngineUnusable, match="the device is lost") as caught, engine_class(b"", 8, "fp16"):
        pass
    assert caught.value.note.state is EngineState.FAILED
    monkeypatch.setattr(engine_class, "_load", lambda self: None)
    monkeypatch.setattr(engine_class, "scores", lambda self, slices: slices)
    with pytest.raises(EngineUnusable, match="the device is lost"), engine_class(b"", 8, "fp16"):
        pass


@pytest.mark.parametrize("made", ["good", None, "refused"])
def test_a_bad_timing_cache_stops_no_building(cuda: Any, made: object) -> None:
    taken: List[object] = []

    def take(cache: object, ignore_mismatch: bool) -> bool:
        assert cache is not None, "the bindings raise a TypeError"
        taken.append(cache)
        return cache != "refused"

    config = SimpleNamespace(
        create_timing_cache=lambda timings: made if timings else "empty",
        set_timing_cache=take,
    )
    import_module(MODULES[0])._take_timings(config, b"measured")
    assert taken == {"good": ["good"], None: ["empty"], "refused": ["refused", "empty"]}[made]  # type: ignore[index]
