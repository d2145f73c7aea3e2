"""Records what SciPy's integer correlation computes for int16 layers: the vectors the golden model is held to.

    scripts/int16_oracle.sh            writes sim/golden/tests/oracle/int16.json (fetches SciPy first)
    python3 scripts/int16_oracle.py F  writes F; needs numpy and scipy

Sums are scipy.signal.correlate's (direct, int64), roundings decimal's ROUND_HALF_UP, which takes halves away from
zero. Inputs, weights and biases come from a counter (`values`), which the test repeats, so only results are recorded.
"""

import json
import sys
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import numpy as np
from scipy.signal import correlate


def values(stream, count, bits):
    """The highest `bits` bits, signed, of SplitMix64's output for counters stream * 2^32 + 1 ..."""
    with np.errstate(over="ignore"):
        z = (np.uint64(stream << 32) + np.arange(1, count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return z.astype(np.int64) >> (64 - bits)


def shifted(total, shift, low, high):
    with localcontext() as context:
        context.prec = 80
        quotient = (Decimal(int(total)) / (1 << shift)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return max(low, min(high, int(quotient)))


def dilated(kernel, dilation):
    height, width, channels = kernel.shape
    holes = np.zeros(((height - 1) * dilation[0] + 1, (width - 1) * dilation[1] + 1, channels), dtype=np.int64)
    holes[:: dilation[0], :: dilation[1]] = kernel
    return holes


def windows(case, image, kernels, fill=0):
    """Totals [rows, columns, kernels] of a [rows, columns, channels] image padded to the output wanted."""
    (rows, columns), (top, left) = case["output"], case["padding"]
    (sy, sx), (dy, dx) = case["stride"], case["dilation"]
    span = ((case["kernel"][0] - 1) * dy + 1, (case["kernel"][1] - 1) * dx + 1)
    below = max(0, (rows - 1) * sy + span[0] - top - image.shape[0])
    right = max(0, (columns - 1) * sx + span[1] - left - image.shape[1])
    padded = np.pad(image, ((top, below), (left, right), (0, 0)), constant_values=fill)
    totals = [correlate(padded, dilated(kernel, (dy, dx)), mode="valid", method="direct") for kernel in kernels]
    return np.stack([t[::sy, ::sx, 0][:rows, :columns] for t in totals], axis=2)


def layer(case):
    height, width, channels = case["input"]
    image = values(case["stream"], height * width * channels, 16).reshape(height, width, channels)
    kh, kw = case["kernel"]
    rows, columns = case["output"]
    low, high, kind = case["min"], case["max"], case["kind"]
    if kind in ("conv", "depthwise"):
        inner = channels if kind == "conv" else 1
        out = case["channels"]
        weights = values(case["stream"] + 1, out * kh * kw * inner, 16).reshape(out, kh, kw, inner)
        bias = values(case["stream"] + 2, out, case["bias_bits"])
        if kind == "conv":
            totals = windows(case, image, weights)
        else:
            each = [windows(case, image[:, :, c : c + 1], weights[c : c + 1]) for c in range(out)]
            totals = np.concatenate(each, axis=2)
        totals = totals + bias
        assert np.abs(totals).max() < 2**47
        shifts = [case["shift"] + o % 3 for o in range(out)]
        result = [[[shifted(v, s, low, high) for v, s in zip(p, shifts)] for p in row] for row in totals]
    elif kind == "average":
        ones = np.ones((1, kh, kw, 1), dtype=np.int64)
        counts = windows(case, np.ones_like(image[:, :, :1]), ones)[:, :, 0]
        sums = np.concatenate([windows(case, image[:, :, c : c + 1], ones) for c in range(channels)], axis=2)
        result = []
        for y in range(rows):
            for x in range(columns):
                count = int(counts[y, x])
                s = 14 + (count - 1).bit_length()
                weight = (Fraction(1 << s, count) + Fraction(1, 2)).__floor__()
                result.append([shifted(int(v) * weight, s, low, high) for v in sums[y, x]])
    else:
        padded = np.pad(image, ((8, 8), (8, 8), (0, 0)), constant_values=-(2**15))
        (top, left), (sy, sx) = case["padding"], case["stride"]
        view = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), axis=(0, 1)).max(axis=(3, 4))
        result = view[8 - top :: sy, 8 - left :: sx][:rows, :columns].clip(low, high)
    return np.array(result).reshape(-1).tolist()


def main():
    def case(kind, image, kernel, output, **more):
        given = {"stride": (1, 1), "dilation": (1, 1), "padding": (0, 0), "channels": image[2], "shift": 20}
        given.update({"bias_bits": 34, "min": -(2**15), "max": 2**15 - 1})
        given.update(more)
        return {"kind": kind, "input": image, "kernel": kernel, "output": output, **given}

    cases = [
        case("conv", (1, 1, 64), (1, 1), (1, 1), channels=33, shift=19, bias_bits=40),
        case("conv", (9, 7, 5), (3, 3), (9, 7), channels=6, padding=(1, 1)),
        case("conv", (12, 11, 3), (5, 4), (4, 3), channels=4, stride=(2, 3), min=0, max=20000),
        case("conv", (10, 10, 2), (3, 2), (6, 8), channels=3, dilation=(2, 2), shift=16),
        case("conv", (6, 6, 4), (3, 3), (3, 3), channels=5, stride=(2, 2), padding=(1, 1), shift=0, bias_bits=47),
        case("conv", (5, 5, 4), (3, 3), (3, 3), channels=5, shift=45, bias_bits=47),
        case("conv", (5, 5, 4), (3, 3), (3, 3), channels=5, shift=31, bias_bits=47),
        case("depthwise", (9, 8, 7), (3, 3), (9, 8), padding=(1, 1), shift=17),
        case("depthwise", (9, 9, 5), (5, 3), (3, 4), stride=(2, 2), shift=18, min=-100),
        case("average", (9, 9, 3), (3, 3), (5, 5), stride=(2, 2), padding=(1, 1)),
        case("average", (7, 7, 9), (7, 7), (1, 1)),
        case("average", (8, 8, 2), (2, 2), (4, 4), stride=(2, 2)),
        case("maximum", (9, 9, 3), (3, 3), (5, 5), stride=(2, 2), padding=(1, 1)),
        case("maximum", (6, 7, 4), (2, 3), (3, 2), stride=(2, 3), max=12000),
    ]
    for number, one in enumerate(cases):
        one["stream"] = 10 * number
        one["result"] = layer(one)
    text = json.dumps({"cases": cases})
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(text.replace('{"kind"', '\n{"kind"') + "\n")


main()
