"""How fast is the native engine? Ratios to Lava and SLAYER, side by side in one process.

python benchmarks/native_engine.py
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch

from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.native import NativeEngine
from neurodeploy.model.replay import slayer_layers
from neurodeploy.netx.network import CubaNeuron, Dense, Network

BATCH, STEPS, PAIRS = 64, 30, 31
LAVA_SAMPLES = 4

FIRST_SPIKE = """
import time
start = time.perf_counter()
import numpy as np
from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.network import CubaNeuron, Dense, Network
neuron = CubaNeuron(current_decay=2048, voltage_decay=410, threshold=1)
layer = Dense(weight=np.full((256, 784), 2), neuron=neuron)
session = NativeEngine(Network(input_shape=(784,), layers=(layer,))).open()
session.step(np.ones(784, np.uint8))
assert session.step(np.ones(784, np.uint8)).any()
print(time.perf_counter() - start)
"""


def benchmark_network(seed: int = 0) -> Network:
    """784-600-256 with random weights; at 10 % input about 10 % of its neurons spike."""
    rng = np.random.default_rng(seed)
    layers = []
    for outputs, inputs, threshold in ((600, 784, 600), (256, 600, 500)):
        weight = 2 * np.round(rng.normal(0, 12, (outputs, inputs))).astype(int)
        neuron = CubaNeuron(current_decay=2048, voltage_decay=410, threshold=threshold)
        layers.append(Dense(weight=weight, neuron=neuron))
    return Network(input_shape=(784,), layers=tuple(layers))


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(first: Callable[[], object], second: Callable[[], object], pairs: int) -> list[float]:
    """Median times of both, and of the ratio second / first, from alternating calls."""
    first(), second()
    times = [(seconds(first), seconds(second)) for _ in range(pairs)]
    return [
        statistics.median(pair[0] for pair in times),
        statistics.median(pair[1] for pair in times),
        statistics.median(pair[1] / pair[0] for pair in times),
    ]


def machine() -> str:
    """Processor, cores that we may use, and operating system."""
    models = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{models[0]}, {len(models)} cores, {platform.platform()}"


def main() -> None:
    """Measure and print."""
    network = benchmark_network()
    rng = np.random.default_rng(1)
    sparse, batch = (
        (rng.random((BATCH, 784, STEPS)) < rate).astype(np.uint8) for rate in (0.02, 0.1)
    )
    engine, single = NativeEngine(network), NativeEngine(network, threads=1)
    print(machine())
    rates = [f"{layer.mean():.3f}" for layer in engine.run(batch).layers]
    print(f"784-600-256, batch of {BATCH}, {STEPS} steps, 10 % input; rates of layers {rates}")

    native, alone, ratio = paired(lambda: engine.run(batch), lambda: single.run(batch), PAIRS)
    print(f"native: {native / BATCH * 1e3:.4f} ms a sample on {engine.threads} threads")
    print(f"native: {alone / BATCH * 1e3:.4f} ms a sample on one; x{ratio:.2f}")
    low, _, ratio = paired(lambda: engine.run(sparse), lambda: engine.run(batch), PAIRS)
    print(f"2 % input: {low / BATCH * 1e3:.4f} ms a sample; 10 % takes x{ratio:.2f}")

    torch.set_num_threads(engine.threads)
    _, slayer, ratio = paired(
        lambda: engine.run(batch), lambda: slayer_layers(network, batch), PAIRS // 4
    )
    print(f"SLAYER forward: {slayer / BATCH * 1e3:.3f} ms a sample; native is x{ratio:.0f} faster")
    with LavaEngine(network) as lava:
        few = batch[:LAVA_SAMPLES]
        _, reference, ratio = paired(lambda: engine.run(batch), lambda: lava.run(few), 3)
    ratio *= BATCH / LAVA_SAMPLES
    print(
        f"Lava, compiled: {reference / LAVA_SAMPLES * 1e3:.1f} ms a sample; "
        f"native is x{ratio:.0f} faster"
    )

    session = engine.open()
    rows = (rng.random((5000, 784)) < 0.1).astype(np.uint8)
    steps_us = np.array([seconds(partial(session.step, row)) for row in rows]) * 1e6
    print(f"step: median {np.median(steps_us):.1f} us, p99 {np.percentile(steps_us, 99):.1f} us")
    cold = [
        float(
            subprocess.run(
                [sys.executable, "-c", FIRST_SPIKE], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(3)
    ]
    print(f"cold process to first spike, kernels cached: {statistics.median(cold):.2f} s")


if __name__ == "__main__":
    main()
