"""Records what PyTorch's autograd computes for A3C networks: the vectors the golden A3C is held to.

    scripts/a3c_oracle.sh            writes sim/golden/tests/oracle/a3c.json (finds a PyTorch first)
    python3 scripts/a3c_oracle.py F  writes F; needs torch and numpy

Everything is in double precision. Parameters, statistics and observations come from a counter (`values`), which the
tests repeat, so only results are recorded: all of them for small networks, a sample for the paper's.
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as functional

SAMPLE = 24  # parameters recorded of a tensor of a large network
ALPHA, EPSILON, BETA, GAMMA = 0.99, 0.1, 0.01, 0.99


def values(stream, count):
    """SplitMix64's output for counters stream * 2^32 + 1 ..., as multiples of 2^-23 in [-1, 1)."""
    with np.errstate(over="ignore"):
        z = (np.uint64(stream << 32) + np.arange(1, count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def f32(number):
    return float(np.float32(number))


def case(name, shape, hidden, actions, steps, rate, clip):
    height, width, channels = shape
    layers, streams = [], 0
    for kind, outputs, *window in hidden + [("dense", actions + 1)]:
        if kind == "dense":
            kernel, stride, inputs = 1, 1, height * width * channels
            height = width = 1
        else:
            (kernel, stride), inputs = window, channels
            height, width = (height - kernel) // stride + 1, (width - kernel) // stride + 1
        # A power of two near 1/sqrt(products) keeps the parameters exact in single precision.
        scale = 2.0 ** np.floor(np.log2(1 / np.sqrt(inputs * kernel * kernel)))
        tensors = []
        for size in ((outputs, inputs, kernel, kernel), (outputs,)):
            streams += 1
            tensor = torch.tensor(values(streams, int(np.prod(size))).reshape(size) * scale)
            tensors.append(tensor.requires_grad_())
        layers.append({"kind": kind, "stride": stride, "tensors": tensors, "scale": scale})
        channels = outputs

    words = int(np.prod(shape))
    observations = (values(100, steps * words) + 1) / 2
    x = torch.tensor(observations.reshape(steps, *shape)).permute(0, 3, 1, 2)
    for layer in layers:
        weight, bias = layer["tensors"]
        if layer["kind"] == "dense":
            # The golden model's maps are NHWC, and a dense layer reads a map in its own order.
            x = x.permute(0, 2, 3, 1).reshape(steps, -1, 1, 1)
        x = functional.conv2d(x, weight, bias, stride=layer["stride"])
        if layer is not layers[-1]:
            x = functional.relu(x)
    outputs = x.reshape(steps, -1)
    outputs.retain_grad()

    taken = [t % actions for t in range(steps)]
    rewards = [f32(r) for r in values(101, steps)]
    bootstrap = f32(values(102, 1)[0])
    returns, following = [], bootstrap
    for reward in reversed(rewards):
        following = reward + GAMMA * following
        returns.insert(0, following)
    logits, value = outputs[:, :actions], outputs[:, actions]
    logs = functional.log_softmax(logits, dim=1)
    entropy = -(logs.exp() * logs).sum(1)
    chosen = logs[torch.arange(steps), torch.tensor(taken)]
    advantage = torch.tensor(returns) - value
    loss = -(chosen * advantage.detach() + BETA * entropy).sum() + 0.25 * (advantage**2).sum()
    loss.backward()

    # RMSProp with epsilon inside the root, which torch.optim does not have.
    gradients = [tensor.grad for layer in layers for tensor in layer["tensors"]]
    norm = float(torch.sqrt(sum((g**2).sum() for g in gradients)))
    scale = clip / norm if clip is not None and norm > clip else 1.0
    recorded = []
    for number, layer in enumerate(layers):
        for which, (kind, tensor) in enumerate(zip(("weight", "bias"), layer["tensors"])):
            stream = 2 * number + which + 1
            gradient = tensor.grad.detach().numpy().reshape(-1)
            theta = tensor.detach().numpy().reshape(-1)
            before = (values(200 + stream, len(theta)) + 1) / 2
            clipped = gradient * scale
            statistics = ALPHA * before + (1 - ALPHA) * clipped**2
            after = theta - rate * clipped / np.sqrt(statistics + EPSILON)
            every = 1 if len(theta) <= 2000 else len(theta) // SAMPLE
            recorded.append(
                {
                    "layer": number,
                    "kind": kind,
                    "stream": stream,
                    "shape": list(tensor.shape),
                    "scale": layer["scale"],
                    "largest_gradient": float(np.abs(gradient).max()),
                    "every": every,
                    "gradient": [float(v) for v in gradient[::every]],
                    "statistics": [float(v) for v in statistics[::every]],
                    "step": [float(v) for v in (after - theta)[::every]],
                }
            )
    return {
        "name": name,
        "input": list(shape),
        "hidden": [list(one) for one in hidden],
        "actions": actions,
        "rate": rate,
        "clip": clip,
        "norm": norm,
        "outputs": outputs.detach().numpy().tolist(),
        "taken": taken,
        "rewards": rewards,
        "bootstrap": bootstrap,
        "errors": outputs.grad.numpy().tolist(),
        "tensors": recorded,
    }


def main():
    cases = [
        case("dense", (1, 1, 5), [("dense", 7)], 2, 3, 0.01, None),
        case("conv", (9, 8, 2), [("conv", 5, 3, 1), ("conv", 18, 2, 2), ("dense", 17)], 3, 5, 0.01, 0.25),
        case("uneven", (11, 10, 3), [("conv", 4, 4, 3), ("dense", 9)], 4, 2, 0.01, None),
        case("paper", (84, 84, 4), [("conv", 16, 8, 4), ("conv", 32, 4, 2), ("dense", 256)], 6, 5, 0.0007, 40.0),
    ]
    text = json.dumps({"alpha": ALPHA, "epsilon": EPSILON, "beta": BETA, "gamma": GAMMA, "cases": cases})
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(text.replace('{"layer"', '\n{"layer"') + "\n")


main()
