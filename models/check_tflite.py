"""Runs a shipped model in tflite-runtime's reference kernels: the accuracy README.md states, and
the expected outputs of the samples.

Needs: pip install 'numpy<2' tflite-runtime==2.14.0
Usage: check_tflite.py DATA_DIR [--write-expected]
"""

import gzip
import pathlib
import sys

import numpy as np
from tflite_runtime.interpreter import Interpreter, OpResolverType

HERE = pathlib.Path(__file__).resolve().parent
CLASSES = 10


def interpreter(name):
    runtime = Interpreter(
        str(HERE / f"{name}.tflite"),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
        num_threads=1,
    )
    runtime.allocate_tensors()
    return runtime


def run(runtime, image):
    """Int8 logits and probabilities of one image of 784 pixels."""
    codes = (image.astype(np.int16) - 128).astype(np.int8).reshape(1, 28, 28, 1)
    runtime.set_tensor(runtime.get_input_details()[0]["index"], codes)
    runtime.invoke()
    logits = next(t for t in runtime.get_tensor_details() if t["name"].endswith("/dense"))
    output = runtime.get_output_details()[0]["index"]
    return runtime.get_tensor(logits["index"])[0].copy(), runtime.get_tensor(output)[0].copy()


def main():
    data = pathlib.Path(sys.argv[1])
    body = lambda name, skip: np.frombuffer(gzip.open(data / name).read(), np.uint8, offset=skip)
    images = body("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    labels = body("t10k-labels-idx1-ubyte.gz", 8)

    columns = [f"{kind}{i}" for kind in ("logit", "probability") for i in range(CLASSES)]
    lines = [",".join(["network", "label", *columns])]
    for name in ("fashion", "tiny"):
        runtime = interpreter(name)
        right = sum(int(run(runtime, i)[1].argmax() == l) for i, l in zip(images, labels))
        print(f"{name}: {100 * right / len(labels):.2f} % of {len(labels)}")
        for label in range(CLASSES):
            pixels = np.frombuffer((HERE / "samples" / f"{label}.pgm").read_bytes()[-784:], np.uint8)
            logits, probabilities = run(runtime, pixels)
            assert probabilities.argmax() == label, f"{name} gets sample {label} wrong"
            lines.append(",".join(map(str, [name, label, *logits, *probabilities])))

    expected = HERE / "samples" / "expected.csv"
    if "--write-expected" in sys.argv:
        expected.write_text("\n".join(lines) + "\n")
    elif expected.read_text().splitlines() != lines:
        sys.exit("samples/expected.csv differs from what tflite-runtime computes now")


main()
