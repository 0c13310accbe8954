"""Would a compiled extension be faster? A prototype in C, beside the native engine.

python benchmarks/extension.py

`extension.c` runs dense layers of CUBA neurons with AVX-512 intrinsics, and nothing else: all sums
of 640 neurons in registers, which go straight into the neurons; spikes as bits from layer to layer.
It is compiled by the C compiler of this machine for its processor. Same network, same input, one
thread, and the same spikes of every layer, or this fails.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from networks import BATCH, STEPS, benchmark_network, benchmark_spikes
from timing import machine, paired

from neurodeploy.engines.native import NativeEngine
from neurodeploy.engines.native.builder import STATE_SHIFT
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.units import DECAY_SCALE

ROUNDS = 31
TEN, FOUR = 640, 256
"""Neurons of a pass: a layer is padded to one of them."""


class Layer(ctypes.Structure):
    """As `extension.c` has it."""

    _fields_ = [
        ("inputs", ctypes.c_int64),
        ("outputs", ctypes.c_int64),
        ("width", ctypes.c_int64),
        ("weights", ctypes.c_void_p),
        ("current", ctypes.c_int32),
        ("voltage", ctypes.c_int32),
        ("threshold", ctypes.c_int32),
    ]


def stored_weights(layer: Dense, width: int) -> np.ndarray:
    """Half the weights, int8, as `extension.c` wants them, at an address that 64 divides."""
    outputs, inputs = layer.weight.shape
    halved = np.zeros((inputs, width), np.int64)
    halved[:, :outputs] = (layer.weight // 2).T
    pairs = halved.reshape(inputs, width // 64, 2, 32).swapaxes(2, 3).copy()
    pairs[..., 0] += 128
    room = np.zeros(pairs.size + 64, np.uint8)
    start = -room.ctypes.data % 64
    stored = room[start : start + pairs.size]
    stored[:] = pairs.ravel().astype(np.uint8)
    return stored


def compiled(folder: Path) -> ctypes.CDLL:
    """The prototype, for this processor."""
    library, source = folder / "extension.so", Path(__file__).with_suffix(".c")
    flags = ("-O3", "-march=native", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["cc", *flags, str(source), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def measure(library: ctypes.CDLL, rate_of_input: float) -> None:
    """Measure and print, for one density of the input."""
    network, batch = benchmark_network(), benchmark_spikes(rate_of_input)
    engine = NativeEngine(network, threads=1)
    layers, kept, found = (Layer * len(network.layers))(), [], []
    for place, layer in enumerate(network.layers):
        assert isinstance(layer, Dense)
        assert isinstance(layer.neuron, CubaNeuron)
        outputs, inputs = layer.weight.shape
        width = FOUR if outputs <= FOUR else -(-outputs // TEN) * TEN
        kept.append(stored_weights(layer, width))
        neuron = layer.neuron
        decays = (DECAY_SCALE - int(neuron.current_decay), DECAY_SCALE - int(neuron.voltage_decay))
        address, threshold = kept[-1].ctypes.data, int(neuron.threshold) << STATE_SHIFT
        layers[place] = Layer(inputs, outputs, width, address, *decays, threshold)
        found.append(np.empty((BATCH, outputs, STEPS), np.uint8))
    results = (ctypes.c_void_p * len(found))(*[spikes.ctypes.data for spikes in found])
    sizes = [ctypes.c_int64(size) for size in (len(found), BATCH, STEPS)]
    address_in = ctypes.c_void_p(batch.ctypes.data)

    def prototype() -> None:
        library.run(layers, *sizes, address_in, results)

    native, extension, ratio = paired(lambda: engine.run(batch), prototype, ROUNDS)
    for spikes, right in zip(found, engine.run(batch).layers, strict=True):
        assert np.array_equal(spikes, right)
    ms = 1e3 / BATCH
    print(f"{rate_of_input:.0%} input; ms a sample: native {native * ms:.4f}", end=", ")
    print(f"extension {extension * ms:.4f}, x{ratio:.2f}; spikes equal")


def main() -> None:
    """At 10 % and at 2 % input."""
    print(machine())
    flags = Path("/proc/cpuinfo")
    if not flags.exists() or "avx512bw" not in flags.read_text() or shutil.which("cc") is None:
        print("not measured: it needs Linux, a C compiler and a processor with AVX-512")
        return
    with tempfile.TemporaryDirectory() as folder:
        library = compiled(Path(folder))
        for rate in (0.1, 0.02):
            measure(library, rate)


if __name__ == "__main__":
    main()
