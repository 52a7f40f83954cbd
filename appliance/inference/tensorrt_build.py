"""From ONNX to a TensorRT engine. TensorRT 8.5 to 10 with one code path; what a version lacks is left out by name.

NVIDIA's *TensorRT Developer Guide*, "Building an Engine", "Working with Dynamic Shapes" and "Explicit Quantization".
Networks in 8 bits carry their scales themselves (Q/DQ nodes), so no calibrator is needed.
"""

from __future__ import annotations

import logging
from typing import List, Optional

import tensorrt as trt

from appliance.inference.gpu import PROFILE, Built, CannotBuildError, Say

WORKSPACE_BYTES = 1 << 30
"""What a kernel may take for itself while it works. The smallest Xavier has 8 GB for everything."""

INPUT, OUTPUT = "slices", "scores"
"""Names of the network's input and output, as `training.export.to_onnx` gives them."""

FLAGS = {"fp32": (), "fp16": ("FP16",), "int8": ("INT8", "FP16")}
"""Builder flags of each precision. In 8 bits, what the network leaves in float runs in half precision."""

NEEDED = {"fp16": "FP16"}
"""Flag without which a precision cannot be had. A version that types networks strongly has none of these flags: it
reads 8 bits off the network, and single precision as well."""

log = logging.getLogger("appliance.tensorrt")


class Log(trt.ILogger):  # type: ignore[misc]  # tensorrt has no types
    """Passes what TensorRT says on to the log, and keeps its errors for the sentence of a failure."""

    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self.errors: List[str] = []

    def log(self, severity: trt.ILogger.Severity, msg: str) -> None:
        """Take one message."""
        if severity <= trt.ILogger.Severity.ERROR:
            self.errors.append(msg)
            log.error("%s", msg)
        elif severity == trt.ILogger.Severity.WARNING:
            log.info("%s", msg)


def flags_in_words(precision: str) -> str:
    """Return the builder flags of a precision in this version, and the memory: part of an engine's key."""
    present = [name for name in FLAGS[precision] if hasattr(trt.BuilderFlag, name)]
    return " ".join([*present, "no TF32", f"workspace {WORKSPACE_BYTES >> 20} MB"])


def build(onnx: bytes, size: int, precision: str, timings: bytes, say: Say) -> Built:
    """Build an engine; it takes minutes on a device.

    Parameters
    ----------
    onnx : bytes
        The network.
    size : int
        Side of a slice in pixels.
    precision : str
        ``fp32``, ``fp16`` or ``int8``; for the last the network holds Q/DQ nodes.
    timings : bytes
        The timing cache of an earlier building, or nothing.
    say : callable
        Told what is being done.

    Raises
    ------
    CannotBuildError
        When this TensorRT has no such precision, or cannot read or build the network.
    """
    logger = Log()
    if precision in NEEDED and not hasattr(trt.BuilderFlag, NEEDED[precision]):
        raise CannotBuildError(
            f"TensorRT {trt.__version__} cannot build in {precision}; set [engine] precision to fp32 or int8."
        )
    builder = trt.Builder(logger)
    network = builder.create_network(_network_flags())
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(onnx):
        raise CannotBuildError(_unread(parser))
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    # 10 bits of mantissa in the place of 23 would be half precision by another name
    config.clear_flag(trt.BuilderFlag.TF32)
    for name in FLAGS[precision]:
        if hasattr(trt.BuilderFlag, name):
            config.set_flag(getattr(trt.BuilderFlag, name))
    profile = builder.create_optimization_profile()
    fewest, likely, most = ((count, 1, size, size) for count in PROFILE)
    profile.set_shape(INPUT, fewest, likely, most)
    config.add_optimization_profile(profile)
    _take_timings(config, timings)
    if hasattr(config, "progress_monitor") and hasattr(trt, "IProgressMonitor"):
        config.progress_monitor = _monitor(say)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        fault = _short("".join(logger.errors[-1:]))
        raise CannotBuildError(
            f"TensorRT {trt.__version__} cannot build the network in {precision} ({fault}); "
            "ONNX Runtime serves. Keep the log for whoever maintains the appliance."
        )
    kept: Optional[trt.ITimingCache] = config.get_timing_cache()
    return Built(bytes(plan), bytes(kept.serialize()) if kept is not None else b"")


def _take_timings(config: trt.IBuilderConfig, timings: bytes) -> None:
    """Give the builder what was measured before; what it does not take costs time and no more."""
    for kept in (timings, b""):
        cache = config.create_timing_cache(kept)
        if cache is not None and config.set_timing_cache(cache, ignore_mismatch=False):
            return
        log.info("the timing cache is damaged, or of another TensorRT or device; a new one is begun")


def _network_flags() -> int:
    """Ask for an explicit batch axis where a version can also do without one; later ones have nothing else."""
    flags = trt.NetworkDefinitionCreationFlag
    return 1 << int(flags.EXPLICIT_BATCH) if hasattr(flags, "EXPLICIT_BATCH") else 0


def _unread(parser: trt.OnnxParser) -> str:
    fault = parser.get_error(parser.num_errors - 1)
    # JetPack 5 tells the number of the node alone
    named = f" of kind {fault.node_operator()}" if hasattr(fault, "node_operator") else ""
    return (
        f"TensorRT {trt.__version__} cannot read node {fault.node()}{named} of the network ({_short(fault.desc())}); "
        "ONNX Runtime serves. "
        "Install a release whose network is made for this TensorRT."
    )


def _short(message: str) -> str:
    """Shorten what TensorRT says to its first lines."""
    return " ".join(message.split())[:200] or "it does not say why"


def _monitor(say: Say) -> object:
    """Pass on how far the building is, in versions that tell it."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]  # tensorrt has no types
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._steps = {}  # type: ignore[var-annotated]

        def phase_start(self, phase_name: str, parent_phase: Optional[str], num_steps: int) -> None:
            self._steps[phase_name] = num_steps
            say(phase_name)

        def step_complete(self, phase_name: str, step: int) -> bool:
            say(f"{phase_name} {step + 1}/{self._steps[phase_name]}")
            return True

        def phase_finish(self, phase_name: str) -> None:
            self._steps.pop(phase_name, None)

    return Monitor()
