"""The network in 8-bit integers, for TensorRT.

TensorRT (its *Developer Guide*, "Explicit Quantization") takes Q/DQ nodes whose zero point is 0: signed activations and
weights, biases in float, and weights that are quantised in the graph, which versions before 8.6 ask for. The network of
`training.quantise` has the same scales in ONNX Runtime's form: unsigned activations, 32-bit biases. So nothing is
calibrated anew; what was measured there is written in the other form.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from training.documents import TrainingError

_LARGEST = 127
"""-128 is left out, so that the range is symmetric."""


def to_tensorrt(int8_model: bytes) -> bytes:
    """Write a quantised network in the form that TensorRT reads.

    Parameters
    ----------
    int8_model : bytes
        ONNX, as `training.quantise.quantise` returns it.

    Returns
    -------
    bytes
        ONNX of the same opset, inputs and outputs. Its weights stand in float, on the grid of their 8 bits, so the
        file is as large as that of the float network, and a third of it when packed.

    Raises
    ------
    TrainingError
        When it is no such network.
    """
    model = onnx.load_from_string(int8_model)
    values = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    used: dict[str, np.ndarray] = {}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in values:
            nodes += _constant(node, values, used)
        elif node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            nodes.append(_activation(node, values, used))
        else:
            nodes.append(node)
            used.update({name: values[name] for name in node.input if name in values})
    del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in used.items())
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _activation(node: onnx.NodeProto, values: dict[str, np.ndarray], used: dict[str, np.ndarray]) -> onnx.NodeProto:
    """Make the range of an activation symmetric about 0; what follows a ReLU keeps half of the steps."""
    data, scale, zero = node.input
    if values[zero].dtype != np.uint8 or values[zero].ndim:
        raise TrainingError(f"The activation {data} is not quantised as ONNX Runtime's form has it; quantise it anew.")
    step, middle = float(values[scale]), int(values[zero])
    largest = step * max(middle, 255 - middle)
    names = [f"{scale}_symmetric", f"{zero}_symmetric"]
    used.update(zip(names, (np.float32(largest / _LARGEST), np.int8(0)), strict=True))
    return onnx.helper.make_node(node.op_type, [data, *names], list(node.output), node.name)


def _constant(node: onnx.NodeProto, values: dict[str, np.ndarray], used: dict[str, np.ndarray]) -> list[onnx.NodeProto]:
    """Turn a bias into float, and weights into float with a pair of nodes that quantises them again, exactly."""
    steps, scale, zero = (values[name] for name in node.input)
    if zero.any():
        raise TrainingError(f"{node.input[0]} has a zero point, which TensorRT does not take; quantise it anew.")
    shape = [-1] + [1] * (steps.ndim - 1)
    if steps.dtype == np.int32:
        used[node.output[0]] = (steps * scale.reshape(shape)).astype(np.float32)
        return []
    plain, quantised = f"{node.input[0]}_float", f"{node.input[0]}_in_8_bits"
    used[plain] = steps.astype(np.float32) * scale.astype(np.float32).reshape(shape)
    used.update({node.input[1]: scale, node.input[2]: zero})
    pair = [
        onnx.helper.make_node("QuantizeLinear", [plain, *node.input[1:]], [quantised], f"{node.name}_Quantize"),
        onnx.helper.make_node("DequantizeLinear", [quantised, *node.input[1:]], list(node.output), node.name),
    ]
    for made in pair:
        made.attribute.extend(node.attribute)  # the axis of the channels
    return pair
