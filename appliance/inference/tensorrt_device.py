"""The graphics processor of this device, and the versions of what runs on it."""

from __future__ import annotations

import pycuda.driver as cuda
import tensorrt as trt

from appliance.engine_state import EngineState, EngineUnusable
from appliance.inference.gpu import Gpu, driver_release
from appliance.inference.tensorrt_build import build, flags_in_words
from appliance.inference.tensorrt_engine import TensorRtEngine


def open_gpu() -> Gpu:
    """Look at the first device; nothing is allocated on it.

    Raises
    ------
    EngineUnusable
        With ``NO_GPU``.
    """
    try:
        cuda.init()
        device = cuda.Device(0)
        major, minor = device.compute_capability()
        supported = cuda.get_driver_version()
        version = cuda.get_version()
        name = device.name()
    except cuda.Error as error:
        raise EngineUnusable(EngineState.NO_GPU, detail=str(error)) from error
    return Gpu(
        device=name,
        architecture=f"sm_{major}{minor}",
        tensorrt=trt.__version__,
        cuda=".".join(map(str, version)),
        driver=f"{driver_release()}, CUDA {supported // 1000}.{supported % 1000 // 10}",
        flags=flags_in_words,
        build=build,
        engine=TensorRtEngine,
    )
