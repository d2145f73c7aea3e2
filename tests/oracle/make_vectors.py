"""Records every activation tensor of the MLPerf Tiny int8 models, as the reference kernels compute it.

tflite-runtime 2.14.0 with BUILTIN_REF is the contract. It runs ADD in place, so a tensor that feeds
an ADD is lost by the time it can be read; those come from ai-edge-litert with BUILTIN_REF, which
agrees on everything but FULLY_CONNECTED (it rounds once). No tensor behind a FULLY_CONNECTED is
taken from it, and where both have a tensor before one they must agree or nothing is written.

    make_vectors.py dump tflite|litert DATA FILE.npz    run in the environment of that interpreter
    make_vectors.py merge WORK TARGET                   TARGET/<model>.json from both dumps

Inputs (the Rust side makes the same bytes from the words in the JSON file):
  lcg    state = seed; for each byte state = (state * 1664525 + 1013904223) mod 2^32, byte = state >> 24
  ramp   byte i = (i * step) mod 256
  file   the file's bytes
  frame  640 little-endian float32 from element `at` of the file, each floor(x / scale + 0.5) + zero_point
         in float64, clamped to int8
Bytes are int8 in two's complement.
"""

import hashlib
import io
import json
import os
import sys

import numpy as np

SPECTROGRAM = "mlperf_tiny/ad_normal_id_01_00000000_hist_librosa.bin"
LCG = [{"kind": "lcg", "seed": 1}, {"kind": "lcg", "seed": 2}]
CASES = {
    "ic_resnet8_int8": LCG + [{"kind": "ramp", "step": 7}],
    "kws_dscnn_int8": LCG + [{"kind": "file", "path": "mlperf_tiny/kws_ref_inputs_int8.bin"}],
    "vww_mobilenetv1_int8": LCG + [{"kind": "ramp", "step": 7}],
    "ad_autoencoder_int8": LCG
    + [{"kind": "frame", "path": SPECTROGRAM, "at": at} for at in (0, 12800)],
}
# Further lcg seeds of which only the last tensor is kept, where it is small.
MORE_SEEDS = range(100, 140)
MORE_UP_TO = 16
FIRST = 16
BLOCKS = 32


def make_input(case, count, scale, zero_point, data):
    kind = case["kind"]
    if kind == "lcg":
        state, out = case["seed"], bytearray()
        for _ in range(count):
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            out.append(state >> 24)
        return np.frombuffer(bytes(out), np.int8)
    if kind == "ramp":
        return np.array([i * case["step"] % 256 for i in range(count)], np.uint8).view(np.int8)
    path = os.path.join(data, case["path"])
    if kind == "file":
        return np.fromfile(path, np.int8)
    values = np.fromfile(path, "<f4")[case["at"] : case["at"] + count].astype(np.float64)
    units = np.floor(values / np.float64(scale) + 0.5) + zero_point
    return np.clip(units, -128, 127).astype(np.int8)


def interpreters(which):
    if which == "tflite":
        from tflite_runtime.interpreter import Interpreter, OpResolverType
    else:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    return lambda path: Interpreter(
        model_path=path,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
        num_threads=1,
    )


def dump(which, data, target):
    make = interpreters(which)
    arrays, about = {}, {}
    for model, cases in CASES.items():
        path = os.path.join(data, "mlperf_tiny", model + ".tflite")
        interpreter = make(path)
        interpreter.allocate_tensors()
        details = interpreter.get_input_details()[0]
        scale, zero_point = details["quantization"]
        names = {t["index"]: t["name"] for t in interpreter.get_tensor_details()}
        operators = [
            {
                "name": op["op_name"],
                "inputs": [int(i) for i in op["inputs"]],
                "output": int(op["outputs"][0]),
                "tensor": names[int(op["outputs"][0])],
            }
            for op in interpreter._get_ops_details()
        ]
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        about[model] = {"sha256": digest, "operators": operators}
        for number, case in enumerate(cases):
            count = int(np.prod(details["shape"]))
            values = make_input(case, count, scale, zero_point, data)
            interpreter.set_tensor(details["index"], values.reshape(details["shape"]))
            interpreter.invoke()
            arrays[f"{model}/{number}/input"] = values
            for index, op in enumerate(operators):
                arrays[f"{model}/{number}/{index}"] = interpreter.get_tensor(op["output"]).copy()
        last = interpreter.get_output_details()[0]
        if np.prod(last["shape"]) > MORE_UP_TO:
            continue
        for seed in MORE_SEEDS:
            count = int(np.prod(details["shape"]))
            values = make_input({"kind": "lcg", "seed": seed}, count, scale, zero_point, data)
            interpreter.set_tensor(details["index"], values.reshape(details["shape"]))
            interpreter.invoke()
            arrays[f"{model}/seed{seed}"] = interpreter.get_tensor(last["index"]).copy()
    np.savez(target, about=json.dumps(about), **arrays)


def fnv1a64(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def blocks(data):
    """The low 16 bits of the checksum of each of up to 32 equal pieces: says where two differ."""
    size = -(-len(data) // BLOCKS)
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return "".join(f"{fnv1a64(piece) & 0xFFFF:04x}" for piece in pieces)


def record(tensor):
    data = tensor.tobytes()
    return {
        "shape": [int(n) for n in tensor.shape],
        "fnv1a64": f"{fnv1a64(data):016x}",
        "blocks": blocks(data),
        "first": [int(n) for n in tensor.reshape(-1)[:FIRST]],
    }


def merge(work, target):
    tflite = np.load(os.path.join(work, "tflite.npz"))
    litert = np.load(os.path.join(work, "litert.npz"))
    about = json.loads(str(tflite["about"]))
    for model, cases in CASES.items():
        operators = about[model]["operators"]
        dense = [i for i, op in enumerate(operators) if op["name"] == "FULLY_CONNECTED"]
        first_dense = min(dense, default=len(operators))
        feeds_add = {i for op in operators if op["name"] == "ADD" for i in op["inputs"]}
        out = {
            "model": model + ".tflite",
            "sha256": about[model]["sha256"],
            "reference": "tflite-runtime 2.14.0 BUILTIN_REF; source litert: ai-edge-litert 2.3.0 BUILTIN_REF",
            "more": [
                {"seed": seed, "output": tflite[key].reshape(-1).tolist()}
                for seed in MORE_SEEDS
                if (key := f"{model}/seed{seed}") in tflite
            ],
            "cases": [],
        }
        for number, case in enumerate(cases):
            given = tflite[f"{model}/{number}/input"]
            tensors = []
            for index, op in enumerate(operators):
                key = f"{model}/{number}/{index}"
                source = "litert" if op["output"] in feeds_add else "tflite"
                if source == "litert" and index >= first_dense:
                    sys.exit(f"{key}: feeds an ADD behind a FULLY_CONNECTED: no reference has it")
                if source == "tflite" and index < first_dense and (tflite[key] != litert[key]).any():
                    sys.exit(f"{key}: the two interpreters differ before any FULLY_CONNECTED")
                value = (litert if source == "litert" else tflite)[key]
                tensors.append(
                    {"operator": index, "kind": op["name"], "tensor": op["tensor"], "source": source}
                    | record(value)
                )
            last = tflite[f"{model}/{number}/{len(operators) - 1}"]
            out["cases"].append(
                {
                    "input": case | {"fnv1a64": f"{fnv1a64(given.tobytes()):016x}"},
                    "tensors": tensors,
                    "output": [int(n) for n in last.reshape(-1)],
                }
            )
        with open(os.path.join(target, model + ".json"), "w", encoding="utf-8") as file:
            file.write(compact(out))
        print(f"oracle: {model}: {len(cases)} inputs, {len(operators)} tensors each")


def compact(value):
    """JSON with one tensor a line, so that a difference shows as the tensor's line."""
    head = {key: value[key] for key in ("model", "sha256", "reference")}
    text = io.StringIO()
    text.write(json.dumps(head)[:-1] + ', "more": [\n')
    text.write(",\n".join(json.dumps(more) for more in value["more"]))
    text.write('\n], "cases": [\n')
    for number, case in enumerate(value["cases"]):
        text.write('{"input": ' + json.dumps(case["input"]) + ', "tensors": [\n')
        text.write(",\n".join(json.dumps(tensor) for tensor in case["tensors"]))
        text.write('\n], "output": ' + json.dumps(case["output"]) + "}")
        text.write(",\n" if number + 1 < len(value["cases"]) else "\n")
    text.write("]}\n")
    return text.getvalue()


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    {"dump": dump, "merge": merge}[verb](*arguments)
