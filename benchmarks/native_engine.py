"""How fast is the native engine? Ratios to Lava and SLAYER, side by side in one process.

python benchmarks/native_engine.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from functools import partial

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from networks import BATCH, STEPS, benchmark_network, benchmark_spikes
from timing import machine, paired, seconds

from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.native import NativeEngine
from neurodeploy.engines.slayer import SlayerEngine

PAIRS = 31
LAVA_SAMPLES = 4

FIRST_SPIKE = """
import time
start = time.perf_counter()
import numpy as np
from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
neuron = CubaNeuron(current_decay=2048, voltage_decay=410, threshold=1)
layer = Dense(weight=np.full((256, 784), 2), neuron=neuron)
session = NativeEngine(Network(input_shape=(784,), layers=(layer,))).open()
session.step(np.ones(784, np.uint8))
assert session.step(np.ones(784, np.uint8)).any()
print(time.perf_counter() - start)
"""


def main() -> None:
    """Measure and print."""
    network = benchmark_network()
    sparse, batch = benchmark_spikes(0.02), benchmark_spikes(0.1)
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
    trained = SlayerEngine(network)
    _, slayer, ratio = paired(lambda: engine.run(batch), lambda: trained.run(batch), PAIRS // 4)
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
    rows = (np.random.default_rng(2).random((5000, 784)) < 0.1).astype(np.uint8)
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
