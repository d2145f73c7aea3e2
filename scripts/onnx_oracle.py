"""What onnxruntime answers to the quantised forms of MNIST-8, as codes of their last tensor.

    python3 scripts/onnx_oracle.py DATA OUT.json

DATA is the folder of models and data sets; the first IMAGES of its MNIST images are asked.
"""

import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime

IMAGES = 100
MODELS = ["mnist8_qdq_pc", "mnist8_qop_pc"]


def images(data):
    raw = (data / "mnist/t10k-images-first1000-idx3-ubyte").read_bytes()[16:]
    return numpy.frombuffer(raw, numpy.uint8).reshape(-1, 1, 1, 28, 28)[:IMAGES].astype(numpy.float32)


def code(model):
    """Scale and zero point of the model's output: those of the operator that makes it."""
    constants = {array.name: onnx.numpy_helper.to_array(array) for array in model.graph.initializer}
    last = next(node for node in model.graph.node if model.graph.output[0].name in node.output)
    assert last.op_type == "DequantizeLinear", last.op_type
    return float(constants[last.input[1]]), int(constants[last.input[2]])


def answers(path, inputs):
    model = onnx.load(path)
    options = onnxruntime.SessionOptions()
    # As the file says it: no operators joined, none replaced.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    scale, zero_point = code(model)
    rows = [session.run(None, {name: image})[0].reshape(-1) for image in inputs]
    codes = [[round(float(value) / scale) + zero_point for value in row] for row in rows]
    return {"scale": scale, "zero_point": zero_point, "codes": codes}


def main():
    data, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    inputs = images(data)
    recorded = {name: answers(data / f"onnx/{name}.onnx", inputs) for name in MODELS}
    out.write_text(json.dumps({"onnxruntime": onnxruntime.__version__, **recorded}, separators=(",", ":")) + "\n")


main()
