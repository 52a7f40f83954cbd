"""The trained network in 8-bit integers, for processors.

Static quantisation in the QDQ form of ONNX Runtime (its manual, "Quantize ONNX models"; Jacob et al. 2018,
doi:10.1109/CVPR.2018.00286): activations unsigned, weights signed, one scale for each output channel, int32 biases.
ONNX Runtime runs that form on the integer units of x64 (VNNI) and arm64 (dot product). TensorRT does not parse it;
`training.quantise_tensorrt` writes it in the form that it reads.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.documents import TrainingError
from training.metrics import area_under_curve

MAX_INT8_MB = 3.5
"""Largest file, in millions of bytes."""

MAX_AUC_LOSS = 0.005
"""Largest fall of the area under the curve of slices."""

MAX_SHIFT = 0.1
"""Largest mean difference of the log-odds. The calibration and the operating points are read off the float network;
a shift, which an area under a curve does not show, would move studies across them."""

BATCH = 16

QUANTISED = ["Conv", "MaxPool"]
"""What computes in integers. The decision after the last convolution stays in float: it takes hardly any time, and in
integers it doubled the difference of the scores (0.11 for 0.06, root mean square, of the network 0.1.0)."""


def quantise(model: bytes, slices: np.ndarray) -> bytes:
    """Quantise an exported network.

    The convolutions that see the picture itself stay in float as well: with one input channel they gain nothing from
    integer units (0.47 ms a slice for 0.50 ms), and the scores come out nearer. So do those with one output, the maps
    of blood, which belong to the decision. Weights keep 7 bits, so that the 16-bit sums of x64 processors without VNNI
    do not saturate, at no measurable loss.

    Parameters
    ----------
    model : bytes
        ONNX, as `training.export.to_onnx` returns it.
    slices : numpy.ndarray
        float32, shape ``(n, 1, size, size)``: prepared slices of the training patients. They set the range of each
        activation, from its lowest to its highest value; from 500 slices on the scores no longer came nearer.

    Returns
    -------
    bytes
        ONNX of the same opset, inputs and outputs; the batch axis stays free.
    """
    with tempfile.TemporaryDirectory(prefix="quantise-") as folder:
        whole, prepared, result = (Path(folder) / name for name in ("whole.onnx", "prepared.onnx", "int8.onnx"))
        whole.write_bytes(model)
        quant_pre_process(str(whole), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(result),
            _Slices(slices),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTISED,
            nodes_to_exclude=_kept_in_float(onnx.load(prepared)),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        quantised = onnx.load(result)
    used = [item for item in quantised.opset_import if not item.domain]  # the optimiser names all it could have used
    del quantised.opset_import[:]
    quantised.opset_import.extend(used)
    onnx.checker.check_model(quantised, full_check=True)
    return quantised.SerializeToString()


def check_int8(
    float_model: bytes, int8_model: bytes, slices: np.ndarray, labels: np.ndarray, max_mb: float = MAX_INT8_MB
) -> float:
    """Check that a quantised network judges as the float one does.

    Parameters
    ----------
    float_model, int8_model : bytes
        ONNX.
    slices : numpy.ndarray
        float32, shape ``(n, 1, size, size)``: prepared slices; not of held-out patients, whose figures are taken once.
    labels : numpy.ndarray
        bool, shape ``(n,)``: whether a slice shows haemorrhage.
    max_mb : float
        Largest file, in millions of bytes.

    Returns
    -------
    float
        How much the area under the curve falls; negative where it rises.

    Raises
    ------
    TrainingError
        When the file is too large, the area falls too far, the scores shift, or all slices are of one kind.
    """
    if len(int8_model) > max_mb * 1e6:
        raise TrainingError(f"The int8 network has {len(int8_model) / 1e6:.2f} MB; {max_mb} MB may be released.")
    if labels.all() or not labels.any():
        raise TrainingError("The int8 network can only be checked on slices with and without haemorrhage.")
    expected, found = _scores(float_model, slices), _scores(int8_model, slices)
    loss = area_under_curve(expected, labels) - area_under_curve(found, labels)
    if loss > MAX_AUC_LOSS:
        raise TrainingError(
            f"Quantising costs {loss:.4f} of the area under the curve, and {MAX_AUC_LOSS} is allowed; "
            "calibrate with more slices, or release without int8."
        )
    shift = float(np.abs(found - expected).mean())
    if shift > MAX_SHIFT:
        raise TrainingError(
            f"Quantising moves the scores by {shift:.2f} on average, and {MAX_SHIFT} is allowed; "
            "calibrate with more slices, or release without int8."
        )
    return loss


class _Slices(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Hands the slices to the calibration, batch by batch."""

    def __init__(self, slices: np.ndarray) -> None:
        self._batches = _batches(slices)

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"slices": batch}


def _batches(slices: np.ndarray) -> Iterator[np.ndarray]:
    return (slices[start : start + BATCH] for start in range(0, len(slices), BATCH))


def _kept_in_float(model: onnx.ModelProto) -> list[str]:
    """Name the convolutions with one input or one output channel: the first, and the maps."""
    one_channel = {item.name for item in model.graph.initializer if len(item.dims) == 4 and 1 in item.dims[:2]}
    return [node.name for node in model.graph.node if node.op_type == "Conv" and node.input[1] in one_channel]


def _scores(model: bytes, slices: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["scores"], {"slices": batch})[0] for batch in _batches(slices)])
